// Thousands of sockets through random scripts, in random order and many at a time, held against a model: see
// support/random-connection.ts for what must be true. To repeat a run: SOCKET_LINGER_SEED (and, to go straight to one
// case, SOCKET_LINGER_PATH, as fast-check prints it); SOCKET_LINGER_RUNS is the number of batches for each engine.
import assert from 'node:assert/strict';
import v8 from 'node:v8';
import vm from 'node:vm';

import fc from 'fast-check';

import { selectEngine } from '#lib/engine.js';
import { native } from '#lib/native.js';

import { openSockets } from './support/hooks.js';
import { closeTracked, until } from './support/pair.js';
import { RandomConnection, seen } from './support/random-connection.js';
import { script, type Script } from './support/random-scripts.js';

const { SOCKET_LINGER_SEED, SOCKET_LINGER_RUNS, SOCKET_LINGER_PATH } = process.env;
const seed = SOCKET_LINGER_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SOCKET_LINGER_SEED);
const numRuns = Number(SOCKET_LINGER_RUNS ?? 20);
const connectionsAtATime = 100;

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

/** Whatever is thrown where nobody can catch it belongs to the batch that is running: mocha would not know its script. */
function catchUncaught(): { first: () => unknown; stop: () => void } {
  const uncaught: unknown[] = [];
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const usual = events.map((event) => process.listeners(event as 'uncaughtException'));
  const note = (error: unknown): void => void uncaught.push(error);
  for (const event of events) process.removeAllListeners(event).on(event, note);
  return {
    first: () => uncaught[0],
    stop: () => {
      events.forEach((event, index) => {
        process.removeAllListeners(event);
        for (const listener of usual[index]!) process.on(event, listener);
      });
    },
  };
}

/** fast-check shows the message alone. */
function describeError(error: unknown): string {
  return error instanceof Error ? error.stack! : String(error);
}

async function runTogether(scripts: readonly Script[]): Promise<void> {
  const before = { sockets: openSockets() ?? 0, timers: timers() };
  const uncaught = catchUncaught();
  try {
    const runs = await Promise.allSettled(scripts.map((one) => new RandomConnection(one).run()));
    await closeTracked();
    await until('every descriptor is closed', () => (openSockets() ?? 0) <= before.sockets);
    await until('no timer is left', () => timers() <= before.timers + 1); // until()'s own
    runs.forEach((run, index) => {
      if (run.status === 'rejected') throw new Error(`${describeError(run.reason)}\nin ${fc.stringify(scripts[index])}`);
    });
    const error = uncaught.first();
    if (error !== undefined) throw new Error(`uncaught: ${describeError(error)}`);
  } finally {
    uncaught.stop();
  }
}

function collectGarbage(): void {
  v8.setFlagsFromString('--expose-gc');
  (vm.runInNewContext('gc') as () => void)();
}

describe('random scripts', function () {
  this.timeout(60_000 + numRuns * 2000);

  before(() => console.log(`      SOCKET_LINGER_SEED=${seed} SOCKET_LINGER_RUNS=${numRuns}`));

  for (const engine of ['auto', 'portable'] as const) {
    describe(`with the ${engine === 'auto' ? "system's" : engine} engine`, () => {
      let connections = 0;

      before(() => {
        selectEngine(engine);
        seen.length = 0;
      });
      after(() => selectEngine('auto'));

      it('what is called delivered has arrived, and everything comes to an end', async () => {
        const batch = fc.array(script, { minLength: 1, maxLength: connectionsAtATime, size: 'max' });
        await fc.assert(
          fc.asyncProperty(batch, async (scripts) => {
            connections += scripts.length;
            await runTogether(scripts);
          }),
          {
            seed,
            numRuns,
            ...(SOCKET_LINGER_PATH === undefined ? {} : { path: SOCKET_LINGER_PATH }),
            unbiased: true,
            includeErrorInReport: true,
            // For the shrinking, mostly, where a connection that hangs takes its time.
            interruptAfterTimeLimit: 30_000 + numRuns * 1500,
            markInterruptAsFailure: true,
          },
        );
        console.log(`        ${connections * 2} sockets`);
      });

      it('nothing keeps a socket, nor a record of it', async () => {
        await until('they are collected', () => {
          collectGarbage();
          // The connections of the last batch may still be on a stack or in a cache.
          return seen.filter((near) => near.deref() !== undefined).length <= connectionsAtATime;
        });
        if (native.hasLingerEngine) assert.equal(native.readLingerStats()[0], 0);
      });
    });
  }
});
