// closeCause(): every end that one machine can make. close-cause-network.test.ts has those that need a broken network.
import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';

import {
  closeCause,
  enableLingeringClose,
  lingerClose,
  pendingBytes,
  resetClose,
  setLinger,
  shutdownRead,
  type CloseCause,
} from 'socket-linger';

import { describeEngines } from './support/engines.js';
import { closed, connectPair, listen, payload, readAll, resetArrived, silence, listenAgain, sleep, tcpFamilies, tlsFamilies, track, until, type Family, type Pair } from './support/pair.js';

const families = [...tcpFamilies, ...tlsFamilies, 'unix'] as const;
const hasReset = (family: Family): boolean => family !== 'unix';

/** Only what is asked for is compared. */
function check(socket: net.Socket, expected: { [Key in keyof CloseCause]?: CloseCause[Key] | undefined } & { code?: string }): void {
  const end = closeCause(socket);
  assert.ok(end, 'it has ended');
  const { code, ...rest } = expected;
  for (const [key, value] of Object.entries(rest)) assert.deepEqual(end[key as keyof CloseCause], value, key);
  if (code !== undefined) assert.equal((end.error as NodeJS.ErrnoException | undefined)?.code, code);
  assert.equal(closeCause(socket), end);
}

const entry = new URL('../../dist/lib/index.js', import.meta.url).href;

/** In a process of its own. */
function runModule(source: string): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8', timeout: 55_000 });
}

async function watched(family: Family, server: net.ServerOpts = { allowHalfOpen: false }): Promise<Pair> {
  const pair = await connectPair({ family, server });
  assert.equal(closeCause(pair.near), null);
  for (const one of [pair.near, pair.far]) one.on('error', () => undefined);
  return pair;
}

