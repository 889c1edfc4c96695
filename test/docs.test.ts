// The documentation: what it names exists, what exists is in it, and its examples run.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import * as api from 'socket-linger';

import { errorCodes } from '#lib/errors.js';
import { registry } from '#lib/options.js';

const root = new URL('../../', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8');

function runModule(source: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ['--input-type=module', '-e', source];
    execFile(process.execPath, args, { cwd: fileURLToPath(root), timeout: 15_000 }, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(stderr, { cause: error }));
    });
  });
}

describe('the documentation', () => {
  const pages = ['README.md', 'docs/SERVERS.md'];
  const examples = pages.flatMap((page) =>
    [...read(page).matchAll(/```js\n(.*?)```/gs)].map(([, source], index) => ({ title: `${page} example ${index + 1}`, source: source! })),
  );

  it('has examples', () => assert.ok(examples.length >= 2));
  for (const { title, source } of examples) {
    // A server that goes on until it is told to stop
    const stop = source.includes('SIGTERM') ? "server.once('listening', () => process.kill(process.pid, 'SIGTERM'));" : '';
    it(`${title} runs as it stands`, () => runModule(source + stop));
  }

  it('docs/ERRORS.md has a section for every code, and for no other', () => {
    const sections = [...read('docs/ERRORS.md').matchAll(/^## ([A-Z_]+)$/gm)].map(([, code]) => code);
    assert.deepEqual(sections.sort(), [...errorCodes].sort());
  });

  it('docs/API.md has a section for every function, and for no other', () => {
    const sections = [...read('docs/API.md').matchAll(/^### (.+)$/gm)].flatMap(([, title]) =>
      [...title!.matchAll(/(\w+)\(/g)].map(([, name]) => name),
    );
    const functions = Object.entries(api).filter(([, value]) => typeof value === 'function').map(([name]) => name);
    assert.deepEqual(sections.sort(), functions.sort());
  });

  for (const [page, script, source] of [
    ['docs/API.md', 'tcp-info-table', 'lib/tcp-info-fields.ts'],
    ['docs/CAUSES.md', 'causes-table', 'lib/error-table.ts'],
    ['docs/PLATFORMS.md', 'option-platforms', 'lib/options.ts, with native/sys and the lists of skipped tests,'],
  ]) {
    it(`${page} is what ${source} says (npm run docs)`, () => {
      const { status, stderr } = spawnSync(process.execPath, [`scripts/${script}.mjs`, '--check'], { cwd: root, encoding: 'utf8' });
      assert.equal(stderr, '');
      assert.equal(status, 0);
    });
  }

  it("docs/API.md's table of options is what the registry says (npm run docs)", () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/option-table.mjs', '--check'], { cwd: root, encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.equal(status, 0);
    for (const name of Object.keys(registry)) assert.match(read('docs/API.md'), new RegExp(`^\\| ${name} \\|`, 'm'));
  });

  it('only names files that exist', () => {
    for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/API.md', 'docs/CAUSES.md', 'docs/ERRORS.md', 'docs/PERFORMANCE.md', 'docs/PLATFORMS.md', 'docs/SERVERS.md', 'bench/README.md', 'examples/README.md']) {
      for (const [, target] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        assert.doesNotThrow(() => readFileSync(new URL(target!, new URL(page, root))), `${page}: ${target}`);
      }
    }
  });
});
