// The installed package on each runtime: npm run test:matrix, which says where it is and has fetched them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import path from 'node:path';

import { root } from '../support/pack.js';
import { skip } from '../support/skip.js';

/** A folder where the package is installed. */
const folder = process.env.SOCKET_LINGER_INSTALLED!;
const runtimes = path.join(root, 'test/matrix/node_modules');

function run(command: readonly string[], environment?: NodeJS.ProcessEnv): string {
  const [file, ...args] = command;
  const env = { ...process.env, ...environment };
  const { status, signal, stdout, stderr } = spawnSync(path.join(runtimes, file!), args, { cwd: folder, env, encoding: 'utf8', timeout: 60_000 });
  assert.equal(signal, null, stderr);
  assert.equal(status, 0, stderr);
  return stdout;
}

const worksOnNode = {
  setLinger: 3,
  setNoDelay: true,
  setOption: true,
  setRawOption: 1,
  tcpInfo: 'ESTABLISHED',
  pendingBytes: 0,
  shutdown: 'done',
  shutdownRead: 'done',
  shutdownWrite: 'done',
  lingerClose: ['peer-fin', 300_000, 'as far as it can tell'],
  'setLinger, destroy': 2_000_000,
  resetClose: 'ECONNRESET',
  connect: 'connected',
  'connect, socketOptions': true,
  'enableLingeringClose, net': true,
  'enableLingeringClose, http': true,
  'closeServer, net': 0,
  closeCause: 'eof',
  explainError: 'ECONNRESET',
  doctor: true,
};

const worksOnBun = {
  ...worksOnNode,
  'connect, socketOptions': 'ERR_OPTION_NOT_SUPPORTED',
  'enableLingeringClose, net': 'ERR_OPTION_NOT_SUPPORTED',
  'enableLingeringClose, http': 'ERR_OPTION_NOT_SUPPORTED',
  'closeServer, net': 'ERR_OPTION_NOT_SUPPORTED',
};

/** It shows no descriptors. */
const worksOnDeno = Object.fromEntries(
  Object.entries(worksOnBun).map(([name, value]) => [
    name,
    ['lingerClose', 'connect', 'closeCause', 'explainError', 'doctor'].includes(name) || value === 'ERR_OPTION_NOT_SUPPORTED'
      ? value
      : 'ERR_NO_DESCRIPTOR',
  ]),
);

describe('the installed package', function () {
  this.timeout(120_000);

  before(() => copyFileSync(path.join(root, 'test/matrix/probe.mjs'), path.join(folder, 'probe.mjs')));

  const load = `import('socket-linger').then(({ supportedOptions }) => console.log(supportedOptions().length > 60 &&
    require('socket-linger').supportedOptions === supportedOptions))`;
  for (const version of [20, 22, 24, 26]) {
    const node = `node${version}/bin/node`;

    it(`Node ${version}: import and require() give the same`, () => {
      assert.match(run([node, '-p', 'process.version']), new RegExp(`^v${version}\\.`));
      assert.equal(run([node, '--input-type=commonjs', '-e', load]), 'true\n');
    });

    it(`Node ${version}: everything works`, () => assert.deepEqual(JSON.parse(run([node, 'probe.mjs'])), worksOnNode));
  }

  it('Bun: import and require() give the same', () => assert.equal(run(['bun/bin/bun', '-e', load]), 'true\n'));

  it('Bun: everything works, or says that it does not', () => {
    for (let tries = 0; tries < 3; tries += 1) assert.deepEqual(JSON.parse(run(['bun/bin/bun', 'probe.mjs'])), worksOnBun);
  });

  it('Bun on musl: the same', function () {
    const { SOCKET_LINGER_MUSL_CXX: library } = process.env;
    if (library === undefined) skip(this, 'no musl here');
    const environment = { LD_LIBRARY_PATH: library };
    const maps = `require('socket-linger'); console.log(require('fs').readFileSync('/proc/self/maps', 'utf8'))`;
    const loaded = run(['bun-musl/bin/bun', '-e', maps], environment);
    assert.match(loaded, /musl/);
    assert.doesNotMatch(loaded, /libc\.so\.6|ld-linux/);
    assert.match(loaded, /node\.napi\.node/);
    assert.deepEqual(JSON.parse(run(['bun-musl/bin/bun', 'probe.mjs'], environment)), worksOnBun);
  });

  it('Deno: what needs a descriptor says that there is none', () => {
    const deno = ['deno/deno', 'run', '--allow-all', '--no-prompt', '--no-remote', '--node-modules-dir=manual', 'probe.mjs'];
    assert.deepEqual(JSON.parse(run(deno)), worksOnDeno);
  });
});
