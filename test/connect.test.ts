// connect(): options are set before the SYN, and everything else is as with net.connect().
import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';

import { connect, getLinger, getOption, lingerClose, pendingBytes, setLinger, type ConnectOptions } from 'socket-linger';

import { failureOf, linuxOnly, lookupOf, settled, watch } from './support/connect-events.js';
import { certificate, freePort, listen, tcpFamilies, track, until } from './support/pair.js';
import { listenForSyns } from './support/syn.js';

const host = 'somewhere.test';
const both = ['::1', '127.0.0.1'];

describe('connect', () => {
  before(linuxOnly);

  for (const family of tcpFamilies) {
    it(`the SYN has the options, ${family}`, async () => {
      const { target, accept } = await listenForSyns(family);
      const [plain] = await Promise.all([accept(), settled(watch(net.connect(target)))]);
      const socketOptions = { maxSegment: 1024, receiveBufferSize: 4096 }; // the window is a number of segments
      const [{ syn }] = await Promise.all([accept(), settled(watch(connect({ ...target, socketOptions })))]);
      assert.ok(plain.syn.maxSegment > 1024 && plain.syn.window > 4096, JSON.stringify(plain.syn)); // the premise
      assert.deepEqual(syn, { maxSegment: 1024, window: 4096, windowScale: 0, data: 0 });
    });
  }

  it('each address that is tried has them, in every order of what listens', async () => {
    for (const [family, addresses] of [['ipv4', both], ['ipv4', both.toReversed()], ['ipv6', both], ['ipv6', both.toReversed()]] as const) {
      const { target, accept } = await listenForSyns(family);
      const socketOptions = { maxSegment: 1000, congestion: 'reno' };
      const far = watch(connect({ port: target.port, host, lookup: lookupOf(addresses), socketOptions }));
      const [{ syn }] = await Promise.all([accept(), settled(far)]);
      assert.equal(syn.maxSegment, 1000);
      assert.equal(getOption(far.socket, 'congestion'), 'reno');
      assert.equal(far.socket.remoteAddress, target.host);
    }
  });

  it('localhost, where only one of its addresses listens', async () => {
    for (const { family } of await lookup('localhost', { all: true })) {
      const { target, accept } = await listenForSyns(family === 6 ? 'ipv6' : 'ipv4');
      const far = watch(connect({ port: target.port, socketOptions: { maxSegment: 1000 } })); // the default host
      const [{ syn }] = await Promise.all([accept(), settled(far)]);
      assert.equal(syn.maxSegment, 1000);
    }
  });

  for (const autoSelectFamily of [true, false]) {
    for (const atOnce of [true, false]) {
      it(`a lookup that calls back ${atOnce ? 'at once' : 'later'}, autoSelectFamily: ${autoSelectFamily}`, async () => {
        const { target, accept } = await listenForSyns();
        const far = watch(connect({ port: target.port, host, lookup: lookupOf(['127.0.0.1'], atOnce), autoSelectFamily, socketOptions: { maxSegment: 1000 } }));
        const [{ syn }] = await Promise.all([accept(), settled(far)]);
        assert.equal(syn.maxSegment, 1000);
        assert.deepEqual(far.events, ['lookup', 'connectionAttempt', 'connect', 'ready']);
      });
    }
  }

  it("Node's own lookup", async () => {
    const { target, accept } = await listenForSyns();
    const far = watch(connect({ port: target.port, host: 'localhost', family: 4, socketOptions: { maxSegment: 1000 } }));
    const [{ syn }] = await Promise.all([accept(), settled(far)]);
    assert.equal(syn.maxSegment, 1000);
  });

  it('sets them in the order of the keys', async () => {
    const { target } = await listenForSyns();
    const first = watch(connect({ ...target, socketOptions: { priority: 5, tos: 0x10 } }));
    const second = watch(connect({ ...target, socketOptions: { tos: 0x10, priority: 5 } }));
    await Promise.all([settled(first), settled(second)]);
    assert.notEqual(getOption(first.socket, 'priority'), 5); // tos has changed it
    assert.equal(getOption(second.socket, 'priority'), 5);
  });

  it('sets all that a connecting socket can have', async () => {
    const { target } = await listenForSyns();
    const socketOptions = {
      bindToDevice: 'lo',
      congestion: 'reno',
      linger: 30,
      keepIdle: 77,
      noDelay: true,
      sendBufferSize: 16_384,
      synCount: 3,
      maxPacingRate: 1_000_000,
      windowClamp: 32_768,
    };
    const far = watch(connect({ ...target, socketOptions }));
    await settled(far);
    for (const [name, value] of Object.entries(socketOptions)) {
      const expected = name === 'sendBufferSize' ? 32_768 : value;
      assert.equal(getOption(far.socket, name as keyof typeof socketOptions), expected, name);
    }
  });

  it("leaves what is IPv6's alone out on IPv4, and options that are undefined", async () => {
    for (const [family, expected] of [['ipv4', null], ['ipv6', 0x28]] as const) {
      const { target } = await listenForSyns(family);
      const far = watch(connect({ ...target, socketOptions: { trafficClass: 0x28, tos: 0x28, mark: undefined } }));
      await settled(far);
      assert.deepEqual(far.errors, []);
      assert.equal(getOption(far.socket, 'tos'), 0x28);
      if (expected !== null) assert.equal(getOption(far.socket, 'trafficClass'), expected);
    }
  });

  it('options that count at bind are set before it', async () => {
    const { target } = await listenForSyns();
    const localAddress = '192.0.2.1'; // nobody's
    const without = watch(connect({ ...target, localAddress, socketOptions: { noDelay: true } }));
    assert.equal((await failureOf(without))?.code, 'EADDRNOTAVAIL');
    const far = watch(connect({ ...target, localAddress, socketOptions: { freebind: true } }));
    const bound = await new Promise((resolve) => far.socket.once('connectionAttempt', () => resolve(far.socket.localAddress)));
    assert.equal(bound, localAddress);
  });

  it('localAddress and localPort', async () => {
    for (const family of tcpFamilies) {
      const { target, accept } = await listenForSyns(family);
      const localPort = await freePort(family);
      const options = { ...target, localAddress: target.host, localPort, socketOptions: { maxSegment: 1000 } };
      const [{ syn, near }] = await Promise.all([accept(), settled(watch(connect(options)))]);
      assert.deepEqual([syn.maxSegment, near.remotePort], [1000, localPort]);
    }
  });

  it('the descriptor does not block and is not inherited', async () => {
    const { target } = await listenForSyns();
    const far = watch(connect({ ...target, socketOptions: { noDelay: true } }));
    await settled(far);
    const { fd } = (far.socket as unknown as { _handle: { fd: number } })._handle;
    const flags = parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))![1]!, 8);
    assert.equal(flags & 0o2004000, 0o2004000); // O_CLOEXEC, O_NONBLOCK
  });

  it('again, when the socket is connected again', async () => {
    const { target, accept } = await listenForSyns();
    const far = watch(connect({ ...target, socketOptions: { maxSegment: 1000 } }));
    await Promise.all([accept(), settled(far)]);
    far.socket.destroy();
    await once(far.socket, 'close');
    far.socket.connect(target);
    const [{ syn }] = await Promise.all([accept(), once(far.socket, 'connect')]);
    assert.equal(syn.maxSegment, 1000);
  });
});

