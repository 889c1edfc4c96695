// lingerClose(): the states that a socket can be in when it is called, and what may happen to it meanwhile.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

import { getLinger, lingerClose, pendingBytes, resetClose, setLinger, shutdown, shutdownRead, shutdownWrite, type LingerResult } from 'socket-linger';

import { delivered as deliveredAll, isAcked, tellsAcked } from './support/acknowledgements.js';
import { describeEngines } from './support/engines.js';
import { closed, connectPair, listen, listenAgain, payload, readAll, silence, tick, tlsFamilies, track, until, type Pair } from './support/pair.js';
import { isWindows } from './support/windows.js';

const answer = payload(300_000);

/** The peer has sent input that nobody has read, and more comes during the close. */
async function withUnread(pair: Pair, prepare: (near: net.Socket) => void | Promise<void>): Promise<Pair> {
  await prepare(pair.near);
  pair.far.write(payload(100_000));
  await until('it has arrived', () => isAcked(pair.far));
  return pair;
}

/** Closes `near` while the peer goes on uploading; the peer must have the whole answer and a clean end. */
async function closeDuringUpload({ near, far }: Pair): Promise<LingerResult> {
  near.write(answer);
  const lingering = lingerClose(near);
  far.write(payload(200_000));
  const { data, saw } = await readAll(far);
  assert.equal(saw, 'end');
  assert.ok(data.equals(answer));
  far.end(payload(100_000));
  const result = await lingering;
  assert.equal(result.outcome, 'peer-fin');
  assert.equal(result.delivered, deliveredAll);
  assert.equal(result.discardedBytes, 400_000);
  return result;
}

/** A busy event loop: timers that are due come first after it. */
function standStill(): void {
  for (const start = performance.now(); performance.now() - start < 20;);
}

