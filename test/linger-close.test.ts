// lingerClose(): every outcome, by what the peer does.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';

import { lingerClose, pendingBytes, resetClose, setLinger, shutdown, type LingerResult } from 'socket-linger';

import { selectEngine } from '#lib/engine.js';
import { native, type TcpState } from '#lib/native.js';

import { delivered as deliveredAll, isAcked, noneUnacked, tellsAcked } from './support/acknowledgements.js';
import { describeEngines } from './support/engines.js';
import { closed, connectPair, expectNoReset, listen, payload, readAll, silence, sleep, tcpFamilies, tlsFamilies, track, until, type Family } from './support/pair.js';

const families: readonly Family[] = [...tcpFamilies, 'unix', ...tlsFamilies];
const eightMegabytes = 8 * 1024 * 1024;

/** A peer that reads to our FIN and closes then, as most do. */
async function readAndClose(far: net.Socket): Promise<Buffer> {
  const { data, saw } = await readAll(far);
  assert.equal(saw, 'end');
  far.end();
  return data;
}

function expectResult(result: LingerResult, expected: Partial<LingerResult>): void {
  const found = Object.fromEntries(Object.keys(expected).map((key) => [key, result[key as keyof LingerResult]]));
  assert.deepEqual(found, expected);
  assert.equal(typeof result.durationMs, 'number');
  if (!('error' in expected)) assert.equal(result.error, undefined);
}