describe("connect, Node's own behaviour", () => {
  before(linuxOnly);

  const withOptions = { socketOptions: { noDelay: true } };

  it('the events are those of net.connect(), and no listener of ours is on the socket', async () => {
    const { target } = await listenForSyns();
    const { port } = target;
    const cases: ConnectOptions[] = [
      target,
      { port, host, lookup: lookupOf(['127.0.0.1']) },
      { port, host, lookup: lookupOf(both) },
      { port, host, lookup: lookupOf(both), autoSelectFamily: false },
      { port, host, lookup: lookupOf(both), localAddress: '127.0.0.1', family: 4 },
    ];
    for (const options of cases) {
      const plain = net.connect(options);
      const ours = connect({ ...options, ...withOptions });
      assert.deepEqual(ours.eventNames(), plain.eventNames());
      const [theirs, own] = [watch(plain), watch(ours)];
      await Promise.all([settled(theirs), settled(own)]);
      assert.deepEqual(own.events, theirs.events);
      assert.deepEqual(own.errors.map(({ message }) => message), theirs.errors.map(({ message }) => message));
      assert.deepEqual(own.socket.eventNames(), theirs.socket.eventNames());
    }
  });

  it('the connect listener, timeout, allowHalfOpen, noDelay, keepAlive, onread', async () => {
    const { target, accept } = await listenForSyns();
    const received: string[] = [];
    const onread = {
      buffer: Buffer.alloc(16),
      callback: (bytes: number, buffer: Uint8Array): boolean => {
        received.push(Buffer.from(buffer.subarray(0, bytes)).toString());
        return true;
      },
    };
    let calls = 0;
    const far = watch(
      connect(
        { ...target, timeout: 12_345, allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 9000, onread, socketOptions: { congestion: 'reno' } },
        () => (calls += 1),
      ),
    );
    assert.equal(far.socket.timeout, 12_345);
    const [{ near }] = await Promise.all([accept(), settled(far)]);
    assert.equal(calls, 1);
    assert.deepEqual(
      [getOption(far.socket, 'noDelay'), getOption(far.socket, 'keepalive'), getOption(far.socket, 'keepIdle')],
      [true, true, 9],
    );
    near.end('bye');
    await once(far.socket, 'end');
    assert.deepEqual(received, ['bye']);
    assert.equal(far.socket.writable, true); // half-open
    far.socket.end('and back');
    assert.equal(String((await near.toArray())[0]), 'and back');
  });

  it('a timeout while nobody answers', async () => {
    const far = watch(connect({ port: 1, host, timeout: 5, lookup: () => undefined, ...withOptions }));
    await once(far.socket, 'timeout');
    far.socket.destroy();
    await once(far.socket, 'close');
    assert.deepEqual(far.events, ['timeout', 'close']);
  });

  it("stays in step with Node's setNoDelay()", async () => {
    const { target } = await listenForSyns();
    const off = watch(connect({ ...target, socketOptions: { noDelay: true } }));
    await settled(off);
    off.socket.setNoDelay(false);
    assert.equal(getOption(off.socket, 'noDelay'), false);
    const on = watch(connect({ ...target, noDelay: true, socketOptions: { noDelay: false } }));
    await settled(on);
    assert.equal(getOption(on.socket, 'noDelay'), false);
  });

  it('without options it is net.connect()', async () => {
    const { target } = await listenForSyns();
    for (const options of [target, { ...target, socketOptions: {} }, { ...target, socketOptions: undefined }]) {
      const far = watch(connect(options));
      await settled(far);
      assert.deepEqual(far.events, ['connectionAttempt', 'connect', 'ready']);
    }
  });

  it('lingerClose(), setLinger() and pendingBytes() work on it', async () => {
    const { target, accept } = await listenForSyns();
    const far = watch(connect({ ...target, socketOptions: { sendBufferSize: 16_384 } }));
    const [{ near }] = await Promise.all([accept(), settled(far)]);
    setLinger(far.socket, 5);
    assert.equal(getLinger(far.socket), 5);
    assert.equal(pendingBytes(far.socket).writeBuffered, 0);
    const received = near.toArray();
    far.socket.write(Buffer.alloc(300_000));
    const closing = lingerClose(far.socket);
    assert.equal(Buffer.concat((await received) as Buffer[]).length, 300_000);
    near.end();
    assert.deepEqual([(await closing).outcome, (await closing).delivered], ['peer-fin', true]);
  });

  it('TLS goes on top: tls.connect({ socket })', async () => {
    const server = tls.createServer(certificate);
    const target = (await listen(server)) as { host: string; port: number };
    const socket = track(connect({ ...target, socketOptions: { congestion: 'reno', maxSegment: 1000 } }));
    const secure = track(tls.connect({ socket, rejectUnauthorized: false }));
    await once(secure, 'secureConnect');
    assert.equal(getOption(secure, 'congestion'), 'reno');
    secure.end();
    secure.resume();
    await once(secure, 'close');
  });

  it('http goes on top: createConnection', async () => {
    const server = http.createServer((_request, response) => response.end('hello'));
    const { port } = (await listen(server)) as { port: number };
    const sockets: net.Socket[] = [];
    class Agent extends http.Agent {
      override createConnection(options: ConnectOptions): net.Socket {
        const socket = track(connect({ ...options, socketOptions: { congestion: 'reno' } }));
        sockets.push(socket);
        return socket;
      }
    }
    const agent = new Agent();
    const request = http.get({ port, host: '127.0.0.1', path: '/somewhere', agent });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    assert.equal(getOption(sockets[0]!, 'congestion'), 'reno');
    assert.equal(String((await response.toArray())[0]), 'hello');
    agent.destroy();
    await until('the connection is closed', () => sockets.every(({ destroyed }) => destroyed));
  });
});
