import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';

import { pendingBytes, shutdown, shutdownRead, shutdownWrite } from 'socket-linger';

import { closed, connectPair, listen, payload, readAll, tcpFamilies, tick, tlsFamilies, track, until, type Family } from './support/pair.js';

const families: readonly Family[] = [...tcpFamilies, 'unix', ...tlsFamilies];

async function writeAfterEnd(socket: net.Socket): Promise<void> {
  const failed = once(socket, 'error');
  socket.write('late');
  assert.equal(((await failed)[0] as NodeJS.ErrnoException).code, 'ERR_STREAM_WRITE_AFTER_END');
}

describe('shutdown', () => {
  for (const family of families) {
    it(`'write' sends FIN, and reading goes on, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      near.write('last words');
      await until('they have left', () => pendingBytes(near).writeBuffered === 0);
      shutdown(near, 'write');
      assert.equal(near.writableEnded, true);
      const received = await readAll(far);
      assert.equal(received.saw, 'end');
      assert.equal(received.data.toString(), 'last words');
      far.end('answer');
      assert.equal((await readAll(near)).data.toString(), 'answer');
    });

    it(`'write' makes a later write() a write after end, ${family}`, async () => {
      const { near } = await connectPair({ family });
      shutdown(near, 'write');
      await writeAfterEnd(near);
    });

    it(`'write' refuses to lose what is queued above the kernel, ${family}`, async () => {
      const { near, far } = await connectPair({ family, farSilent: true });
      const data = payload(8 * 1024 * 1024);
      near.write(data);
      for (const how of ['write', 'both'] as const) {
        assert.throws(() => shutdown(near, how), { code: 'ERR_WRITES_PENDING' });
      }
      assert.equal(near.writableEnded, false); // nothing has happened
      const received = readAll(far);
      await shutdownWrite(near);
      assert.ok((await received).data.equals(data));
    });

    it(`'both' ends both directions, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      const ended = readAll(near);
      shutdown(near, 'both');
      assert.equal((await readAll(far)).saw, 'end');
      assert.equal((await ended).saw, 'end');
    });
  }

  it('refuses a corked stream with data, and takes an empty one', async () => {
    const { near } = await connectPair();
    near.cork();
    near.write('corked');
    assert.throws(() => shutdown(near, 'write'), { code: 'ERR_WRITES_PENDING' });
    const other = await connectPair();
    other.near.cork();
    shutdown(other.near, 'write');
    assert.equal((await readAll(other.far)).saw, 'end');
  });

  for (const family of [...tcpFamilies, 'unix'] as const) {
    it(`'read' ends the stream after what has arrived and tells the peer nothing, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      far.write('before');
      await until('it has arrived', () => pendingBytes(near).unread === 6 || near.readableLength === 6);
      shutdownRead(near);
      const received = await readAll(near);
      assert.equal(received.saw, 'end');
      assert.equal(received.data.toString(), 'before');
      assert.equal(near.writable, true);
      near.end('still writing');
      assert.equal((await readAll(far)).data.toString(), 'still writing');
    });
  }

  it('may be repeated', async () => {
    const { near, far } = await connectPair();
    shutdown(near, 'write');
    shutdown(near, 'write');
    shutdown(near, 'both');
    assert.equal((await readAll(far)).saw, 'end');
  });

  it('refuses other arguments and other states', async () => {
    const { near } = await connectPair();
    for (const how of ['both ', 'READ', 1, undefined, null, 'toString', {}, ['read'], Object.create(null)]) {
      assert.throws(() => shutdown(near, how as 'read'), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    }
    assert.throws(() => shutdown({} as unknown as net.Socket, 'read'), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => shutdown(new net.Socket(), 'read'), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    near.destroy();
    assert.throws(() => shutdown(near, 'read'), { code: 'ERR_SOCKET_CLOSED' });
  });

  it('does not cancel a connect that is under way', async () => {
    const target = await listen(net.createServer());
    const socket = track(net.connect(target));
    for (const how of ['read', 'write', 'both'] as const) {
      assert.throws(() => shutdown(socket, how), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    }
    await tick();
    assert.throws(() => shutdown(socket, 'write'), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    await once(socket, 'connect');
  });

  it("passes on the system's error", async () => {
    const { near, far } = await connectPair();
    near.pause();
    far.resetAndDestroy();
    await closed(far);
    near.on('error', () => undefined);
    // Gone on the kernel's side, not yet noticed by Node
    assert.throws(() => shutdown(near, 'write'), { code: 'ENOTCONN', syscall: 'shutdown' });
  });
});

describe('shutdownWrite', () => {
  for (const family of families) {
    it(`flushes what was written first, ${family}`, async () => {
      const { near, far } = await connectPair({ family, farSilent: true });
      const data = payload(8 * 1024 * 1024);
      near.write(data.subarray(0, 100));
      near.write(data.subarray(100));
      const flushed = shutdownWrite(near);
      assert.equal(near.writableEnded, true);
      const received = await readAll(far);
      await flushed;
      assert.ok(received.data.equals(data));
      assert.equal(received.saw, 'end');
      far.end('answer');
      assert.equal((await readAll(near)).data.toString(), 'answer');
    });
  }

  it('makes a later write() a write after end', async () => {
    const { near } = await connectPair();
    await shutdownWrite(near);
    await writeAfterEnd(near);
  });

  it('waits for the connection', async () => {
    const server = net.createServer({ allowHalfOpen: true });
    const target = await listen(server);
    const socket = track(net.connect(target));
    socket.write('early');
    const [[accepted]] = await Promise.all([once(server, 'connection') as Promise<[net.Socket]>, shutdownWrite(socket)]);
    assert.equal((await readAll(accepted)).data.toString(), 'early');
  });

  it('resolves every call, the later ones too', async () => {
    const { near } = await connectPair();
    await Promise.all([shutdownWrite(near), shutdownWrite(near)]);
    await shutdownWrite(near);
  });

  it('rejects with the reason if the socket dies first, and leaves no listener behind', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    const counts = (): number[] => ['finish', 'close', 'error'].map((name) => near.listenerCount(name));
    near.on('error', () => undefined);
    const before = counts();
    near.write(payload(8 * 1024 * 1024));
    const flushed = shutdownWrite(near);
    far.resetAndDestroy();
    await assert.rejects(flushed, (error: NodeJS.ErrnoException) => ['ECONNRESET', 'EPIPE'].includes(error.code ?? ''));
    assert.deepEqual(counts(), before);
    const other = await connectPair({ farSilent: true });
    other.near.write(payload(8 * 1024 * 1024));
    const cut = shutdownWrite(other.near);
    other.near.destroy();
    await assert.rejects(cut, { code: 'ERR_SOCKET_CLOSED' });
    await assert.rejects(shutdownWrite(other.near), { code: 'ERR_SOCKET_CLOSED' });
  });

  it('rejects what is not a connected socket', async () => {
    await assert.rejects(shutdownWrite(new net.Socket()), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    await assert.rejects(shutdownWrite(null as unknown as net.Socket), { code: 'ERR_INVALID_ARG_TYPE' });
  });
});
