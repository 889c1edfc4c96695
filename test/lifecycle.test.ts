// The environment around the socket: workers, exits, garbage collection, descriptors.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { lingerClose, setLinger } from 'socket-linger';

import { delivered } from './support/acknowledgements.js';
import { openSockets } from './support/descriptors.js';
import { describeEngines } from './support/engines.js';
import { connectPair, payload, readAll, until } from './support/pair.js';
import { skip } from './support/skip.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What every script below starts with: a connection whose peer neither reads nor closes. */
const prelude = `
  import net from 'node:net';
  import { once } from 'node:events';
  import { lingerClose, setLinger, pendingBytes, resetClose } from 'socket-linger';
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = net.connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true });
  const [far] = await once(server, 'connection');
  if (near.connecting) await once(near, 'connect');
`;

interface Exit {
  status: number | null;
  signal: NodeJS.Signals | null;
  output: string;
}

async function run(script: string, ...flags: string[]): Promise<Exit> {
  const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', prelude + script], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const guard = setTimeout(() => child.kill('SIGKILL'), 55_000);
  const exited = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [status, signal] = await exited;
  clearTimeout(guard);
  return { status, signal, output: (out + errors).trim() };
}

async function expectOutput(output: string, script: string, ...flags: string[]): Promise<void> {
  assert.deepEqual(await run(script, ...flags), { status: 0, signal: null, output });
}

describe('a process', () => {
  it('stays alive until a lingering socket has its verdict, and no longer', async () => {
    await expectOutput(
      'idle-timeout',
      `far.unref(); server.unref();
       lingerClose(near, { idleTimeout: 200 }).then(({ outcome }) => console.log(outcome));`,
    );
  });

  it('does not stay alive for an unreferenced one', async () => {
    await expectOutput(
      '',
      `far.unref(); server.unref(); near.unref();
       lingerClose(near, { idleTimeout: 10_000 }).then(({ outcome }) => console.log(outcome));`,
    );
  });

  it('is not held up by timers after the verdict', async () => {
    await expectOutput(
      'peer-fin',
      `server.close(); far.resume(); far.end();
       const { outcome } = await lingerClose(near, { timeout: 600_000, idleTimeout: 600_000 });
       console.log(outcome);`,
    );
  });

  for (const [name, leave] of Object.entries({
    'process.exit()': 'process.exit()',
    'an uncaught exception': "process.on('exit', () => { process.exitCode = 0; }); process.on('uncaughtException', () => process.exit()); throw new Error('mine')",
  })) {
    it(`ends by ${name} in the middle of a linger`, async () => {
      await expectOutput('', `near.write(Buffer.alloc(8e6)); void lingerClose(near); setTimeout(() => { ${leave}; }, 50);`);
      await expectOutput('', `near.write(Buffer.alloc(8e6)); void lingerClose(near); ${leave};`);
      await expectOutput('', `setLinger(near, 600); near.write(Buffer.alloc(8e6)); near.destroy(); setTimeout(() => { ${leave}; }, 50);`);
      await expectOutput('', `setLinger(near, 600); near.write(Buffer.alloc(8e6)); ${leave};`);
    });
  }

  it('survives the garbage collection of a socket that lingers', async () => {
    await expectOutput(
      'done',
      `(() => { const one = near; one.write(Buffer.alloc(8e6)); lingerClose(one, { idleTimeout: 300 }).then(() => { console.log('done'); process.exit(); }); })();
       setInterval(() => globalThis.gc(), 20);`,
      '--expose-gc',
    );
  });

  it('goes on without descriptors to spare', async function () {
    if (process.platform === 'win32') skip(this, 'a socket of Windows takes no descriptor');
    await expectOutput(
      'peer-fin true 8000000',
      `near.write(Buffer.alloc(8e6));
       const { openSync } = await import('node:fs');
       try { for (;;) openSync('/dev/null'); } catch (error) { if (error.code !== 'EMFILE') throw error; }
       let bytes = 0;
       far.on('data', (data) => { bytes += data.length; }).on('end', () => far.end()).resume();
       const { outcome, delivered } = await lingerClose(near);
       console.log(outcome, delivered, bytes);
       process.exit();`,
    );
  });
});

describe('a worker', () => {
  const work = `
    const { parentPort } = require('node:worker_threads');
    import('node:vm').then(async () => { ${prelude.replace(/import (.+) from ('.+');/g, (_line, names: string, from: string) => `const ${names.replace(/^(\w+)$/, '{ default: $1 }')} = await import(${from});`)}`;

  function start(script: string): Worker {
    return new Worker(`${work} ${script} });`, { eval: true });
  }

  it('lingers as the main thread does', async () => {
    const worker = start(`
      near.write(Buffer.alloc(3e6, 'x'));
      setLinger(near, 5);
      let bytes = 0;
      far.on('data', (data) => { bytes += data.length; }).on('end', () => far.end()).resume();
      const { outcome, delivered } = await lingerClose(near);
      server.close();
      parentPort.postMessage([outcome, delivered, bytes]);`);
    // Node 26 may emit both at once, before an await goes on
    const [[message]] = await Promise.all([once(worker, 'message') as Promise<[unknown]>, once(worker, 'exit')]);
    assert.deepEqual(message, ['peer-fin', delivered, 3_000_000]);
  });

  it('may be terminated in the middle of a linger, and leaves no descriptor behind', async () => {
    const before = openSockets();
    for (const close of [
      'void lingerClose(near)',
      'setLinger(near, 600); near.destroy()',
      "near.end(); setTimeout(() => resetClose(near), 0); void lingerClose(near)",
    ]) {
      const worker = start(`near.write(Buffer.alloc(8e6)); ${close}; parentPort.postMessage('lingering');`);
      await once(worker, 'message');
      await worker.terminate();
    }
    if (before !== undefined) await until('its sockets are closed', () => (openSockets() ?? 0) <= before);
  });
});

describeEngines('many sockets', () => {
  it('leave no descriptor behind', async () => {
    const before = openSockets();
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        Array.from({ length: 10 }, async (_none, index) => {
          const { near, far } = await connectPair({ farSilent: index % 2 === 0 });
          far.on('error', () => undefined);
          far.write(payload(20_000));
          near.write(payload(20_000));
          if (index % 3 === 0) setLinger(near, 5);
          const lingering = lingerClose(near, { idleTimeout: index === 1 ? 20 : 5000 });
          if (index === 2) near.destroy();
          else if (index === 3) far.resetAndDestroy();
          else if (index !== 1) {
            await readAll(far);
            far.end();
          }
          const { outcome } = await lingering;
          const expected = ['peer-fin', 'idle-timeout', 'already-closed', 'peer-reset'][index] ?? 'peer-fin';
          assert.equal(outcome, expected);
          assert.equal(near.closed, true);
          far.destroy();
        }),
      );
    }
    if (before !== undefined) await until('the servers alone are left', () => (openSockets() ?? 0) <= before + 200);
  });

  it("a number that was closed and used again is never taken for the old socket's", async () => {
    const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    for (let round = 0; round < 50; round += 1) {
      const { near, far } = await connectPair();
      const lingering = lingerClose(near, { idleTimeout: 1000 });
      near.destroy();
      const other = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
      const [accepted] = (await once(server, 'connection')) as [net.Socket];
      assert.equal((await lingering).outcome, 'already-closed');
      accepted.end('still here');
      assert.equal((await readAll(other)).data.toString(), 'still here');
      other.destroy();
      far.destroy();
    }
    server.close();
  });
});