describe('closeCause', () => {
  for (const family of families) {
    it(`eof: the peer closes first, ${family}`, async () => {
      const { near, far } = await watched(family);
      near.resume();
      far.resume().end('bye');
      await closed(near);
      check(near, { cause: 'eof', detail: undefined, error: undefined, unreadBytes: 0 });
    });

    it(`closed-locally: we close first, ${family}`, async () => {
      const { near, far } = await watched(family);
      far.resume();
      near.resume().end('bye');
      far.once('end', () => far.end());
      await closed(near);
      check(near, { cause: 'closed-locally', detail: undefined, error: undefined, unreadBytes: 0 });
    });

    it(`closed-locally: destroy(), with its error, ${family}`, async () => {
      const { near } = await watched(family);
      const error = new Error('enough');
      near.destroy(error);
      assert.notEqual(closeCause(near), null, 'known at once');
      check(near, { cause: 'closed-locally', error });
    });

    it(`aborted-locally: destroy() with unread input, ${family}`, async () => {
      const { near, far } = await watched(family);
      silence(near);
      far.write(payload(1000));
      await until('it has arrived', () => pendingBytes(near).unread! >= 1000);
      const { unread } = pendingBytes(near);
      near.destroy();
      check(near, { cause: 'aborted-locally', detail: 'unread-input', unreadBytes: unread });
    });

    it(`aborted-locally: destroy() with output above the kernel, ${family}`, async () => {
      const { near, far } = await watched(family);
      silence(far);
      near.write(payload(20_000_000));
      await until('the kernel is full', () => pendingBytes(near).writeBuffered > 0 && near.writableLength > 0);
      near.destroy();
      check(near, { cause: 'aborted-locally', detail: 'unsent-output' });
      assert.ok(closeCause(near)!.unackedBytes! > 0);
    });
  }

  for (const family of families.filter(hasReset)) {
    it(`reset-by-peer, ${family}`, async () => {
      const { near, far } = await watched(family);
      near.resume();
      await resetClose(far);
      await closed(near);
      check(near, { cause: 'reset-by-peer', code: 'ECONNRESET' });
    });

    it(`aborted-locally: resetClose(), also after end(), ${family}`, async () => {
      for (const isEnded of [false, true]) {
        const { near } = await watched(family);
        if (isEnded) near.end();
        await resetClose(near);
        check(near, { cause: 'aborted-locally', detail: 'reset' });
      }
    });
  }

  it('reset-by-peer: unread data came before it, and some versions of Node see a clean end', async () => {
    const { near, far } = await watched('ipv4');
    silence(near);
    far.write('some');
    await until('it has arrived', () => pendingBytes(near).unread === 4);
    far.resetAndDestroy();
    await closed(far);
    await resetArrived(near);
    listenAgain(near);
    near.resume();
    await closed(near);
    check(near, { cause: 'reset-by-peer', code: 'ECONNRESET' });
  });

  it('broken-pipe: we write after the close, and Node is told, or is not', async () => {
    for (const isTold of [true, false]) {
      const { near, far } = await watched('ipv4', { allowHalfOpen: true });
      near.resume();
      far.resume().destroy();
      await once(near, 'end');
      near.write('one');
      await resetArrived(near);
      if (isTold) near.write('two');
      else near.destroy();
      await closed(near);
      check(near, { cause: 'broken-pipe', code: 'EPIPE', unackedBytes: 3 });
    }
  });

  it('broken-pipe: Node itself refuses to write after the FIN', async () => {
    const { near, far } = await watched('ipv4');
    // Two ticks later Node has ended the socket by itself.
    near.once('end', () => process.nextTick(() => process.nextTick(() => near.write('late'))));
    near.resume();
    far.end();
    await closed(near);
    check(near, { cause: 'broken-pipe', code: 'EPIPE' });
  });

  it('aborted-locally: resetAndDestroy(), and SO_LINGER 0', async () => {
    for (const reset of [(near: net.Socket) => near.resetAndDestroy(), (near: net.Socket) => (setLinger(near, 0), near.destroy())]) {
      const { near } = await watched('ipv4');
      reset(near);
      check(near, { cause: 'aborted-locally', detail: 'reset' });
      await closed(near);
    }
  });

  it('not-connected: refused, by one address or by all, and a name that there is not', async () => {
    const server = net.createServer();
    const { port } = (await listen(server)) as net.TcpNetConnectOpts;
    await new Promise((resolve) => server.close(resolve));
    for (const [host, code] of [['127.0.0.1', 'ECONNREFUSED'], ['localhost', 'ECONNREFUSED']] as const) {
      const socket = track(net.connect({ port, host }));
      assert.equal(closeCause(socket), null);
      socket.on('error', () => undefined);
      await closed(socket);
      check(socket, { cause: 'not-connected', code, unackedBytes: 0, unreadBytes: 0 });
    }
    const socket = track(net.connect({ port: 1, host: 'no.such.host.invalid.' }));
    closeCause(socket);
    const [error] = (await once(socket, 'error')) as [Error];
    check(socket, { cause: 'not-connected', error });
  });

  it("our own SHUT_RD is not the peer's end", async () => {
    const { near } = await watched('ipv4');
    near.resume();
    shutdownRead(near);
    await closed(near);
    check(near, { cause: 'closed-locally' });
  });

  it('half-open: the one who has ended first', async () => {
    const { near, far } = await watched('ipv4', { allowHalfOpen: true });
    near.resume();
    far.end();
    await once(near, 'end');
    assert.equal(closeCause(near), null, 'still open');
    near.end('a late answer');
    await readAll(far);
    await closed(near);
    check(near, { cause: 'eof' });
  });

  it('the FIN is still unread: destroy() ends what the peer has ended', async () => {
    const { near, far } = await watched('ipv4');
    silence(near);
    far.end();
    await sleep(20);
    near.destroy();
    check(near, { cause: 'eof' });
  });

  it('asked for too late: what is left of it, and no tracking', async () => {
    const { near, far } = await connectPair({ server: { allowHalfOpen: false } });
    near.resume();
    far.end();
    await closed(near);
    assert.deepEqual(closeCause(near), { cause: 'unknown', unackedBytes: null, unreadBytes: null });
    const other = await connectPair();
    other.near.on('error', () => undefined).resume();
    other.far.resetAndDestroy();
    await closed(other.near);
    assert.equal(closeCause(other.near)?.cause, 'reset-by-peer');
  });

  it('a socket that was never opened, and one that is connected again', async () => {
    const socket = track(new net.Socket());
    assert.equal(closeCause(socket), null);
    const server = net.createServer((near) => near.resume().end());
    const target = await listen(server);
    for (let round = 0; round < 2; round += 1) {
      socket.connect(target);
      await once(socket, 'connect');
      assert.equal(closeCause(socket), null, 'open');
      socket.resume();
      await once(socket, 'close');
      assert.equal(closeCause(socket)?.cause, 'eof');
    }
    const never = track(new net.Socket());
    closeCause(never);
    never.destroy();
    check(never, { cause: 'closed-locally' });
  });

  it('adds no listener, and hides no error', async () => {
    const { near } = await connectPair();
    const count = (): number[] => near.eventNames().map((name) => near.listenerCount(name));
    const before = count();
    closeCause(near);
    assert.deepEqual(count(), before);
    const source = `import net from 'node:net'; import { closeCause } from ${JSON.stringify(entry)};
      const server = net.createServer((socket) => { socket.resetAndDestroy(); server.close(); });
      server.listen(0, () => closeCause(net.connect(server.address().port).resume()));`;
    const { status, stderr } = runModule(source);
    assert.equal(status, 1);
    assert.match(stderr, /Unhandled 'error' event[^]*ECONNRESET/);
  });

  it('asks the kernel about clean closes only once somebody has asked: until then Node knows', () => {
    // A process of its own: nobody has called closeCause() in it.
    const source = String.raw`
      import { once } from 'node:events';
      import http from 'node:http';
      import net from 'node:net';
      import { closeCause, enableLingeringClose } from ${JSON.stringify(entry)};
      const server = http.createServer((_, response) => response.end('x'.repeat(1000)));
      enableLingeringClose(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const found = [];
      for (let round = 0; round < 2; round += 1) {
        const client = net.connect(server.address().port, '127.0.0.1');
        client.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
        const [near] = await once(server, 'connection');
        client.resume();
        await once(near, 'close');
        const { cause, unreadBytes } = closeCause(near);
        found.push([cause, unreadBytes]);
      }
      server.close();
      console.log(JSON.stringify(found));`;
    const { stdout, stderr } = runModule(source);
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), [
      ['closed-locally', null],
      ['closed-locally', 0],
    ]);
  });

  it('refuses what is no socket', () => {
    for (const one of [undefined, null, 5, {}, net.createServer(), new Proxy(new net.Socket(), {})]) {
      assert.throws(() => closeCause(one as net.Socket), { code: 'ERR_INVALID_ARG_TYPE' });
    }
  });
});

