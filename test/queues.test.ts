import assert from 'node:assert/strict';
import net from 'node:net';
import { spawn } from 'node:child_process';

import { pendingBytes, shutdownWrite } from 'socket-linger';

import { noneUnacked } from './support/acknowledgements.js';
import { closed, connectPair, listenAgain, payload, readAll, silence, tcpFamilies, tlsFamilies, until } from './support/pair.js';
import { needsLinux } from './support/skip.js';

const none = { unread: 0, unacked: noneUnacked, unsent: noneUnacked, readBuffered: 0, writeBuffered: 0 };

describe('pendingBytes', () => {
  for (const family of tcpFamilies) {
    it(`is all zero on a quiet connection, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      assert.deepEqual(pendingBytes(near), none);
      assert.deepEqual(pendingBytes(far), none);
    });

    it(`counts unread bytes in the kernel and in the stream's buffer, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      silence(near);
      far.write(payload(1000));
      await until('they have arrived', () => pendingBytes(near).unread === 1000);
      assert.deepEqual(pendingBytes(near), { ...none, unread: 1000 });
      listenAgain(near); // nobody takes the data from the stream
      await until('the stream has them', () => near.readableLength === 1000);
      assert.deepEqual(pendingBytes(near), { ...none, readBuffered: 1000 });
    });

    it(`accounts for every byte that was written, ${family}`, async () => {
      const { near, far } = await connectPair({ family, farSilent: true });
      const total = 12 * 1024 * 1024;
      near.write(payload(total - 3000));
      near.write(payload(3000)); // stays in Node's queue
      await until('the kernels are full', () => (pendingBytes(near).unsent ?? 0) > 0);
      assert.ok(pendingBytes(near).writeBuffered > 3000);
      assert.ok((pendingBytes(far).unread ?? 0) > 0);
      // Once the acknowledgements have come, every byte is in exactly one of the queues.
      await until('the queues add up', () => {
        const here = pendingBytes(near);
        return (pendingBytes(far).unread ?? 0) + (here.unacked ?? 0) + here.writeBuffered === total;
      });
      const received = readAll(far);
      near.end();
      assert.equal((await received).data.length, total);
      await until('the last acknowledgement has come', () => pendingBytes(near).unacked === 0);
      assert.deepEqual(pendingBytes(near), none);
    });
  }

  it('counts bytes, not characters', async () => {
    const { near } = await connectPair({ farSilent: true });
    near.write(Buffer.alloc(8 * 1024 * 1024));
    await until('the kernels are full', () => pendingBytes(near).writeBuffered > 0);
    const before = pendingBytes(near).writeBuffered;
    near.write('äöü');
    near.write('ffff', 'hex');
    assert.equal(pendingBytes(near).writeBuffered, before + 6 + 2);
    const { near: reader, far: writer } = await connectPair();
    reader.setEncoding('utf8');
    writer.write('äöü');
    reader.read(0);
    await until('they are buffered', () => reader.readableLength > 0);
    assert.equal(reader.readableLength, 3);
    assert.equal(pendingBytes(reader).readBuffered, 6);
  });

  it('never counts the FIN, unacknowledged and unsent', async function () {
    needsLinux(this, "reads Linux' socket tables");
    const { near, far } = await connectPair({ farSilent: true });
    // The peer's window is closed, so that the FIN stays unsent behind the data.
    const data = payload(8 * 1024 * 1024);
    near.write(data);
    await until('the window is closed', () => (pendingBytes(near).unsent ?? 0) > 0);
    const reading = readAll(far);
    await until('the kernel has all', () => near.writableLength === 0);
    silence(far);
    near.end();
    await shutdownWrite(near);
    assert.equal(pendingBytes(near).writeBuffered, 0);
    near.on('error', () => undefined); // the reset at the end
    await until('the queues add up', () => {
      const unread = pendingBytes(far).unread ?? 0;
      return far.bytesRead + unread + (pendingBytes(near).unacked ?? 0) === data.length;
    });
    far.destroy();
    await reading;
  });

  it('still tells after the peer has reset what was never acknowledged, without the FIN', async () => {
    for (const halfClose of [false, true]) {
      const { near, far } = await connectPair({ farSilent: true });
      silence(near); // Node does not see the reset
      const size = 3 * 1024 * 1024;
      near.write(payload(size));
      await until('the window is closed', () => (pendingBytes(near).unsent ?? 0) > 0);
      near.on('error', () => undefined);
      // Acknowledgements may be delayed.
      await until('the peer has acknowledged what it has', () => {
        const { unacked, writeBuffered } = pendingBytes(near);
        return (unacked ?? 0) + writeBuffered + (pendingBytes(far).unread ?? 0) === size;
      });
      const before = pendingBytes(near);
      if (before.writeBuffered > 0) {
        // The send buffer of this machine is smaller than that: nothing to half-close yet.
        far.resetAndDestroy();
        continue;
      }
      if (halfClose) await shutdownWrite(near);
      assert.equal(pendingBytes(near).unacked, before.unacked);
      far.resetAndDestroy();
      await closed(far);
      assert.equal(pendingBytes(near).unacked, before.unacked);
    }
  });

  it('is null on unix-domain sockets for what the kernel can not tell', async () => {
    const { near, far } = await connectPair({ family: 'unix' });
    silence(far);
    near.write('abc');
    await until('it has arrived', () => pendingBytes(far).unread === 3);
    assert.deepEqual(pendingBytes(near), { unread: 0, unacked: null, unsent: null, readBuffered: 0, writeBuffered: 0 });
  });

  for (const family of tlsFamilies) {
    it(`tells what is pending under ${family}`, async () => {
      const { near, far } = await connectPair({ family, farSilent: true });
      near.write(payload(12 * 1024 * 1024));
      await until('the kernels are full', () => (pendingBytes(near).unsent ?? 0) > 0);
      const { unacked, writeBuffered } = pendingBytes(near);
      assert.ok((unacked ?? 0) > 0);
      assert.ok(writeBuffered > 0);
      const received = readAll(far);
      near.end();
      assert.equal((await received).data.length, 12 * 1024 * 1024);
      await until('all is acknowledged', () => pendingBytes(near).unacked === 0);
      assert.equal(pendingBytes(near).writeBuffered, 0);
    });
  }

  it('refuses what is not an open socket', async () => {
    assert.throws(() => pendingBytes(new net.Socket()), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    const { near } = await connectPair();
    near.destroy();
    assert.throws(() => pendingBytes(near), { code: 'ERR_SOCKET_CLOSED' });
    for (const socket of [null, undefined, 3, {}, { _handle: { fd: 0 } }]) {
      assert.throws(() => pendingBytes(socket as unknown as net.Socket), { code: 'ERR_INVALID_ARG_TYPE' });
    }
  });

  it('is ENOTSOCK on a net.Socket over a pipe', async () => {
    // Node gives its children socket pairs; a real pipe comes from the shell.
    const shell = spawn('sh', ['-c', `true | ${process.execPath} --input-type=module -e "$1"`, 'sh', pipeProbe], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: new URL('../..', import.meta.url),
    });
    const output = (await shell.stdout.toArray()).join('');
    assert.equal(output.trim(), 'ENOTSOCK');
  });
});

const pipeProbe = `
  import net from 'node:net';
  import { pendingBytes } from 'socket-linger';
  try { pendingBytes(new net.Socket({ fd: 0 })); } catch (error) { console.log(error.code); }
  process.exit();
`;
