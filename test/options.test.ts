// Every row of the option registry, on real sockets, in its order.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { endianness } from 'node:os';

import {
  getOption,
  getRawOption,
  setOption,
  setRawOption,
  supportedOptions,
  type OptionName,
  type OptionSocket,
  type ReadableOptionName,
  type SettableOptionName,
} from 'socket-linger';

import { native } from '#lib/native.js';
import { type OptionRow, type SocketKind } from '#lib/option-row.js';
import { registry } from '#lib/options.js';

import { runInNamespace } from './support/namespace.js';
import { connectPair, listen, tlsFamilies } from './support/pair.js';
import { needsLinux, needsNamespace, skip } from './support/skip.js';

const rows = Object.entries(registry) as [OptionName, OptionRow][];
const supported = new Set<string>(native.options.map(({ name }) => name));
const isRoot = process.getuid?.() === 0;

async function open(kind: SocketKind): Promise<OptionSocket> {
  if (kind !== 'listener') return (await connectPair({ family: kind })).near;
  const server = net.createServer();
  await listen(server);
  return server;
}

function get(socket: OptionSocket, name: OptionName): unknown {
  return getOption(socket, name as ReadableOptionName);
}

function set(socket: OptionSocket, name: OptionName, value: unknown): void {
  setOption(socket, name as SettableOptionName, value as never);
}

describe('options', () => {
  for (const [name, row] of rows) {
    for (const kind of row.sockets) {
      it(`${name}, ${kind}`, async function () {
        if (!supported.has(name)) {
          const socket = await open(kind);
          assert.throws(() => get(socket, name), { code: 'ERR_OPTION_NOT_SUPPORTED' });
          return;
        }
        if (row.privilege?.startsWith('CAP_') === true && !isRoot) skip(this, `needs ${row.privilege}`);
        const socket = await open(kind);
        const { example } = row;
        if (row.access === 'w') {
          set(socket, name, example);
          assert.throws(() => get(socket, name), { code: 'ERR_OPTION_NOT_SUPPORTED', message: /can only be set/ });
          return;
        }
        if (row.access === 'r' || example === undefined) {
          if (row.kind === 'address') assert.throws(() => get(socket, name), { syscall: 'getsockopt' });
          else assert.notEqual(get(socket, name), undefined);
          if (row.access === 'r') assert.throws(() => set(socket, name, 1), { code: 'ERR_OPTION_NOT_SUPPORTED', message: /can only be read/ });
          return;
        }
        const expected = process.platform === 'linux' ? row.reads ?? example : example;
        // The premise: it is something else before.
        if (typeof example === 'boolean') set(socket, name, !example);
        if (name !== 'incomingCpu') assert.notDeepEqual(get(socket, name), expected);
        set(socket, name, example);
        assert.deepEqual(get(socket, name), expected);
      });
    }
  }
});

/** Wrong kinds of values, and numbers and lengths out of a row's range. */
function wrongValues(name: OptionName, { kind }: OptionRow): readonly (readonly [string, readonly unknown[]])[] {
  const option = native.options.find((one) => one.name === name)!;
  const numbers = [option.min - 1, option.max + 1, 0.5, NaN, Infinity, -Infinity];
  const others = [undefined, 'yes', {}, [], Symbol('s'), 5n, () => 5];
  switch (kind) {
    case 'boolean':
      return [['ERR_INVALID_ARG_TYPE', [...others, null, 0, 1]]];
    case 'integer':
      return [['ERR_INVALID_ARG_TYPE', [...others, null, true]], ['ERR_OUT_OF_RANGE', numbers]];
    case 'linger':
    case 'rate':
      return [['ERR_INVALID_ARG_TYPE', [...others, true]], ['ERR_OUT_OF_RANGE', numbers]];
    case 'string':
      return [['ERR_INVALID_ARG_TYPE', [5, null, undefined, {}]], ['ERR_OUT_OF_RANGE', ['x'.repeat(option.max + 1), '\u20ac'.repeat(6), 'a\0b']]];
    default:
      return [];
  }
}