describeEngines('lingerClose on a socket that is', () => {
  const states: Record<string, (near: net.Socket) => void | Promise<void>> = {
    paused: (near) => void near.pause(),
    'paused while data flowed': (near) => {
      near.on('data', () => near.pause());
    },
    'never read': () => undefined,
    'silent: nothing has been taken from the kernel': silence,
    piped: (near) => void near.pipe(new Writable({ write: () => undefined })), // takes one chunk, asks for no more
    'piped and unpiped': (near) => {
      const sink = new PassThrough();
      near.pipe(sink);
      near.unpipe(sink);
    },
    corked: (near) => near.cork(),
    'read by readable events': (near) => void near.on('readable', () => undefined),
    'iterated over': (near) => {
      void (async () => {
        for await (const chunk of near) if (chunk === undefined) break;
      })().catch(() => undefined); // ends with a premature close, as after destroy()
    },
    unreferenced: (near) => void near.unref(),
    'decoded as UTF-8': (near) => void near.setEncoding('latin1'),
  };
  for (const [state, prepare] of Object.entries(states)) {
    it(state, async () => {
      const pair = await connectPair();
      // The bytes that flow to the application before the call are not discarded: keep them from it.
      silence(pair.near);
      await withUnread(pair, prepare);
      silence(pair.near);
      const before = pair.near.bytesRead - pair.near.readableLength;
      assert.equal(before, 0, 'the premise: all of it is still unread');
      await closeDuringUpload(pair);
    });
  }

  it('read through the onread option', async () => {
    const server = net.createServer({ allowHalfOpen: true });
    const target = await listen(server);
    let seen = 0;
    const near = track(
      net.connect({
        ...target,
        allowHalfOpen: true,
        onread: {
          buffer: Buffer.alloc(1000),
          callback: (bytes: number) => {
            seen += bytes;
            return true;
          },
        },
      }),
    );
    const [far] = (await once(server, 'connection')) as [net.Socket];
    far.write('before');
    await until('it was given', () => seen === 6);
    near.write(answer);
    const lingering = lingerClose(near);
    far.write(payload(5000));
    assert.ok((await readAll(far)).data.equals(answer));
    far.end();
    const result = await lingering;
    assert.equal(result.outcome, 'peer-fin');
    assert.equal(result.discardedBytes, 5000);
    assert.equal(seen, 6, 'the application got none of it');
  });

  it('half-closed by the peer before, its data unread', async () => {
    for (const allowHalfOpen of [true, false]) {
      const { near, far } = await connectPair({ server: { allowHalfOpen } });
      silence(near);
      far.end(payload(50_000));
      await until('it has arrived', () => pendingBytes(near).unread === 50_000);
      near.write(answer);
      const [result, received] = await Promise.all([lingerClose(near), readAll(far)]);
      assert.ok(received.data.equals(answer));
      assert.equal(received.saw, 'end');
      assert.equal(result.outcome, 'peer-fin');
      assert.equal(result.delivered, deliveredAll);
      assert.equal(result.discardedBytes, 50_000);
    }
  });

  it("half-closed by the peer before, its 'end' emitted", async () => {
    for (const allowHalfOpen of [true, false]) {
      const { near, far } = await connectPair({ server: { allowHalfOpen }, farSilent: true });
      near.resume();
      const data = payload(4_000_000);
      near.write(data);
      far.end();
      await once(near, 'end');
      // With allowHalfOpen: false Node ends the stream by itself now, and destroys it before the acknowledgement.
      const lingering = lingerClose(near);
      const received = await readAll(far);
      assert.ok(received.data.equals(data));
      const result = await lingering;
      assert.equal(result.outcome, 'peer-fin');
      assert.equal(result.delivered, deliveredAll);
    }
  });

  it('connecting', async () => {
    const server = net.createServer({ allowHalfOpen: true });
    const target = await listen(server);
    for (const ticks of [0, 1]) {
      const near = track(net.connect({ ...target, allowHalfOpen: true }));
      near.write(answer);
      for (let count = 0; count < ticks; count += 1) await tick();
      assert.equal(near.connecting, true);
      const lingering = lingerClose(near);
      const [far] = (await once(server, 'connection')) as [net.Socket];
      far.write(payload(1000));
      assert.ok((await readAll(far)).data.equals(answer));
      far.end();
      const result = await lingering;
      assert.equal(result.outcome, 'peer-fin');
      assert.equal(result.discardedBytes, 1000);
    }
  });

  it('connecting, with several writes at once, until it is too late', async () => {
    const target = await listen(net.createServer());
    const near = track(net.connect(target));
    near.cork();
    near.write(Buffer.from('several'));
    near.write(Buffer.from('writes'));
    const lingering = lingerClose(near, { timeout: 0 });
    standStill(); // the timer comes before the connection
    const { outcome, delivered, unackedBytes } = await lingering;
    assert.deepEqual({ outcome, delivered, unackedBytes }, { outcome: 'timeout', delivered: false, unackedBytes: 13 });
  });

  it('closed by both sides, before Node has come to its finish', async () => {
    const { near, far } = await connectPair();
    near.resume();
    far.end();
    await once(near, 'end');
    shutdown(near, 'write');
    const lingering = lingerClose(near);
    standStill(); // the first look comes before 'finish'
    const { outcome, delivered } = await lingering;
    assert.deepEqual({ outcome, delivered }, { outcome: 'peer-fin', delivered: deliveredAll });
  });

  it('ended by the peer meanwhile, before a late write', async () => {
    const { near, far } = await connectPair({ farSilent: true, server: { allowHalfOpen: false } });
    const data = payload(8_000_000);
    near.write(data);
    const lingering = lingerClose(near, { unread: 'deliver' });
    near.resume();
    far.end();
    await once(near, 'end');
    const refused = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => near.write('late', resolve));
    assert.equal(refused?.code, 'ERR_STREAM_WRITE_AFTER_END');
    assert.ok((await readAll(far)).data.equals(data));
    const { outcome, delivered } = await lingering;
    assert.deepEqual({ outcome, delivered }, { outcome: 'peer-fin', delivered: deliveredAll });
  });

  it('ended, its output still queued', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    const data = payload(8_000_000);
    near.end(data);
    const lingering = lingerClose(near);
    assert.ok((await readAll(far)).data.equals(data));
    far.end();
    assert.equal((await lingering).outcome, 'peer-fin');
  });

  it('ended and finished', async () => {
    const { near, far } = await connectPair();
    near.end(answer);
    await once(near, 'finish');
    const [result, received] = await Promise.all([lingerClose(near, { idleTimeout: 500 }), readAll(far)]);
    assert.ok(received.data.equals(answer));
    assert.equal(result.outcome, 'idle-timeout');
    assert.equal(result.delivered, deliveredAll);
  });

  it('half-closed by shutdown() or shutdownWrite() before', async () => {
    const now = (near: net.Socket): Promise<void> => {
      shutdown(near, 'write');
      return Promise.resolve();
    };
    for (const half of [shutdownWrite, now]) {
      const { near, far } = await connectPair();
      await half(near);
      const lingering = lingerClose(near);
      assert.equal((await readAll(far)).saw, 'end');
      far.end('late');
      const result = await lingering;
      assert.equal(result.outcome, 'peer-fin');
      assert.equal(result.discardedBytes, 4);
    }
  });

  for (const isEmitted of [true, false]) {
    it(`shut down for reading before, 'end' ${isEmitted ? 'was' : 'not yet'} emitted: that is not the peer's FIN`, async () => {
      const { near, far } = await connectPair();
      near.on('data', () => undefined);
      const written = payload(3_000_000); // more than the kernel takes at once
      near.write(written);
      shutdownRead(near);
      if (isEmitted) await once(near, 'end');
      if (isWindows) {
        const handle = (near as unknown as { _handle: { readStart(): number } })._handle;
        handle.readStart = () => assert.fail('to read on is an error there, by which Node would close');
      }
      let over = false;
      // Where nobody tells of the connection's state the peer's FIN can't be seen any more.
      const lingering = lingerClose(near, tellsAcked ? {} : { idleTimeout: 1000 }).finally(() => {
        over = true;
      });
      if (tellsAcked) far.write('more');
      assert.ok((await readAll(far)).data.equals(written));
      await wait(100);
      assert.equal(over, false);
      far.end();
      const result = await lingering;
      assert.equal(result.outcome, tellsAcked ? 'peer-fin' : 'idle-timeout');
      assert.equal(result.discardedBytes, tellsAcked ? 4 : 0);
    });
  }

  it('destroyed before', async () => {
    const { near } = await connectPair();
    near.destroy();
    const result = await lingerClose(near);
    assert.equal(result.outcome, 'already-closed');
    assert.equal(result.delivered, null);
    const again = await connectPair();
    again.near.destroy();
    await closed(again.near);
    assert.equal((await lingerClose(again.near)).outcome, 'already-closed');
  });

  it('without a connection', async () => {
    const socket = new net.Socket();
    assert.equal((await lingerClose(socket)).outcome, 'already-closed');
    assert.equal(socket.destroyed, true);
  });

  it('reset by the peer, not yet noticed', async () => {
    const { near, far } = await connectPair();
    silence(near);
    far.resetAndDestroy();
    await closed(far);
    const result = await lingerClose(near);
    assert.equal(result.outcome, 'peer-reset');
    assert.equal((result.error as NodeJS.ErrnoException).code, 'ECONNRESET');
  });

  it('given a kernel linger: the close does not block on it', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    setLinger(near, 600, { blocking: true });
    near.write(payload(8_000_000));
    const result = await lingerClose(near, { idleTimeout: 200 });
    assert.equal(result.outcome, 'idle-timeout');
    far.destroy();
    const other = await connectPair({ farSilent: true });
    setLinger(other.near, 600);
    other.near.write(payload(8_000_000));
    assert.equal((await lingerClose(other.near, { idleTimeout: 200 })).outcome, 'idle-timeout');
  });

  it("read by node:http's parser", async () => {
    const requests: string[] = [];
    const server = http.createServer((request, response) => {
      requests.push(request.url ?? '');
      response.writeHead(413, { 'content-length': answer.length, connection: 'close' });
      response.end(answer);
      lingerings.push(lingerClose(request.socket));
    });
    const lingerings: Promise<LingerResult>[] = [];
    const target = await listen(server);
    const far = track(net.connect({ ...target, allowHalfOpen: true }));
    far.write('POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n');
    far.write(payload(1_000_000));
    const { data, saw } = await readAll(far);
    assert.equal(saw, 'end');
    assert.ok(data.subarray(-answer.length).equals(answer));
    far.write(payload(4_000_000));
    far.end('GET /pipelined HTTP/1.1\r\nHost: x\r\n\r\n');
    const result = await lingerings[0]!;
    assert.equal(result.outcome, 'peer-fin');
    assert.equal(result.delivered, deliveredAll);
    assert.deepEqual(requests, ['/upload'], 'what comes after is never served');
  });
});

