// What is Windows' own: finding the SOCKET that Node does not show, Winsock's options, its error codes. npm run test:windows
// runs it under Wine.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';

import { connect, getLinger, getNoDelay, getOption, lingerClose, pendingBytes, setLinger, setNoDelay, setOption, shutdown, supportedOptions, type OptionSocket } from 'socket-linger';

import { descriptorOf, optionDescriptorOf, prepareDescriptors } from '#lib/handle.js';
import { native } from '#lib/native.js';

import { closed, connectPair, listen, payload, readAll, tcpFamilies, tlsFamilies, track, until } from './support/pair.js';
import { skip } from './support/skip.js';
import { isWindows, isWine } from './support/windows.js';

interface Handle {
  close: (this: Handle, callback?: () => void) => void;
  hasRef(): boolean;
}

function handleOf(socket: net.Socket): Handle {
  return (socket as unknown as { _handle: Handle })._handle;
}

/** A connection whose SOCKET Node was given by us. */
async function connectOpened(): Promise<{ near: net.Socket; far: net.Socket }> {
  const server = net.createServer();
  const target = (await listen(server)) as net.TcpNetConnectOpts;
  const near = track(connect({ ...target, socketOptions: { noDelay: false } }));
  const [[far]] = await Promise.all([once(server, 'connection') as Promise<[net.Socket]>, once(near, 'connect')]);
  return { near, far: track(far) };
}

const connections = [['a connection', connectPair], ['one of connect()', connectOpened]] as const;

/** Whether the SOCKET is (still) one. */
function isOpen(descriptor: number): boolean {
  try {
    native.takeError(descriptor);
    return true;
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOTSOCK');
    return false;
  }
}