describe('setOption, getOption', () => {
  it('refuse values that an option does not take, each one, and leave it as it was', async () => {
    const { near } = await connectPair();
    const server = net.createServer();
    await listen(server);
    let refused = 0;
    for (const [name, row] of rows) {
      if (row.access === 'r' || !supported.has(name)) continue;
      const socket = row.sockets.includes('ipv4') ? near : server;
      const isReadable = row.access !== 'w' && row.sockets.some((kind) => kind === 'ipv4' || kind === 'listener');
      const before = isReadable ? get(socket, name) : undefined;
      for (const [code, values] of wrongValues(name, row)) {
        for (const value of values) {
          assert.throws(() => set(socket, name, value), { code }, `${name} ${String(value)}`);
          refused += 1;
        }
      }
      if (isReadable) assert.deepEqual(get(socket, name), before);
    }
    assert.ok(refused > 400, String(refused));
  });

  it('refuse names that no option has', async () => {
    const { near } = await connectPair();
    for (const name of ['', 'nodelay', 'toString', '__proto__', 'constructor']) {
      assert.throws(() => get(near, name as OptionName), { code: 'ERR_INVALID_ARG_VALUE' });
      assert.throws(() => set(near, name as OptionName, 1), { code: 'ERR_INVALID_ARG_VALUE' });
    }
    for (const name of [undefined, null, 5, {}, Symbol('noDelay')]) {
      assert.throws(() => get(near, name as OptionName), { code: 'ERR_INVALID_ARG_TYPE' });
    }
  });

  it('refuse what is no socket, and what is not open', async () => {
    for (const socket of [undefined, null, {}, 5, process]) {
      assert.throws(() => getOption(socket as net.Socket, 'noDelay'), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    const udp = dgram.createSocket('udp4');
    for (const socket of [new net.Socket(), net.createServer(), udp]) {
      assert.throws(() => getOption(socket, 'type'), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    }
    udp.close();
    const { near } = await connectPair();
    near.destroy();
    assert.throws(() => setOption(near, 'noDelay', true), { code: 'ERR_SOCKET_CLOSED' });
  });

  it('take dgram sockets, and report what those have not', async () => {
    const udp = dgram.createSocket('udp4').bind(0, '127.0.0.1');
    await once(udp, 'listening');
    try {
      setOption(udp, 'ttl', 42);
      setOption(udp, 'priority', 3);
      assert.deepEqual([getOption(udp, 'ttl'), getOption(udp, 'priority'), getOption(udp, 'type')], [42, 3, 2]);
      assert.throws(() => setOption(udp, 'noDelay', true), { syscall: 'setsockopt' });
    } finally {
      udp.close();
    }
    assert.throws(() => getOption(udp, 'ttl'), { code: 'ERR_SOCKET_NOT_CONNECTED' });
  });

  for (const family of tlsFamilies) {
    it(`take TLS sockets: the connection below, ${family}`, async () => {
      const { near } = await connectPair({ family });
      setOption(near, 'keepIdle', 77);
      assert.equal(getOption(near, 'keepIdle'), 77);
    });
  }

  it("keep Node's own setNoDelay() right", async () => {
    const { near } = await connectPair();
    near.setNoDelay(true);
    setOption(near, 'noDelay', false);
    near.setNoDelay(true);
    assert.equal(getOption(near, 'noDelay'), true);
  });

  it('what a listener has, its connections inherit', async () => {
    const server = net.createServer();
    const target = await listen(server);
    setOption(server, 'userTimeout', 4321);
    setOption(server, 'saveSyn', 1);
    const accepted = once(server, 'connection') as Promise<[net.Socket]>;
    const far = net.connect(target);
    const [near] = await accepted;
    assert.equal(getOption(near, 'userTimeout'), 4321);
    const syn = getOption(near, 'savedSyn');
    assert.equal(syn[0]! >> 4, 4); // an IPv4 header
    assert.equal(syn.readUInt16BE(20), far.localPort);
    assert.equal(getOption(near, 'savedSyn').length, 0); // taken
    far.destroy();
    near.destroy();
  });

  it('peerCredentials are those of this process', async () => {
    const { near } = await connectPair({ family: 'unix' });
    assert.deepEqual(getOption(near, 'peerCredentials'), { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
    const tcp = await connectPair();
    assert.throws(() => getOption(tcp.near, 'peerCredentials'), { code: 'EOPNOTSUPP' });
  });

  it('originalDestination is where the client went before a NAT rule', async function () {
    needsNamespace(this, 'nft');
    assert.deepEqual(await runInNamespace('original-destination.js'), [
      { address: '127.0.0.1', family: 'IPv4', port: 4444 },
      { address: '::1', family: 'IPv6', port: 4444 },
    ]);
  });

  it('error is taken', async () => {
    const { near, far } = await connectPair({ farSilent: true });
    near.resetAndDestroy();
    let error: string | null = null;
    while (error === null) {
      await new Promise(setImmediate);
      error = getOption(far, 'error');
    }
    assert.equal(error, 'ECONNRESET');
    assert.equal(getOption(far, 'error'), null);
  });

  it("pass on the system's error", async () => {
    const { near } = await connectPair();
    assert.throws(() => setOption(near, 'congestion', 'no such thing'), { code: 'ENOENT', syscall: 'setsockopt' });
    assert.throws(() => setOption(near, 'fastOpen', 5), { code: 'EINVAL', syscall: 'setsockopt' });
  });

  it('supportedOptions() are names of the registry', () => {
    const names = supportedOptions();
    assert.deepEqual([...names], [...supported].sort());
    for (const name of names) assert.ok(Object.hasOwn(registry, name), name);
  });
});

describe('setRawOption, getRawOption', () => {
  const [SOL_SOCKET, SO_KEEPALIVE, SO_LINGER, IPPROTO_TCP, TCP_INFO, TCP_CONGESTION] = [1, 9, 13, 6, 11, 13];

  before(function () {
    needsLinux(this, "the numbers are Linux'");
  });

  it('set and get by number: ints, bytes, the length that the kernel returns', async () => {
    const { near } = await connectPair();
    setRawOption(near, SOL_SOCKET, SO_KEEPALIVE, 1);
    assert.equal(getOption(near, 'keepalive'), true);
    setRawOption(near, SOL_SOCKET, SO_LINGER, new Uint8Array(Int32Array.of(1, 25).buffer));
    assert.equal(getOption(near, 'linger'), 25);
    assert.equal(getRawOption(near, SOL_SOCKET, SO_LINGER, 8).readInt32LE(4), 25);
    assert.equal(getRawOption(near, SOL_SOCKET, SO_KEEPALIVE, 100).length, 4);
    assert.equal(getRawOption(near, IPPROTO_TCP, TCP_INFO, 1).length, 1);
    assert.ok(getRawOption(near, IPPROTO_TCP, TCP_INFO, 4096).length >= 104);
    setRawOption(near, IPPROTO_TCP, TCP_CONGESTION, Buffer.from('reno'));
    assert.equal(getOption(near, 'congestion'), 'reno');
    setRawOption(near, SOL_SOCKET, SO_LINGER, new Uint8Array(8));
  });

  it('SO_GET_FILTER, whose length counts instructions in the kernel, never writes behind the buffer', async () => {
    const [SO_ATTACH_FILTER, SO_GET_FILTER, BPF_RET, instructions] = [26, 26, 6, 64];
    const { near } = await connectPair();
    const code = new DataView(new ArrayBuffer(8 * instructions)); // struct sock_filter
    const isLittleEndian = endianness() === 'LE';
    for (let at = 0; at < code.byteLength; at += 8) {
      code.setUint16(at, BPF_RET, isLittleEndian);
      code.setUint32(at + 4, 0xffff_ffff, isLittleEndian);
    }
    const { default: koffi } = await import('koffi'); // Linux alone has its binary
    const program = new Uint8Array(16); // struct sock_fprog
    new Uint16Array(program.buffer)[0] = instructions;
    new BigUint64Array(program.buffer)[1] = koffi.address(code.buffer);
    setRawOption(near, SOL_SOCKET, SO_ATTACH_FILTER, program);

    assert.deepEqual(getRawOption(near, SOL_SOCKET, SO_GET_FILTER, 600), Buffer.from(code.buffer));
    assert.deepEqual(getRawOption(near, SOL_SOCKET, SO_GET_FILTER, 512), Buffer.from(code.buffer));
    const { fd } = (near as unknown as { _handle: { fd: number } })._handle;
    for (const room of [511, 64, 63, 8, 7, 1, 0]) {
      const memory = new Uint8Array(1024);
      try {
        assert.equal(native.getRawOption(fd, SOL_SOCKET, SO_GET_FILTER, memory.subarray(0, room)), 0); // room for none
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EINVAL');
      }
      assert.deepEqual(memory, new Uint8Array(1024));
    }
  });

  it("refuse other arguments, and pass on the system's errors", async () => {
    const { near } = await connectPair();
    const setAny = setRawOption as (...args: unknown[]) => void;
    const getAny = getRawOption as (...args: unknown[]) => void;
    for (const args of [['1', 9, 1], [1, null, 1], [1, 9, '1'], [1, 9, undefined], [1, 9, new Uint16Array(2)], [1, 9, new DataView(new ArrayBuffer(4))]]) {
      assert.throws(() => setAny(near, ...args), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    for (const args of [[2 ** 31, 9, 1], [1, 0.5, 1], [1, 9, 2 ** 32], [1, 9, -(2 ** 31) - 1], [1, 9, new Uint8Array(65_537)]]) {
      assert.throws(() => setAny(near, ...args), { code: 'ERR_OUT_OF_RANGE' });
    }
    for (const args of [[1, 9, 65_537], [1, 9, -1], [NaN, 9, 4]]) assert.throws(() => getAny(near, ...args), { code: 'ERR_OUT_OF_RANGE' });
    assert.throws(() => getAny(near, 1, 9), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => getRawOption(near, 0x7fff, 1, 4), { syscall: 'getsockopt' });
    assert.throws(() => setRawOption(near, SOL_SOCKET, SO_KEEPALIVE, new Uint8Array(0)), { code: 'EINVAL' });
    assert.throws(() => getAny({}, 1, 9, 4), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => setAny(near, 1, 9, Object.create(Uint8Array.prototype)), { code: 'ERR_INVALID_ARG_TYPE' });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    assert.throws(() => getAny(proxy, 1, 9, 4), { code: 'ERR_INVALID_ARG_TYPE' });
  });
});
