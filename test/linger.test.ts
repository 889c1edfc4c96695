import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';

import { getLinger, lingerClose, pendingBytes, resetClose, setLinger } from 'socket-linger';

import { describeEngines } from './support/engines.js';
import { closed, connectPair, expectNoReset, listen, payload, readAll, silence, sleep, tcpFamilies, tick, tlsFamilies, track, until } from './support/pair.js';
import { needsLinux } from './support/skip.js';

const eightMegabytes = 8 * 1024 * 1024;

describe('setLinger, getLinger', () => {
  for (const family of [...tcpFamilies, ...tlsFamilies]) {
    it(`round-trips on ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      assert.equal(getLinger(near), null); // the premise: the kernel's default
      for (const seconds of [0, 1, 30, 65_535, null, 7]) {
        setLinger(near, seconds);
        assert.equal(getLinger(near), seconds);
        assert.equal(getLinger(far), null);
      }
      setLinger(near, null);
    });
  }

  it('holds the largest number of seconds that it accepts', async function () {
    needsLinux(this, 'the maximum is that of Linux');
    const { near } = await connectPair();
    setLinger(near, 2 ** 31 - 1);
    assert.equal(getLinger(near), 2 ** 31 - 1);
    assert.throws(() => setLinger(near, 2 ** 31), { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
    assert.equal(getLinger(near), 2 ** 31 - 1); // a refused value changes nothing
    setLinger(near, null);
  });

  it('refuses everything else', async () => {
    const { near } = await connectPair();
    setLinger(near, 5);
    for (const seconds of [-1, 0.5, NaN, Infinity, -Infinity, 2 ** 53]) {
      assert.throws(() => setLinger(near, seconds), { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }, String(seconds));
    }
    for (const seconds of ['5', undefined, true, {}, [], 5n, Symbol('5'), () => 5]) {
      assert.throws(
        () => setLinger(near, seconds as unknown as number),
        { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' },
        typeof seconds,
      );
    }
    for (const options of [null, 1, 'blocking', { blocking: 1 }, { blocking: null }]) {
      assert.throws(() => setLinger(near, 5, options as object), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    for (const socket of [null, undefined, 3, 'socket', {}, new EventTarget()]) {
      assert.throws(() => setLinger(socket as net.Socket, 5), { code: 'ERR_INVALID_ARG_TYPE' });
      assert.throws(() => getLinger(socket as net.Socket), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    assert.equal(getLinger(near), 5);
    setLinger(near, null);
  });

  it('is refused on unix-domain sockets, where the kernel would ignore it', async () => {
    const { near } = await connectPair({ family: 'unix' });
    const refusal = { code: 'ERR_OPTION_NOT_SUPPORTED', message: /unix-domain/ };
    for (const seconds of [null, 0, 5]) assert.throws(() => setLinger(near, seconds), refusal);
    assert.throws(() => getLinger(near), refusal);
  });

  it('needs a descriptor', async () => {
    assert.throws(() => setLinger(new net.Socket(), 1), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    assert.throws(() => getLinger(new net.Socket()), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    const { near } = await connectPair();
    near.destroy();
    assert.throws(() => setLinger(near, 1), { code: 'ERR_SOCKET_CLOSED' });
    assert.throws(() => getLinger(near), { code: 'ERR_SOCKET_CLOSED' });
  });

  it('is refused while connecting, since Node may still replace the descriptor', async () => {
    const target = await listen(net.createServer());
    const socket = track(net.connect(target));
    for (const ticks of [0, 1]) {
      for (let count = 0; count < ticks; count += 1) await tick();
      assert.equal(socket.connecting, true);
      assert.throws(() => setLinger(socket, 30), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    }
    await once(socket, 'connect');
  });

  it('is refused while lingerClose() has the socket, whose promises it would change', async () => {
    const { near, far } = await connectPair();
    const lingering = lingerClose(near, { idleTimeout: 300 });
    assert.throws(() => setLinger(near, 600), { code: 'ERR_SOCKET_CLOSED' });
    await lingering;
    far.destroy();
  });

  it("is refused on a proxy, whose target is somebody else's", async () => {
    const { near } = await connectPair();
    const proxy = new Proxy(near, {});
    for (const seconds of [0, 5, null]) assert.throws(() => setLinger(proxy, seconds), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.equal(getLinger(near), null);
    await assert.rejects(lingerClose(proxy), { code: 'ERR_INVALID_ARG_TYPE' });
    await assert.rejects(resetClose(proxy), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.equal(getLinger(near), null);
    assert.equal(near.destroyed, false);
  });

  it('0: destroy() resets', async () => {
    const { near, far } = await connectPair();
    setLinger(near, 0);
    near.destroy();
    assert.equal((await readAll(far)).saw, 'ECONNRESET');
  });
});

describeEngines('destroy() after setLinger(n)', () => {
  for (const family of ['ipv4', ...tlsFamilies] as const) {
    it(`sends everything that was written before, ${family}`, async () => {
      const { near, far } = await connectPair({ family, farSilent: true });
      const data = payload(eightMegabytes);
      setLinger(near, 30);
      // In three writes: one is with libuv, two are still in Node's own queue.
      const third = Math.floor(data.length / 3);
      near.write(data.subarray(0, third));
      near.write(data.subarray(third, 2 * third));
      near.write(data.subarray(2 * third));
      near.on('error', () => undefined);
      near.destroy();
      assert.equal(near.destroyed, true);
      const received = await readAll(far);
      assert.equal(received.saw, 'end');
      assert.ok(received.data.equals(data));
      await closed(near);
    });
  }

  it('sends what strings and a corked stream hold', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    setLinger(near, 30);
    near.write(Buffer.alloc(eightMegabytes, 'x'));
    near.cork();
    near.write('äöü', 'utf8');
    near.write('ff00', 'hex');
    near.destroy();
    const received = await readAll(far);
    assert.equal(received.data.length, eightMegabytes + 6 + 2);
    assert.equal(received.data.subarray(eightMegabytes).toString('hex'), 'c3a4c3b6c3bcff00');
    await closed(near);
  });

  it('does not block, and a peer that starts to read after 2 s gets all 8 MB', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    const data = payload(eightMegabytes);
    setLinger(near, 30);
    near.write(data);
    let isClosed = false;
    near.once('close', () => {
      isClosed = true;
    });
    near.destroy();
    // The bare kernel would stand still here for 30 s, longer than this test may take; bench/ measures the stall.
    await sleep(2000);
    assert.equal(isClosed, false);
    const received = await readAll(far);
    assert.equal(received.saw, 'end');
    assert.ok(received.data.equals(data));
    await closed(near);
  });

  it("blocking: true is the bare kernel's close, which loses what is queued above it", async () => {
    const { near, far } = await connectPair({ farSilent: true });
    setLinger(near, 1, { blocking: true });
    near.write(payload(eightMegabytes));
    const handle = (near as unknown as { _handle: { fd: number } })._handle;
    near.destroy();
    // Closed when destroy() returns, after the second: nothing was flushed from the queues above the kernel.
    assert.ok(handle.fd < 0);
    const { data } = await readAll(far);
    assert.ok(data.length < eightMegabytes);
  });

  it("emits 'close' when the seconds are over and the peer has not read", async () => {
    const { near, far } = await connectPair({ farSilent: true });
    setLinger(near, 1);
    near.write(payload(eightMegabytes));
    const order: string[] = [];
    near.once('close', () => order.push('close'));
    near.destroy();
    await sleep(700);
    order.push('0.7 s');
    await closed(near);
    assert.deepEqual(order, ['0.7 s', 'close']);
    far.destroy();
  });

  it('does not reset a peer that has not ended its side when all is acknowledged', async () => {
    const { near, far } = await connectPair();
    setLinger(near, 1); // where nobody tells of acknowledgements, all of it passes
    near.write('answer');
    near.destroy();
    const { data, saw } = await readAll(far);
    assert.deepEqual([data.toString(), saw], ['answer', 'end']);
    await closed(near);
    await expectNoReset(far);
  });

  it('throws away input meanwhile instead of resetting', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    const data = payload(eightMegabytes);
    silence(near);
    far.write(payload(50_000));
    await until('the input is there', () => (pendingBytes(near).unread ?? 0) === 50_000);
    setLinger(near, 30);
    near.write(data);
    near.destroy();
    far.write(payload(200_000));
    const received = await readAll(far);
    assert.equal(received.saw, 'end');
    assert.ok(received.data.equals(data));
    await closed(near);
  });

  it('holds for destroySoon() and for the end of both sides too', async () => {
    for (const close of [
      (socket: net.Socket): void => socket.destroySoon(),
      (socket: net.Socket): void => void socket.end(),
    ]) {
      const { near, far } = await connectPair({ server: { allowHalfOpen: false }, farSilent: true });
      const data = payload(eightMegabytes);
      setLinger(near, 30);
      near.resume();
      near.write(data);
      close(near);
      far.end();
      const received = await readAll(far);
      assert.equal(received.saw, 'end');
      assert.ok(received.data.equals(data));
      await closed(near);
    }
  });

  it('reports the error that destroy() was given, after the wait', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    setLinger(near, 30);
    near.write('answer');
    const failure = new Error('given up');
    const seen = new Promise((resolve) => near.once('error', resolve));
    near.destroy(failure);
    assert.equal((await readAll(far)).data.toString(), 'answer');
    assert.equal(await seen, failure);
    await closed(near);
  });

  it('ends at once when the peer resets', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    setLinger(near, 600);
    near.write(payload(eightMegabytes));
    near.destroy();
    await until('the kernel is full', () => (pendingBytes(far).unread ?? 0) > 0);
    far.resetAndDestroy();
    await closed(near);
  });

  it('is off again after setLinger(null)', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    setLinger(near, 600);
    setLinger(near, null);
    assert.equal(Object.hasOwn(near, '_destroy'), false);
    near.write(payload(eightMegabytes));
    near.destroy();
    await closed(near);
    far.destroy();
  });

  it('leaves resetAndDestroy() a reset', async () => {
    const { near, far } = await connectPair();
    setLinger(near, 600);
    near.resetAndDestroy();
    assert.equal((await readAll(far)).saw, 'ECONNRESET');
    await closed(near);
  });

  it("leaves it one after end() too, where Node's own never closes", async () => {
    const { near, far } = await connectPair({ farSilent: true });
    setLinger(near, 600);
    near.end(payload(eightMegabytes));
    near.resetAndDestroy();
    await closed(near);
    assert.ok((await readAll(far)).data.length < eightMegabytes);
  });
});
