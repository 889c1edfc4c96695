// The package as a user gets it: packed, installed elsewhere with install scripts off.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { environment, pack, root } from '../support/pack.js';

let folder: string;
let tarball: string;

function run(command: string, args: readonly string[], cwd = folder): string {
  return execFileSync(command, args, { cwd, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function evaluate(script: string, type: 'module' | 'commonjs'): string {
  return run(process.execPath, [`--input-type=${type}`, '-e', script]);
}

const roundTrip = `
  const server = net.createServer().listen(0, () => {
    const socket = net.connect(server.address().port, async () => {
      setLinger(socket, 3);
      const seconds = getLinger(socket);
      server.close();
      console.log(seconds, (await lingerClose(socket)).outcome);
      process.exit();
    });
  });`;

describe('the packed package', function () {
  this.timeout(600_000);

  before(() => {
    folder = mkdtempSync(path.join(realpathSync(tmpdir()), 'socket-linger-package-'));
    tarball = pack();
    writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
    run('npm', ['install', '--silent', '--ignore-scripts', tarball]);
  });

  after(() => rmSync(folder, { recursive: true }));

  it('holds the built files, the addon of this machine, what it is built from, and nothing else', () => {
    const files = run('tar', ['-tzf', tarball]).split('\n');
    assert.ok(files.includes(`package/prebuilds/${process.platform}-${process.arch}/node.napi.node`));
    assert.ok(files.includes('package/dist/lib/index.js'));
    assert.ok(files.includes('package/dist/lib/index.d.ts'));
    assert.ok(files.includes('package/LICENSE'));
    const expected =
      /^package\/(dist\/(cli|lab|lib)\/.+\.(js|d\.ts)|native\/(?!sys\/check).+\.(cc|h)|prebuilds\/[^/]+\/node\.napi\.node|binding\.gyp|package\.json|[A-Z]+(\.md)?)$/;
    assert.deepEqual(files.filter((name) => !expected.test(name)), []);
    console.log(`      ${files.length} files, ${Math.ceil(statSync(tarball).size / 1024)} KiB packed`);
  });

  it('has nothing that publint or arethetypeswrong finds wrong', () => {
    const check = (tool: string, ...args: string[]): void => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(root, 'node_modules', tool), ...args], { encoding: 'utf8' });
      assert.equal(status, 0, stdout + stderr);
    };
    check('publint/src/cli.js', 'run', tarball, '--strict');
    // require() of a module works on every Node that the package is for, which arethetypeswrong does not know.
    check('@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm');
  });

  it('has one runtime dependency and no install script', () => {
    const installed = readdirSync(path.join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
    assert.deepEqual(installed, ['node-gyp-build', 'socket-linger']);
    const { scripts } = JSON.parse(readFileSync(path.join(folder, 'node_modules/socket-linger/package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    assert.deepEqual(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name)), []);
  });

  it('brings the command', () => {
    const { groups } = JSON.parse(run('npx', ['--no-install', 'socket-linger', 'doctor', '--json'])) as { groups: unknown[] };
    assert.equal(groups.length > 0, ['linux', 'darwin', 'freebsd', 'win32'].includes(process.platform));
    assert.match(run(path.join(folder, 'node_modules/.bin/socket-linger'), ['--help']), /^Usage: socket-linger doctor/);
  });

  it('works by import', () => {
    const script = `import net from 'node:net'; import { getLinger, lingerClose, setLinger } from 'socket-linger'; ${roundTrip}`;
    assert.equal(evaluate(script, 'module'), '3 peer-fin');
  });

  it('works by require', () => {
    const script = `const net = require('node:net'); const { getLinger, lingerClose, setLinger } = require('socket-linger'); ${roundTrip}`;
    assert.equal(evaluate(script, 'commonjs'), '3 peer-fin');
  });

  it('has types for import and for require', () => {
    const use = `const socket: net.Socket = net.connect(1);
      setLinger(socket, 30);
      // @ts-expect-error -- not a number of seconds
      setLinger(socket, '30');
      const seconds: number | null = getLinger(socket);
      export const outcome: Promise<string> = lingerClose(socket, { until: 'acked' }).then((result) => result.outcome + String(seconds));`;
    writeFileSync(path.join(folder, 'a.mts'), `import net from 'node:net';\nimport { getLinger, lingerClose, setLinger } from 'socket-linger';\n${use}`);
    writeFileSync(path.join(folder, 'b.cts'), `import net = require('node:net');\nimport { getLinger, lingerClose, setLinger } from 'socket-linger';\n${use}`);
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
    const roots = ['--typeRoots', path.join(root, 'node_modules/@types')];
    try {
      run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...options, ...roots, 'a.mts', 'b.cts']);
    } catch (error) {
      assert.fail((error as { stdout: string }).stdout);
    }
  });

  it('without its addon says what to type, at the first call, and typing it helps', () => {
    rmSync(path.join(folder, 'node_modules/socket-linger/prebuilds'), { recursive: true });
    const script = `import { EventEmitter } from 'node:events'; import net from 'node:net'; import { getLinger } from 'socket-linger';
      try { getLinger(Object.assign(new net.Socket(), { _handle: { fd: 1 } })); }
      catch (error) { console.log(error.code + '\\n' + error.message.match(/: (npm .+?)\\. Reason/)[1]); }`;
    const [code, command] = evaluate(script, 'module').split('\n');
    assert.equal(code, 'ERR_ADDON_NOT_LOADED');
    run('sh', ['-c', command!]);
    const again = `import net from 'node:net'; import { getLinger, lingerClose, setLinger } from 'socket-linger'; ${roundTrip}`;
    assert.equal(evaluate(again, 'module'), '3 peer-fin');
  });
});