describeEngines('during lingerClose', () => {
  it("nothing reaches the application: no 'data', no 'end', no 'error'; 'close' comes at the end", async () => {
    const { near, far } = await connectPair();
    const events: string[] = [];
    for (const name of ['data', 'end', 'error', 'close', 'readable']) near.on(name, () => events.push(name));
    const lingering = lingerClose(near);
    far.write('input');
    await readAll(far);
    await resetClose(far);
    assert.equal((await lingering).outcome, 'peer-reset');
    assert.deepEqual(events, ['close']);
  });

  it('without any listener a reset is no uncaught error', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    near.write(payload(8_000_000));
    const lingering = lingerClose(near);
    await resetClose(far);
    assert.equal((await lingering).outcome, 'peer-reset');
  });

  it('no listener and no method of ours is left on the socket', async () => {
    const { near, far } = await connectPair();
    const state = (): unknown => [near.eventNames().map((name) => [name, near.listenerCount(name)]), Object.keys(near), Object.getOwnPropertyNames(near).filter((name) => typeof near[name as keyof net.Socket] === 'function')];
    const before = state();
    const lingering = lingerClose(near);
    await readAll(far);
    far.end();
    await lingering;
    assert.deepEqual(state(), before);
  });

  it('what is piped into the socket is held back and then let go', async () => {
    const { near, far } = await connectPair();
    const source = new PassThrough();
    source.pipe(near);
    source.write('first');
    await until('it has been piped', () => source.readableLength === 0);
    const lingering = lingerClose(near);
    source.write('second');
    const { data } = await readAll(far);
    assert.equal(data.toString(), 'first');
    far.end();
    assert.equal((await lingering).outcome, 'peer-fin');
    assert.equal(source.destroyed, false);
    assert.equal(source.listenerCount('data'), 0, 'unpiped');
  });

  it('a late write() or end(data) is refused by its callback, and costs no byte', async () => {
    for (const late of ['write', 'end'] as const) {
      const { near, far } = await connectPair({ farSilent: true });
      const data = payload(8_000_000);
      near.write(data.subarray(0, 1000));
      near.write(data.subarray(1000));
      const failures: (string | undefined)[] = [];
      near.on('error', () => assert.fail('no event'));
      const lingering = lingerClose(near);
      const refused = (error?: Error | null): number => failures.push((error as NodeJS.ErrnoException | null)?.code);
      if (late === 'write') assert.equal(near.write('late', refused), false);
      else near.end('late', refused);
      assert.ok((await readAll(far)).data.equals(data));
      far.end();
      const result = await lingering;
      assert.equal(result.outcome, 'peer-fin');
      assert.equal(result.delivered, deliveredAll);
      assert.deepEqual(failures, ['ERR_STREAM_WRITE_AFTER_END']); // the callback's, no event
    }
  });

  it('destroySoon() before it does not cut it short', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    const data = payload(8_000_000);
    near.write(data);
    near.destroySoon();
    const lingering = lingerClose(near);
    const { data: received } = await readAll(far);
    far.end();
    assert.ok(received.equals(data));
    assert.equal((await lingering).outcome, 'peer-fin');
  });

  it('destroySoon() changes nothing', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    const data = payload(8_000_000);
    near.write(data);
    const lingering = lingerClose(near);
    near.destroySoon();
    assert.ok((await readAll(far)).data.equals(data));
    far.end();
    assert.equal((await lingering).outcome, 'peer-fin');
  });

  it('resetAndDestroy() resets, where Node alone would hang', async () => {
    for (const prompt of [true, false]) {
      const { near, far } = await connectPair({ farSilent: true });
      near.write(payload(prompt ? 10 : 8_000_000));
      const lingering = lingerClose(near);
      if (prompt) await wait(100);
      near.resetAndDestroy();
      assert.equal((await lingering).outcome, 'already-closed');
      assert.ok((await readAll(far)).data.length < 8_000_000);
    }
  });

  it("Node's timeouts do not end it: it has its own", async () => {
    const { near, far } = await connectPair({ farSilent: true });
    near.setTimeout(50, () => near.destroy());
    near.write(answer);
    const lingering = lingerClose(near);
    near.setTimeout(50); // as node:http does after an answer
    await wait(200);
    far.end();
    assert.ok((await readAll(far)).data.equals(answer));
    assert.equal((await lingering).outcome, 'peer-fin');
  });

  it('a connection that is made anew on the same object is another one', async () => {
    const server = net.createServer({ allowHalfOpen: true });
    const target = (await listen(server)) as net.TcpNetConnectOpts;
    const socket = track(new net.Socket({ allowHalfOpen: true }));
    const promises = new Set<unknown>();
    for (let round = 0; round < 3; round += 1) {
      socket.connect(target);
      const [far] = (await once(server, 'connection')) as [net.Socket];
      if (socket.connecting) await once(socket, 'connect');
      socket.write(`round ${round}`);
      assert.equal(getLinger(socket), null, 'has a descriptor again');
      const lingering = lingerClose(socket);
      promises.add(lingering);
      assert.equal((await readAll(far)).data.toString(), `round ${round}`);
      far.end();
      const result = await lingering;
      assert.equal(result.outcome, 'peer-fin');
      assert.equal(result.delivered, deliveredAll);
    }
    assert.equal(promises.size, 3);
  });

  it('a limit that the buffered input has passed already leaves nothing behind', async () => {
    const { near, far } = await connectPair();
    near.on('readable', () => undefined);
    far.write(payload(100));
    await until('it is buffered', () => near.readableLength === 100);
    const own = Object.getOwnPropertyNames(near).sort();
    const listeners = near.listenerCount('finish');
    const result = await lingerClose(near, { maxBytes: 10 });
    assert.equal(result.outcome, 'byte-limit');
    assert.deepEqual(Object.getOwnPropertyNames(near).sort(), own);
    assert.equal(near.listenerCount('finish'), listeners);
  });

  it("a reset that makes our half-close fail is none of the peer's acknowledgement", async () => {
    for (const halfClosedBefore of [false, true]) {
      const { near, far } = await connectPair({ farSilent: true });
      silence(near);
      if (halfClosedBefore) {
        far.end();
        near.resume();
        listenAgain(near);
        await once(near, 'end');
      }
      near.write('z');
      const lingering = lingerClose(near);
      await resetClose(far); // before libuv gets to call shutdown(2)
      const result = await lingering;
      assert.equal(result.outcome, 'peer-reset');
      assert.equal(result.delivered, result.unackedBytes === 0);
    }
  });

  it('destroy() closes at once', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    near.write(payload(8_000_000));
    const lingering = lingerClose(near);
    near.destroy();
    const result = await lingering;
    assert.equal(result.outcome, 'already-closed');
    assert.equal(result.delivered, false);
    assert.ok((result.unackedBytes ?? 0) > 0);
    far.destroy();
  });

  it('destroy(error) does too, and the error is in the result', async () => {
    const { near } = await connectPair();
    const failure = new Error('mine');
    const lingering = lingerClose(near);
    near.destroy(failure);
    const result = await lingering;
    assert.equal(result.outcome, 'already-closed');
    assert.equal(result.error, failure);
  });

  it('resetClose() ends it, also where a destroy() is being held back', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    near.write(payload(8_000_000));
    const lingering = lingerClose(near);
    await resetClose(near);
    assert.equal((await lingering).outcome, 'already-closed');
    assert.equal((await readAll(far)).data.length < 8_000_000, true);
    const other = await connectPair({ farSilent: true });
    setLinger(other.near, 600);
    other.near.write(payload(8_000_000));
    other.near.destroy();
    assert.equal(getLinger(other.near), null, 'the wait is ours by now');
    await resetClose(other.near);
  });

  it('an abort ends it where a destroy() is being held back', async () => {
    const { near, far } = await connectPair({ server: { allowHalfOpen: false }, farSilent: true });
    near.on('error', () => undefined);
    near.write(payload(8_000_000));
    const controller = new AbortController();
    const lingering = lingerClose(near, { signal: controller.signal });
    near.end('late');
    await until('it is destroyed', () => near.destroyed);
    controller.abort();
    await assert.rejects(lingering, { name: 'AbortError' });
    far.destroy();
  });

  for (const family of tlsFamilies) {
    it(`${family}: unread input does not cost the answer`, async () => {
      const { near, far } = await connectPair({ family });
      silence(near);
      far.write(payload(300_000));
      await until('it has left', () => pendingBytes(far).writeBuffered === 0);
      near.write(answer);
      const lingering = lingerClose(near);
      const { data, saw } = await readAll(far);
      assert.equal(saw, 'end', 'close_notify and FIN');
      assert.ok(data.equals(answer));
      far.end();
      const result = await lingering;
      assert.equal(result.outcome, 'peer-fin');
      assert.equal(result.delivered, deliveredAll);
      // A record that had arrived in part is not counted: 16 KiB at the most.
      assert.ok(result.discardedBytes >= 300_000 - 16_384, String(result.discardedBytes));
    });
  }
});