describe('Windows', () => {
  before(function () {
    if (!isWindows) skip(this, 'this is not Windows');
  });

  describe('the SOCKET of', () => {
    for (const family of [...tcpFamilies, ...tlsFamilies]) {
      it(`the two ends of a connection in one process, and their listener, ${family}`, async () => {
        const { near, far, server } = await connectPair({ family });
        const all = [near, far, server];
        assert.equal(new Set(all.map(optionDescriptorOf)).size, 3);
        assert.deepEqual(all.map((one) => getOption(one, 'acceptConnection')), [false, false, true]);
        setNoDelay(near, true);
        setNoDelay(far, false);
        assert.deepEqual([getNoDelay(near), getNoDelay(far)], [true, false]);
      });
    }

    it('each of many connections', async () => {
      const pairs = await Promise.all(Array.from({ length: 40 }, () => connectPair()));
      pairs.forEach(({ near }, index) => setLinger(near, index + 1));
      assert.deepEqual(pairs.map(({ near }) => getLinger(near)), pairs.map((_pair, index) => index + 1));
      assert.ok(pairs.every(({ far }) => getLinger(far) === null));
      for (const { near } of pairs) setLinger(near, null);
    });

    it('all of many at once, which are the right ones and keep their references', async () => {
      const pairs = await Promise.all(Array.from({ length: 40 }, () => connectPair()));
      const pipe = await connectPair({ family: 'unix' });
      const all = pairs.flatMap(({ near, far }) => [near, far]);
      all.forEach((socket, index) => {
        if (index % 3 === 0) socket.unref();
      });
      prepareDescriptors([...all, pairs[0]!.near, pipe.near, new net.Socket()]);
      const find = native.findDescriptors;
      // Nothing is looked for any more.
      Object.assign(native, { findDescriptors: () => assert.fail('it was known') });
      try {
        assert.equal(new Set(all.map(descriptorOf)).size, all.length);
        assert.deepEqual(all.map((socket) => handleOf(socket).hasRef()), all.map((_socket, index) => index % 3 !== 0));
        for (const { near, far } of pairs) {
          far.ref().resume();
          shutdown(near, 'write');
          await once(far, 'end');
        }
      } finally {
        Object.assign(native, { findDescriptors: find });
      }
    });

    it('dgram sockets', async () => {
      const sockets = [dgram.createSocket('udp4').bind(0, '127.0.0.1'), dgram.createSocket('udp6').bind(0, '::1')];
      try {
        await Promise.all(sockets.map((socket) => once(socket, 'listening')));
        assert.deepEqual(sockets.map((socket) => getOption(socket, 'type')), [2, 2]);
        setOption(sockets[0]!, 'ttl', 42);
        assert.equal(getOption(sockets[0]!, 'ttl'), 42);
      } finally {
        for (const socket of sockets) socket.close();
      }
      assert.throws(() => getOption(sockets[0]!, 'ttl'), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    });

    it('a connection that has lost its peer, next to others that have', async () => {
      const pairs = await Promise.all(Array.from({ length: 3 }, () => connectPair()));
      for (const { near, far } of pairs) {
        near.on('error', () => undefined);
        near.pause();
        far.resetAndDestroy();
        await closed(far);
      }
      const open = pairs.map(({ near }) => near).filter((near) => !near.destroyed);
      open.forEach((near, index) => setLinger(near, index + 7));
      assert.deepEqual(open.map(getLinger), open.map((_near, index) => index + 7));
    });

    it('a connection in a worker, which has a loop of its own', async () => {
      const { near } = await connectPair();
      const worker = new Worker(
        `const net = require('node:net');
         const { parentPort } = require('node:worker_threads');
         import(${JSON.stringify(import.meta.resolve('socket-linger'))}).then(({ getNoDelay, setNoDelay }) => {
           const server = net.createServer((near) => {
             setNoDelay(near, true);
             parentPort.postMessage([getNoDelay(near), getNoDelay(far)]);
             far.destroy();
             near.destroy();
             server.close();
           }).listen(0, '127.0.0.1', () => { far = net.connect(server.address().port, '127.0.0.1'); });
           let far;
         });`,
        { eval: true },
      );
      setNoDelay(near, false);
      const [[message]] = await Promise.all([once(worker, 'message') as Promise<[unknown]>, once(worker, 'exit')]);
      assert.deepEqual(message, [true, false]);
      assert.equal(getNoDelay(near), false);
    });

    it('a socket that has no reference, which it does not get by that', async () => {
      const { near, far } = await connectPair();
      near.unref();
      assert.ok(descriptorOf(near) >= 0);
      assert.ok(descriptorOf(far) >= 0);
      assert.deepEqual([handleOf(near).hasRef(), handleOf(far).hasRef()], [false, true]);
    });
  });

  for (const [what, connectOne] of connections) {
    it(`a closed handle has no SOCKET, also when its number is used again: ${what}`, async () => {
      const { near, far } = await connectOne();
      const before = descriptorOf(near);
      handleOf(near).close(); // past Node, which does not notice
      assert.throws(() => getNoDelay(near), { code: 'ERR_NO_DESCRIPTOR' });
      for (let round = 0; round < 20; round += 1) {
        const { near: other } = await connectPair();
        assert.throws(() => getNoDelay(near), { code: 'ERR_NO_DESCRIPTOR' });
        setNoDelay(other, true);
        if (descriptorOf(other) === before) break;
      }
      near.destroy();
      assert.throws(() => getNoDelay(near), { code: 'ERR_SOCKET_CLOSED' });
      far.destroy();
    });

    // Wine's closesocket() does not mind: on Windows the SOCKET would stay open.
    it(`the kernel's linger is off by the time Node closes a handle: ${what}`, async () => {
      const { near, far } = await connectOne();
      const seen: unknown[] = [];
      const linger = native.options.find(({ name }) => name === 'linger')!;
      const prototype = Object.getPrototypeOf(handleOf(near)) as Handle;
      const close = prototype.close;
      // Looked at, not replaced
      prototype.close = function (...args) {
        if (this === handle && seen.length === 0) seen.push(linger.get!(descriptor));
        Reflect.apply(close, this, args);
      };
      const handle = handleOf(near);
      let descriptor = -1;
      try {
        setLinger(near, 5);
        descriptor = descriptorOf(near);
        handle.close();
      } finally {
        prototype.close = close;
      }
      assert.deepEqual(seen, [null]);
      near.destroy();
      far.destroy();
    });
  }

  it('knows no SOCKET before there is one', () => {
    const sockets: OptionSocket[] = [new net.Socket(), net.createServer(), dgram.createSocket('udp4').unref()];
    for (const socket of sockets) assert.throws(() => getOption(socket, 'type'), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    (sockets[2] as dgram.Socket).close();
  });

  for (const [how, end] of [['by itself', ''], ['by process.exit()', 'process.exit();']]) {
    it(`the kernel's linger is off by the time a worker ends ${how}, which closes what it has open`, async () => {
      const seconds = new Int32Array(new SharedArrayBuffer(8));
      const worker = new Worker(
        `const net = require('node:net');
         const { workerData } = require('node:worker_threads');
         import(${JSON.stringify(import.meta.resolve('socket-linger'))}).then(({ getLinger, setLinger }) => {
           const server = net.createServer((near) => {
             setLinger(near, 5);
             workerData[0] = getLinger(near);
             process.on('exit', () => (workerData[1] = getLinger(near) ?? -1));
             for (const one of [near, far, server]) one.unref();
             ${end}
           }).listen(0, '127.0.0.1', () => { far = net.connect(server.address().port, '127.0.0.1'); });
           let far;
         });`,
        { eval: true, workerData: seconds },
      );
      await once(worker, 'exit');
      assert.deepEqual([...seconds], [5, -1]);
    });
  }

  it('setLinger(n) leaves no SOCKET behind, whoever closes', async () => {
    for (const close of [(near: net.Socket) => void near.destroy(), (near: net.Socket) => handleOf(near).close()]) {
      const { near, far } = await connectPair();
      const descriptor = descriptorOf(near);
      near.write(payload(100_000));
      setLinger(near, 5);
      const received = readAll(far);
      close(near);
      far.end();
      const { data, saw } = await received;
      assert.deepEqual([data.length, saw], [100_000, 'end']);
      await until('the SOCKET is closed', () => !isOpen(descriptor));
      near.destroy();
    }
  });

  it('destroy() after setLinger(n) reads to the end before it closes', async () => {
    const { near, far } = await connectPair();
    near.write(payload(200_000));
    far.write(payload(200_000));
    setLinger(near, 600); // which nobody waits for
    near.destroy();
    const { data, saw } = await readAll(far);
    assert.deepEqual([data.length, saw], [200_000, 'end']);
    far.end();
    await closed(near);
  });

  it('refuses a linger that the kernel would do by itself', async () => {
    const { near } = await connectPair();
    assert.throws(() => setLinger(near, 5, { blocking: true }), { code: 'ERR_OPTION_NOT_SUPPORTED', message: /WSAEWOULDBLOCK/ });
    assert.throws(() => setOption(near, 'linger', 5), { code: 'ERR_OPTION_NOT_SUPPORTED', message: /WSAEWOULDBLOCK/ });
    setOption(near, 'linger', 0);
    assert.equal(getLinger(near), 0);
    setLinger(near, null, { blocking: true });
    assert.equal(getLinger(near), null);
  });

  it('takes as many seconds as a u_short has', async () => {
    const { near } = await connectPair();
    setLinger(near, 65_535);
    assert.equal(getLinger(near), 65_535);
    assert.throws(() => setLinger(near, 65_536), { code: 'ERR_OUT_OF_RANGE' });
    setLinger(near, null);
  });

  it('has the options of Winsock', () => {
    for (const name of ['exclusiveAddressUse', 'keepCount', 'linger', 'maxRetransmitTimeMs', 'noDelay', 'unicastHops'] as const) {
      assert.ok(supportedOptions().includes(name), name);
    }
    assert.ok(!supportedOptions().includes('cork'));
  });

  it('exclusiveAddressUse', async () => {
    const server = net.createServer();
    await listen(server);
    assert.equal(typeof getOption(server, 'exclusiveAddressUse'), 'boolean');
  });

  it('a named pipe is closed well, and has no queue that could be asked', async () => {
    const { near, far, server } = await connectPair({ family: 'unix' });
    assert.throws(() => getOption(server, 'type'), { code: 'ERR_NO_DESCRIPTOR' });
    assert.deepEqual(pendingBytes(near), { unread: null, unacked: null, unsent: null, readBuffered: 0, writeBuffered: 0 });
    near.write('answer');
    const received = readAll(far).then((all) => (far.end(), all));
    assert.equal((await lingerClose(near)).outcome, 'peer-fin');
    assert.deepEqual((await received).data.toString(), 'answer');
    assert.throws(() => getOption(near, 'type'), { code: 'ERR_SOCKET_CLOSED' });
  });

  for (const family of tcpFamilies) {
    it(`connect() sets options before the SYN, on a SOCKET of ours, ${family}`, async () => {
      const server = net.createServer((socket) => void socket.end('answer'));
      const target = (await listen(server, family)) as net.TcpNetConnectOpts;
      const socket = track(connect({ ...target, socketOptions: { receiveBufferSize: 20_000, noDelay: true, keepalive: true } }));
      await once(socket, 'connect');
      const names = ['receiveBufferSize', 'noDelay', 'keepalive'] as const;
      assert.deepEqual(names.map((name) => getOption(socket, name)), [20_000, true, true]);
      assert.equal((await readAll(socket)).data.toString(), 'answer');
    });

    it(`connect() reports what the system refuses, and leaves no SOCKET behind, ${family}`, async () => {
      const server = net.createServer();
      const target = (await listen(server, family)) as net.TcpNetConnectOpts;
      let descriptor = -1;
      const open = native.openSocket.bind(native);
      // Looked at, not replaced
      native.openSocket = (isIPv6) => (descriptor = open(isIPv6));
      try {
        // Wine does not know it; Windows takes it.
        const socket = track(connect({ ...target, socketOptions: { maxRetransmitTime: 20 } }));
        const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
          socket.once('error', resolve).once('connect', () => resolve(null));
        });
        if (isWine) assert.deepEqual([error?.code, error?.syscall], ['ENOPROTOOPT', 'setsockopt']);
        socket.destroy();
        await closed(socket);
      } finally {
        native.openSocket = open;
      }
      assert.ok(descriptor >= 0);
      await until('the SOCKET is closed', () => !isOpen(descriptor));
    });
  }

  it("every WSA code that Node knows has Node's name, and libuv's number", () => {
    // Winsock's names for what has another name in Node
    const renamed: Readonly<Record<string, string>> = { EWOULDBLOCK: 'EAGAIN', ESHUTDOWN: 'EPIPE', EDISCON: 'EPIPE' };
    // Of WSAStartup(), services and the like: no socket call answers these.
    const others = /^WSA(SYSNOTREADY|VERNOTSUPPORTED|NOTINITIALISED|SERVICE|TYPE_NOT|_E_|EREFUSED|ENOMORE|ECANCELLED|EINVALIDPROC|EINVALIDPROVIDER|EPROVIDER|ESTALE|EREMOTE|EDQUOT|EUSERS|EPROCLIM|ENOTEMPTY|SYSCALLFAILURE|ETOOMANYREFS)/;
    let count = 0;
    for (const [name, number] of Object.entries(constants.errno as unknown as Record<string, number>)) {
      if (!name.startsWith('WSA') || others.test(name)) continue;
      const { code, errno, syscall } = native.makeError(number, 'recv');
      const expected = name.slice(3);
      assert.equal(code, renamed[expected] ?? expected);
      assert.ok(errno! < 0, name);
      assert.equal(syscall, 'recv');
      count += 1;
    }
    assert.ok(count > 30, String(count));
    assert.deepEqual([native.makeError(10_054, 'recv').errno, native.makeError(10_042, 'getsockopt').errno], [-4077, -4035]);
    assert.equal(native.makeError(1, 'recv').code, 'UNKNOWN');
  });
});
