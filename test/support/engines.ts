// One behavioural suite for both linger engines.
import { selectEngine, type EngineChoice } from '#lib/engine.js';
import { native } from '#lib/native.js';

const engines: readonly EngineChoice[] = native.hasLingerEngine ? ['auto', 'portable'] : ['portable'];

const titles: Record<EngineChoice, string> = { auto: 'background engine', portable: 'portable engine' };

/** describe(), once for each engine that this system has. */
export function describeEngines(title: string, suite: (this: Mocha.Suite, engine: EngineChoice) => void): void {
  for (const engine of engines) {
    describe(`${title} (${titles[engine]})`, function () {
      before(() => selectEngine(engine));
      after(() => selectEngine('auto'));
      suite.call(this, engine);
    });
  }
}
