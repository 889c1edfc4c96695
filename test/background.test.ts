// What is special about the background engine; its behaviour is in the suites that both engines share.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';

import { lingerClose, pendingBytes, setLinger } from 'socket-linger';

import { native } from '#lib/native.js';

import { openSockets } from './support/descriptors.js';
import { closed, connectPair, payload, readAll, silence, until, type Pair } from './support/pair.js';
import { skip } from './support/skip.js';

const stats = (): { sockets: number; watermarks: number; threads: number } => {
  const [sockets, watermarks, threads] = native.readLingerStats();
  return { sockets: sockets!, watermarks: watermarks!, threads: threads! };
};

function threadsByName(): number {
  return readdirSync('/proc/self/task').filter((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim() === 'socket-linger';
    } catch {
      return false; // has just ended
    }
  }).length;
}

function pairs(count: number): Promise<Pair[]> {
  return Promise.all(Array.from({ length: count }, () => connectPair({ farSilent: true })));
}

describe('the background engine', function () {
  before(function () {
    if (!native.hasLingerEngine) skip(this, `there is none on ${process.platform}`);
  });

  it('is one thread for any number of sockets, and none when there are none', async () => {
    const all = await pairs(50);
    await until('the one of an earlier test has gone', () => threadsByName() === 0);
    const lingering = all.map(({ near }) => lingerClose(near, { idleTimeout: 60_000 }));
    await until('all are handed over', () => stats().sockets === 50);
    await until('the thread has given itself its name', () => threadsByName() > 0);
    assert.equal(threadsByName(), 1);
    for (const { far } of all) {
      far.resume();
      far.end();
    }
    for (const { outcome } of await Promise.all(lingering)) assert.equal(outcome, 'peer-fin');
    assert.equal(stats().sockets, 0);
    await until('the thread has gone', () => threadsByName() === 0);
    assert.equal(stats().threads, 0);
    // And comes back
    const { near, far } = await connectPair();
    far.resume().end();
    assert.equal((await lingerClose(near)).outcome, 'peer-fin');
  });

  it("closes Node's own descriptor at the hand-over: one for each lingering socket", async () => {
    const all = await pairs(20);
    const before = openSockets()!;
    const controller = new AbortController();
    const lingering = all.map(({ near }) => lingerClose(near, { signal: controller.signal }));
    await until('all are handed over', () => stats().sockets === 20);
    await until("Node's are closed", () => openSockets() === before);
    for (const { near } of all) {
      assert.equal(near.destroyed, false);
      assert.throws(() => pendingBytes(near), { code: 'ERR_SOCKET_CLOSED' });
    }
    controller.abort();
    await Promise.all(lingering.map((one) => assert.rejects(one, { name: 'AbortError' })));
    assert.equal(stats().sockets, 0);
  });

  it('keeps what the stream tells of its traffic', async () => {
    const { near, far } = await connectPair();
    near.write('12345');
    far.write('123');
    await until('it has come', () => near.bytesRead === 3);
    const lingering = lingerClose(near);
    await until('it is handed over', () => stats().sockets === 1);
    assert.equal(near.bytesWritten, 5);
    assert.equal(near.bytesRead, 3);
    await readAll(far);
    far.end();
    await lingering;
    assert.equal(near.bytesWritten, 5);
  });

  it('leaks no descriptor into children', async () => {
    const all = await pairs(5);
    const lingering = all.map(({ near }) => lingerClose(near));
    await until('all are handed over', () => stats().sockets === 5);
    // execFileSync's own pipes are socket pairs: 0, 1 and 2. ls holds the listing itself.
    const listed = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
    const inherited = listed.split('\n').filter((line) => /socket:|eventpoll|eventfd/.test(line) && !/ [012] -> /.test(line));
    assert.deepEqual(inherited, []);
    for (const { far } of all) far.resume().end();
    await Promise.all(lingering);
  });

  it('lets nobody wait for fast senders', async () => {
    const uploaders = await pairs(40);
    const block = payload(1 << 20);
    for (const { far } of uploaders) {
      far.on('error', () => undefined);
      // Paced by the event loop: the engine is so fast that writes are done at once, for ever.
      const upload = (): void => {
        if (far.destroyed) return;
        if (far.writableLength === 0) far.write(block);
        setImmediate(upload);
      };
      upload();
    }
    const uploads = uploaders.map(({ near }) => lingerClose(near, { timeout: 60_000 }));
    await until('they are found to be fast', () => stats().watermarks > 0);
    const others = await pairs(20);
    const lingering = others.map(({ near }) => lingerClose(near));
    for (const { far } of others) far.resume().end();
    for (const { outcome } of await Promise.all(lingering)) assert.equal(outcome, 'peer-fin');
    assert.equal(stats().sockets, 40, 'the uploads go on');
    for (const { far } of uploaders) far.resetAndDestroy();
    for (const { outcome } of await Promise.all(uploads)) assert.equal(outcome, 'peer-reset');
    assert.equal(stats().watermarks, 0);
  });

  it('sees the progress of a sender that has become slow', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    const lingering = lingerClose(near, { idleTimeout: 500 });
    await until('it is handed over', () => stats().sockets === 1);
    for (let round = 0; round < 8; round += 1) far.write(payload(1 << 20));
    await until('it is found to be fast', () => stats().watermarks === 1);
    for (let round = 0; round < 6; round += 1) {
      far.write('.');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    assert.equal(stats().sockets, 1, 'the idle time alone would have been over twice');
    far.resume().end();
    const result = await lingering;
    assert.equal(result.outcome, 'peer-fin');
    assert.equal(result.discardedBytes, (8 << 20) + 6);
  });

  it('ends deadlines in their order, whenever they were set', async () => {
    const order: number[] = [];
    const all = await pairs(30);
    // Shuffled: 7 is prime to 30
    await Promise.all(
      all.map(async ({ near }, index) => {
        const rank = (index * 7) % 30;
        const { outcome } = await lingerClose(near, { timeout: 300 + rank * 100, idleTimeout: Infinity });
        assert.equal(outcome, 'timeout');
        order.push(rank);
      }),
    );
    assert.deepEqual(order, [...order].sort((a, b) => a - b));
  });

  it("waits for setLinger()'s seconds too", async () => {
    const { near, far } = await connectPair({ farSilent: true });
    setLinger(near, 30);
    const data = payload(100_000); // fits into the kernel's buffers, also where memory is short
    near.write(data);
    near.destroy();
    await until('the kernel has all of it', () => stats().sockets === 1 || near.closed);
    assert.ok((await readAll(far)).data.equals(data));
    await closed(near);
    assert.equal(stats().sockets, 0);
  });

  it("does not take our own SHUT_RD for the peer's FIN", async () => {
    const { near, far } = await connectPair({ farSilent: true });
    silence(near);
    native.shutdown((near as unknown as { _handle: { fd: number } })._handle.fd, 0);
    const lingering = lingerClose(near);
    await until('it is handed over', () => stats().sockets === 1);
    await readAll(far);
    assert.equal(stats().sockets, 1);
    far.end(); // with data Linux would reset: tcp_rcv_state_process(), RCV_SHUTDOWN in FIN_WAIT2
    assert.equal((await lingering).outcome, 'peer-fin');
  });

  it('is taken back by a server that closes all connections', async () => {
    const { near, server } = await connectPair({ farSilent: true });
    const lingering = lingerClose(near);
    await until('it is handed over', () => stats().sockets === 1);
    const serverClosed = new Promise((resolve) => server.close(resolve));
    near.destroy();
    assert.equal((await lingering).outcome, 'already-closed');
    await serverClosed;
    assert.ok(server instanceof net.Server);
  });
});