describeEngines('lingerClose', () => {
  for (const family of families) {
    const delivered = family === 'unix' ? null : deliveredAll;
    const unackedBytes = family === 'unix' ? null : noneUnacked;

    it(`peer-fin: a small answer, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      near.write('answer');
      const [result, data] = await Promise.all([lingerClose(near), readAndClose(far)]);
      assert.equal(data.toString(), 'answer');
      expectResult(result, { outcome: 'peer-fin', delivered, unackedBytes });
      assert.equal(near.closed, true);
    });

    it(`peer-fin: nothing was written, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      const [result] = await Promise.all([lingerClose(near), readAndClose(far)]);
      expectResult(result, { outcome: 'peer-fin', delivered, unackedBytes });
    });

    it(`peer-fin: 8 MB that a late reader takes, ${family}`, async () => {
      const { near, far } = await connectPair({ family, farSilent: true });
      const data = payload(eightMegabytes);
      near.write(data.subarray(0, 1000));
      near.write(data.subarray(1000));
      const lingering = lingerClose(near);
      await sleep(300);
      assert.ok((await readAndClose(far)).equals(data));
      expectResult(await lingering, { outcome: 'peer-fin', delivered, unackedBytes });
    });

    it(`peer-fin: unread input at the time of the call, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      silence(near);
      const upload = payload(50_000);
      far.write(upload);
      await until('it has arrived', () => (pendingBytes(near).unread ?? 0) >= 50_000);
      const data = payload(300_000);
      near.write(data);
      const [result, received] = await Promise.all([lingerClose(near), readAndClose(far)]);
      assert.ok(received.equals(data));
      expectResult(result, { outcome: 'peer-fin', delivered });
      assert.ok(result.discardedBytes >= 50_000, String(result.discardedBytes));
    });

    it(`peer-fin: input that keeps arriving, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      const data = payload(300_000);
      near.write(data);
      let uploaded = 0;
      const upload = (): void => {
        let room = true;
        for (; room && uploaded < 20_000_000; uploaded += 100_000) room = far.write(payload(100_000));
        if (uploaded === 20_000_000) far.end();
      };
      far.on('drain', upload);
      upload();
      const [result, received] = await Promise.all([lingerClose(near), readAll(far)]);
      assert.ok(received.data.equals(data));
      assert.equal(received.saw, 'end');
      expectResult(result, { outcome: 'peer-fin', delivered });
      assert.ok(result.discardedBytes >= 20_000_000, String(result.discardedBytes));
    });

    it(`acked: a peer that never closes, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      near.write('answer');
      // Where nobody tells of acknowledgements, it waits for the peer's FIN.
      const options = { until: 'acked', ...(tellsAcked ? {} : { idleTimeout: 200 }) } as const;
      const [result, received] = await Promise.all([lingerClose(near, options), readAll(far)]);
      assert.equal(received.data.toString(), 'answer');
      assert.equal(received.saw, 'end');
      const outcome = tellsAcked || family === 'unix' ? 'acked' : 'idle-timeout';
      expectResult(result, { outcome, delivered, unackedBytes });
      if (family !== 'unix') await expectNoReset(far);
    });

    it(`idle-timeout: a peer that reads and never closes, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      near.write('answer');
      const [result, received] = await Promise.all([lingerClose(near, { idleTimeout: 200 }), readAll(far)]);
      assert.equal(received.data.toString(), 'answer');
      assert.equal(received.saw, 'end');
      expectResult(result, { outcome: 'idle-timeout', delivered, unackedBytes });
      if (family !== 'unix') await expectNoReset(far);
    });

    it(`idle-timeout: a peer that stops reading, ${family}`, async () => {
      const { near, far } = await connectPair({ family, farSilent: true });
      const data = payload(eightMegabytes);
      near.write(data);
      const result = await lingerClose(near, { idleTimeout: 300 });
      expectResult(result, { outcome: 'idle-timeout', delivered: false });
      assert.ok((result.unackedBytes ?? 0) > 0);
      // The kernel goes on by itself with what it had.
      const received = await readAll(far);
      assert.ok(received.data.length < data.length);
      assert.ok(received.data.equals(data.subarray(0, received.data.length)));
    });

    it(`timeout: a slow drip keeps no connection open, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      far.on('error', () => undefined); // a drop after the close
      const drip = setInterval(() => far.write('.'), 50);
      near.write('answer');
      const result = await lingerClose(near, { idleTimeout: 900, timeout: 1000 });
      clearInterval(drip);
      expectResult(result, { outcome: 'timeout', delivered });
      assert.ok(result.discardedBytes > 0);
    });

    it(`byte-limit: an endless upload, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      far.on('error', () => undefined);
      const upload = (): void => {
        while (!far.destroyed && far.write(payload(100_000)));
      };
      far.on('drain', upload);
      upload();
      near.write('answer');
      const result = await lingerClose(near, { maxBytes: 1_000_000 });
      expectResult(result, { outcome: 'byte-limit' });
      assert.ok(result.discardedBytes > 1_000_000);
    });
  }

  for (const family of [...tcpFamilies, ...tlsFamilies]) {
    it(`peer-reset: in the middle, ${family}`, async () => {
      const { near, far } = await connectPair({ family, farSilent: true });
      near.write(payload(eightMegabytes));
      const lingering = lingerClose(near);
      await until('some of it has arrived', () => (pendingBytes(far).unread ?? 0) > 0);
      await resetClose(far);
      const result = await lingering;
      expectResult(result, { outcome: 'peer-reset', delivered: false, error: result.error! });
      assert.match((result.error as NodeJS.ErrnoException).code ?? '', /^(ECONNRESET|EPIPE)$/);
      assert.ok((result.unackedBytes ?? 0) > 0);
    });

    it(`peer-reset: after everything was acknowledged, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      near.write('answer');
      const lingering = lingerClose(near);
      assert.equal((await readAll(far)).saw, 'end');
      far.write('and then');
      await resetClose(far);
      const result = await lingering;
      expectResult(result, { outcome: 'peer-reset', delivered: deliveredAll, unackedBytes: noneUnacked, error: result.error! });
      assert.equal((result.error as NodeJS.ErrnoException).code, 'ECONNRESET');
    });
  }

  it('peer-reset: a peer that closes with data unread', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    near.write(payload(50_000));
    await until('it is acknowledged', () => isAcked(near) && pendingBytes(far).unread === 50_000);
    const lingering = lingerClose(near);
    far.destroy();
    const result = await lingering;
    expectResult(result, { outcome: 'peer-reset', delivered: deliveredAll, error: result.error! });
  });

  it('onTimeout: the connection is closed, or reset', async () => {
    for (const [onTimeout, saw] of [['close', 'end'], ['reset', 'ECONNRESET']] as const) {
      const { near, far } = await connectPair();
      const received = readAll(far);
      const other = lingerClose(near, { idleTimeout: 100, onTimeout });
      if (onTimeout === 'close') {
        assert.equal((await received).saw, saw);
        expectResult(await other, { outcome: 'idle-timeout' });
        continue;
      }
      // The FIN comes first: the reset is seen by what the peer does after it.
      assert.equal((await received).saw, 'end');
      expectResult(await other, { outcome: 'idle-timeout' });
      const failed = once(far, 'error');
      far.write('hello?');
      assert.match(((await failed)[0] as NodeJS.ErrnoException).code ?? '', /^(ECONNRESET|EPIPE)$/);
    }
  });

  it('unread: deliver still gives the input to the application', async () => {
    const { near, far } = await connectPair();
    const upload = payload(3_000_000);
    far.write(upload.subarray(0, 1000));
    const received = readAll(near);
    near.write('answer');
    const lingering = lingerClose(near, { unread: 'deliver' });
    far.end(upload.subarray(1000));
    assert.equal((await readAll(far)).data.toString(), 'answer');
    const { data, saw } = await received;
    assert.equal(saw, 'end');
    assert.ok(data.equals(upload));
    expectResult(await lingering, { outcome: 'peer-fin', delivered: deliveredAll, discardedBytes: 0 });
  });

  it('a limit of zero is one', async () => {
    const { near } = await connectPair();
    expectResult(await lingerClose(near, { timeout: 0 }), { outcome: 'timeout' });
    const other = await connectPair();
    expectResult(await lingerClose(other.near, { idleTimeout: 0 }), { outcome: 'idle-timeout' });
  });

  it('no limit at all is one too', async () => {
    for (const limit of [Infinity, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      const { near, far } = await connectPair();
      const lingering = lingerClose(near, { timeout: limit, idleTimeout: limit, maxBytes: limit });
      await sleep(50);
      await readAndClose(far);
      expectResult(await lingering, { outcome: 'peer-fin' });
    }
  });

  it('a second call joins the first, whatever its options', async () => {
    const { near, far } = await connectPair();
    const first = lingerClose(near, { idleTimeout: 200 });
    assert.equal(lingerClose(near), first);
    await readAndClose(far);
    expectResult(await first, { outcome: 'peer-fin' });
    assert.equal(lingerClose(near, { timeout: 1 }), first);
  });

  it('rejects bad arguments and leaves the socket alone', async () => {
    const { near, far } = await connectPair();
    const refusals: [unknown, string][] = [
      [null, 'ERR_INVALID_ARG_TYPE'],
      [5000, 'ERR_INVALID_ARG_TYPE'],
      [{ timeout: '5' }, 'ERR_INVALID_ARG_TYPE'],
      [{ timeout: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ idleTimeout: NaN }, 'ERR_OUT_OF_RANGE'],
      [{ maxBytes: 5n }, 'ERR_INVALID_ARG_TYPE'],
      [{ maxBytes: -5 }, 'ERR_OUT_OF_RANGE'],
      [{ until: 'fin' }, 'ERR_INVALID_ARG_VALUE'],
      [{ unread: true }, 'ERR_INVALID_ARG_VALUE'],
      [{ onTimeout: 'RST' }, 'ERR_INVALID_ARG_VALUE'],
      [{ signal: {} }, 'ERR_INVALID_ARG_TYPE'],
    ];
    for (const [options, code] of refusals) {
      await assert.rejects(lingerClose(near, options as object), { code }, String(options));
    }
    for (const socket of [null, undefined, {}, 'socket', new net.Server()]) {
      await assert.rejects(lingerClose(socket as net.Socket), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    assert.equal(near.writable, true);
    near.end('still alive');
    assert.equal((await readAll(far)).data.toString(), 'still alive');
  });

  it('an aborted signal closes at once and rejects', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    near.write(payload(eightMegabytes));
    const controller = new AbortController();
    const lingering = lingerClose(near, { signal: controller.signal });
    const reason = new Error('shutting down');
    controller.abort(reason);
    await assert.rejects(lingering, { name: 'AbortError', code: 'ABORT_ERR', cause: reason });
    assert.equal(near.closed, true);
    far.destroy();
    // Before the call: not after setLinger()'s wait, either.
    const other = await connectPair({ farSilent: true });
    setLinger(other.near, 30);
    other.near.write(payload(eightMegabytes));
    await assert.rejects(lingerClose(other.near, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    assert.equal(other.near.closed, true);
  });

  it('a signal that is aborted later does nothing, and is not listened to any more', async () => {
    const { near, far } = await connectPair();
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>): void => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
      listeners -= 1;
      remove(...args);
    };
    const [result] = await Promise.all([lingerClose(near, { signal }), readAndClose(far)]);
    controller.abort();
    expectResult(result, { outcome: 'peer-fin' });
    assert.equal(listeners, 0);
  });

  it('one signal may end any number of them without a warning', async () => {
    const controller = new AbortController();
    const warnings: Error[] = [];
    const warn = (warning: Error): number => warnings.push(warning);
    process.on('warning', warn);
    const pairs = await Promise.all(Array.from({ length: 30 }, () => connectPair({ farSilent: true })));
    const lingering = pairs.map(({ near }) => lingerClose(near, { signal: controller.signal }));
    controller.abort();
    await Promise.all(lingering.map((one) => assert.rejects(one, { name: 'AbortError' })));
    await sleep(10);
    process.off('warning', warn);
    assert.deepEqual(warnings, []);
  });

  it('counts towards server.close() until it is over', async () => {
    const { near, far, server } = await connectPair();
    const order: string[] = [];
    const lingering = lingerClose(near).then(() => {
      order.push('lingered');
    });
    server.close(() => order.push('server closed'));
    await sleep(100);
    assert.deepEqual(order, []);
    await readAndClose(far);
    await lingering;
    await until('the server has closed', () => order.length === 2);
  });

  it('a connection that can not be made', async () => {
    const server = net.createServer();
    const target = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const socket = track(net.connect(target));
    socket.write('never sent');
    const result = await lingerClose(socket);
    expectResult(result, { outcome: 'already-closed', delivered: false, error: result.error! });
    assert.equal((result.error as NodeJS.ErrnoException).code, 'ECONNREFUSED');
    await closed(socket);
    const other = track(net.connect(target));
    expectResult(await lingerClose(other), { outcome: 'already-closed', delivered: null, error: other.errored! });
    // A name that does not exist, and several addresses that all refuse
    const lookups: net.LookupFunction[] = [
      (_host, _options, callback) => callback(Object.assign(new Error('x'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' }), []),
      (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }, { address: '127.0.0.2', family: 4 }]),
    ];
    for (const lookup of lookups) {
      const named = track(net.connect({ ...target, host: 'name.invalid', lookup, autoSelectFamily: true } as net.TcpNetConnectOpts));
      assert.equal((await lingerClose(named)).outcome, 'already-closed');
    }
  });
});

describe('lingerClose where the kernel tells what is in flight, and not what was never sent (Windows)', () => {
  const readQueues = native.readQueues.bind(native);
  const readTcpState = native.readTcpState.bind(native);
  // What SIO_TCP_INFO says of the connection. Wine has no such call.
  let state: TcpState | undefined; // undefined: as this kernel has it
  let told: 'in flight' | 'fin unacknowledged' | 'acknowledged' | 'over';
  let sent = 0;

  /** As native.readQueues() has it: unread, unacked, unsent, FIN unacknowledged, sent. */
  function tell(): number[] {
    switch (told) {
      case 'in flight':
        return [0, 65_536, -1, 1, sent];
      case 'fin unacknowledged':
        return [0, -1, -1, 1, sent];
      case 'acknowledged':
        return [0, 0, 0, 0, sent];
      case 'over':
        return [0, -1, -1, 0, -1];
    }
  }

  before(() => {
    selectEngine('portable');
    native.readQueues = (_descriptor, _isTcp, _finQueued, result) => result.set(tell());
    native.readTcpState = (descriptor) => (state === undefined ? readTcpState(descriptor) : native.tcpStates.indexOf(state));
  });

  beforeEach(() => {
    state = undefined;
    told = 'in flight';
  });

  after(() => {
    native.readQueues = readQueues;
    native.readTcpState = readTcpState;
    selectEngine('auto');
  });

  it('what goes out is progress', async () => {
    const { near, far } = await connectPair();
    far.resume();
    const lingering = lingerClose(near, { idleTimeout: 1000 });
    for (let round = 0; round < 16; round += 1) {
      await sleep(100);
      sent += 1000;
    }
    told = 'acknowledged';
    far.end();
    expectResult(await lingering, { outcome: 'peer-fin', delivered: true, unackedBytes: 0 });
  });

  it('what was acknowledged is so for good, also when nothing is told of the connection any more', async () => {
    const { near, far } = await connectPair();
    far.resume();
    told = 'acknowledged';
    const lingering = lingerClose(near);
    await sleep(200);
    told = 'over';
    far.end();
    expectResult(await lingering, { outcome: 'peer-fin', delivered: true, unackedBytes: 0 });
  });

  it("the peer's FIN is not enough while ours is unacknowledged", async () => {
    const { near, far } = await connectPair();
    near.resume();
    far.resume().end();
    await once(near, 'end');
    state = 'LAST_ACK';
    told = 'fin unacknowledged';
    expectResult(await lingerClose(near, { idleTimeout: 400 }), { outcome: 'idle-timeout', delivered: null, unackedBytes: null });
  });

  it("both FINs are acknowledged before Node's 'finish': no reset", async () => {
    const { near, far } = await connectPair();
    near.resume();
    far.resume().end();
    await once(near, 'end');
    shutdown(near, 'write');
    state = 'CLOSED';
    told = 'over';
    expectResult(await lingerClose(near), { outcome: 'peer-fin', delivered: null, unackedBytes: null });
  });

  it('idle-timeout: nothing goes out any more', async () => {
    const { near, far } = await connectPair();
    far.resume();
    expectResult(await lingerClose(near, { idleTimeout: 400 }), { outcome: 'idle-timeout', delivered: false, unackedBytes: 65_536 });
    far.destroy();
  });
});