describeEngines('closeCause and lingers', () => {
  for (const family of families) {
    it(`lingerClose(): we closed first, or the peer had; what was thrown away is unread, ${family}`, async () => {
      for (const isFirst of [true, false]) {
        const { near, far } = await watched(family, { allowHalfOpen: true });
        far.resume();
        if (!isFirst) {
          near.resume();
          far.end();
          await once(near, 'end');
        } else {
          silence(near);
          far.write(payload(5000));
          await until('it has arrived', () => pendingBytes(near).unread! >= 5000);
          far.once('end', () => far.end());
        }
        const lingering = lingerClose(near);
        assert.equal(closeCause(near), null, 'not yet');
        const { discardedBytes, unackedBytes } = await lingering;
        check(near, { cause: isFirst ? 'closed-locally' : 'eof', unreadBytes: discardedBytes, unackedBytes });
        assert.equal(discardedBytes > 0, isFirst);
      }
    });
  }

  for (const first of ['closeCause', 'setLinger'] as const) {
    it(`setLinger(): the end is the end of the wait; ${first}() came first`, async () => {
      const { near, far } = await connectPair();
      silence(far);
      if (first === 'closeCause') closeCause(near);
      setLinger(near, 30);
      closeCause(near);
      near.write(payload(1_000_000));
      near.destroy();
      await sleep(30);
      assert.equal(closeCause(near), null, 'lingers');
      void readAll(far);
      await closed(near);
      check(near, { cause: 'closed-locally', unackedBytes: 0 });
    });
  }

  it('setLinger(): a reset stays one, and so does the application\'s', async () => {
    const { near, far } = await watched('ipv4');
    setLinger(near, 30);
    near.resume();
    far.resetAndDestroy();
    await closed(near);
    check(near, { cause: 'reset-by-peer', code: 'ECONNRESET' });
    const other = await watched('ipv4');
    setLinger(other.near, 30);
    other.near.resetAndDestroy();
    await closed(other.near);
    check(other.near, { cause: 'aborted-locally', detail: 'reset' });
  });

  it('lingerClose(): the peer resets in the middle, we do, destroy() does, a limit is reached', async () => {
    const begin = async (options = {}): Promise<Pair & { done: Promise<unknown> }> => {
      const pair = await watched('ipv4', { allowHalfOpen: true });
      silence(pair.far);
      pair.near.write(payload(1000));
      const done = lingerClose(pair.near, options);
      await sleep(30);
      return { ...pair, done };
    };
    const reset = await begin();
    reset.far.resetAndDestroy();
    await reset.done;
    check(reset.near, { cause: 'reset-by-peer', code: 'ECONNRESET' });
    const ours = await begin();
    await resetClose(ours.near);
    check(ours.near, { cause: 'aborted-locally', detail: 'reset' });
    const destroyed = await begin();
    destroyed.near.destroy();
    await destroyed.done;
    check(destroyed.near, { cause: 'closed-locally' });
    const limited = await begin({ timeout: 50, onTimeout: 'reset' });
    await limited.done;
    check(limited.near, { cause: 'aborted-locally', detail: 'reset' });
  });

  it('asked for the first time in the middle of a linger', async () => {
    const { near, far } = await connectPair();
    far.resume();
    const done = lingerClose(near);
    await sleep(20);
    assert.equal(closeCause(near), null);
    far.end();
    await done;
    check(near, { cause: 'closed-locally' });
  });

  it('enableLingeringClose() begins it, for http, net and tls', async () => {
    const server = http.createServer((_, response) => response.writeHead(413, { connection: 'close' }).end('x'.repeat(300_000)));
    enableLingeringClose(server);
    const target = await listen(server);
    const accepted = once(server, 'connection') as Promise<[net.Socket]>;
    const client = track(net.connect(target));
    client.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n${'y'.repeat(50_000)}`);
    const [near] = await accepted;
    const { saw } = await readAll(client);
    assert.equal(saw, 'end');
    client.end();
    await closed(near);
    check(near, { cause: 'closed-locally', unackedBytes: 0 });

    for (const family of ['ipv4', 'tls1.3'] as const) {
      const pair = await connectPair({ family });
      enableLingeringClose(pair.server);
      const event = pair.server instanceof tls.Server ? 'secureConnection' : 'connection';
      const next = once(pair.server, event) as Promise<[net.Socket]>;
      const address = pair.server.address() as net.AddressInfo;
      const options = { port: address.port, host: address.address, rejectUnauthorized: false };
      const far = track(family === 'ipv4' ? net.connect(options) : tls.connect(options));
      const [kept] = await next;
      kept.resume();
      far.resume().end();
      await once(kept, 'end');
      kept.end();
      await closed(kept);
      check(kept, { cause: 'eof' });
    }
  });
});
