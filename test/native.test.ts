// The addon itself, called as nobody should: an error for everything, and never a crash.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, devNull } from 'node:os';

import { lingerInBackground } from '#lib/background.js';
import { descriptorOf } from '#lib/handle.js';
import { InputEnd, native, type NativeOption } from '#lib/native.js';

import { connectPair, until } from './support/pair.js';
import { needsPrograms, skip } from './support/skip.js';

const result = new Float64Array(5);

/** Every call that takes a descriptor, with arguments that are right otherwise. */
const calls: Record<string, (descriptor: number) => unknown> = {
  getOption: (descriptor) => row('linger').get(descriptor),
  setOption: (descriptor) => row('linger').set(descriptor, null),
  shutdown: (descriptor) => native.shutdown(descriptor, 2),
  readQueues: (descriptor) => native.readQueues(descriptor, true, false, result),
  readUnread: (descriptor) => native.readUnread(descriptor),
  readTcpState: (descriptor) => native.readTcpState(descriptor),
  readTcpInfo: (descriptor) => native.readTcpInfo(descriptor, new Uint8Array(8)),
  discard: (descriptor) => native.discard(descriptor, 1, result),
  takeError: (descriptor) => native.takeError(descriptor),
  startLinger: (descriptor) => native.startLinger(descriptor, 1e15, new Float64Array(6), false),
};

function row(name: string): NativeOption {
  const found = native.options.find((option) => option.name === name);
  assert.ok(found?.get && found.set, name);
  return found as NativeOption;
}

interface SystemError extends Error {
  code: string;
  errno: number;
  syscall: string;
}

function failure(call: () => unknown): SystemError {
  try {
    call();
  } catch (error) {
    return error as SystemError;
  }
  throw new Error('nothing was thrown');
}

describe('the addon', () => {
  before('has the engine know where its verdicts go', async () => {
    const { near, far } = await connectPair();
    near.end();
    far.resume().end();
    await new Promise<void>((resolve) => {
      const limits = { timeout: 100, idleTimeout: 100, idleSoFar: 0, maxBytes: 0, untilAcked: true, resetAtLimit: false };
      const fd = descriptorOf(near);
      if (lingerInBackground(fd, limits, true, () => resolve()) === null) resolve();
    });
  });

  for (const [name, call] of Object.entries(calls)) {
    it(`${name}: a descriptor that is no socket is ENOTSOCK`, () => {
      const descriptor = openSync(devNull, 'r');
      const error = failure(() => call(descriptor));
      closeSync(descriptor);
      assert.equal(error.code, 'ENOTSOCK');
      assert.ok(error.errno < 0);
      assert.equal(typeof error.syscall, 'string');
      assert.match(error.message, /^ENOTSOCK: .+, \w+$/);
    });

    it(`${name}: a closed descriptor, and what can be none, is EBADF`, () => {
      const descriptor = openSync(devNull, 'r');
      closeSync(descriptor);
      for (const one of [descriptor, -1, 1e6, 2 ** 31, 2 ** 32 + 1, 2 ** 53, 0.5, NaN, Infinity, -Infinity, -0.5]) {
        assert.equal(failure(() => call(one)).code, 'EBADF', String(one));
      }
    });

    it(`${name}: anything else is a TypeError`, () => {
      for (const one of [undefined, null, '3', true, {}, [], 5n, Symbol('5'), () => 5, new Proxy({}, {})]) {
        const error = failure(() => call(one as number));
        assert.ok(error instanceof TypeError);
        assert.equal(error.code, 'ERR_INVALID_ARG_TYPE');
      }
    });
  }

  it('no argument at all is a TypeError', () => {
    const functions = [native, ...native.options]
      .flatMap((one) => Object.entries(one))
      .filter(([, value]) => typeof value === 'function');
    assert.ok(functions.length >= 7);
    for (const [name, call] of functions) {
      if (['releaseReference', 'readLingerStats', 'describeTcpInfo'].includes(name)) continue; // they take none
      assert.equal(failure(() => (call as () => void)()).code, 'ERR_INVALID_ARG_TYPE', name);
    }
  });

  it('opens sockets of both families', () => {
    for (const [isIPv6, domain] of [[false, 2], [true, process.platform === 'linux' ? 10 : undefined]] as const) {
      const descriptor = native.openSocket(isIPv6);
      try {
        assert.ok(descriptor > 2);
        const found = native.options.find(({ name }) => name === 'domain')?.get?.(descriptor);
        if (domain !== undefined && found !== undefined) assert.equal(found, domain);
        // Windows tells the state of connected sockets only.
        assert.equal(native.tcpStates[native.readTcpState(descriptor)], process.platform === 'win32' ? null : 'CLOSED');
      } finally {
        native.closeSocket(descriptor);
      }
    }
    for (const one of [undefined, null, 0, 'IPv6', {}]) {
      assert.equal(failure(() => native.openSocket(one as boolean)).code, 'ERR_INVALID_ARG_TYPE');
    }
  });

  it('checks its other arguments too', async () => {
    const { near } = await connectPair();
    const fd = descriptorOf(near);
    const any = native as unknown as Record<string, (...args: unknown[]) => unknown>;
    const codes = (name: string, ...args: unknown[]): string => failure(() => any[name]!(fd, ...args)).code;
    const refusal = (name: string, value: unknown): string => failure(() => row(name).set(fd, value)).code;
    for (const value of [-1, 0.5, NaN, 2 ** 40]) assert.equal(refusal('linger', value), 'ERR_OUT_OF_RANGE');
    for (const value of ['1', undefined, {}, true]) assert.equal(refusal('linger', value), 'ERR_INVALID_ARG_TYPE');
    for (const value of [1, null, undefined]) assert.equal(refusal('noDelay', value), 'ERR_INVALID_ARG_TYPE');
    for (const how of [-1, 3, 1.5, NaN]) assert.equal(codes('shutdown', how), 'ERR_OUT_OF_RANGE');
    for (const array of [undefined, [], new Float64Array(2), new Float32Array(5), new ArrayBuffer(24), new DataView(new ArrayBuffer(24))]) {
      assert.equal(codes('readQueues', true, false, array), 'ERR_INVALID_ARG_TYPE');
      assert.equal(codes('discard', 1, array), 'ERR_INVALID_ARG_TYPE');
    }
    const detached = new Float64Array(5);
    structuredClone(detached, { transfer: [detached.buffer] });
    assert.equal(codes('readQueues', true, false, detached), 'ERR_INVALID_ARG_TYPE');
    assert.equal(codes('readQueues', 1, false, result), 'ERR_INVALID_ARG_TYPE');
    for (const limit of [-1, 0.5, NaN, 2 ** 60, Infinity]) assert.equal(codes('discard', limit, result), 'ERR_OUT_OF_RANGE');
    assert.equal(failure(() => any.makeError!(1, 2)).code, 'ERR_INVALID_ARG_TYPE');
    for (const error of [-1, NaN, 0.5]) assert.equal(failure(() => native.makeError(error, 'recv')).code, 'ERR_OUT_OF_RANGE');
    assert.equal(failure(() => native.makeError(1, 'x'.repeat(65))).code, 'ERR_OUT_OF_RANGE');
    // What this system has a name for has that name: raw options may answer anything.
    // Winsock has numbers of its own.
    const errnos = process.platform === 'win32' ? [] : Object.entries(constants.errno).filter(([name]) => ['E2BIG', 'EEXIST', 'ENOSPC', 'ENOSYS', 'ESRCH'].includes(name));
    for (const [name, error] of errnos) assert.equal(native.makeError(error, 'recv').code, name);
    if (process.platform === 'linux') assert.equal(native.makeError(constants.errno.ENODATA, 'recv').code, 'ENODATA');
    for (const error of [12_345, 2 ** 31, 2 ** 53 - 1]) assert.equal(native.makeError(error, 'recv').code, 'UNKNOWN');
  });

  for (const family of ['ipv4', 'ipv6', 'unix'] as const) {
    it(`discard tells how the input ended, ${family}`, async () => {
      const { near, far } = await connectPair({ family, farSilent: true });
      const fd = descriptorOf(far);
      native.discard(fd, 100, result);
      assert.deepEqual([...result.subarray(0, 2)], [0, InputEnd.open]);
      near.write(Buffer.alloc(100_000)); // fits into a unix-domain socket's buffer
      await until('it has all arrived', () => native.readUnread(fd) === 100_000);
      native.discard(fd, 100, result);
      assert.deepEqual([...result.subarray(0, 2)], [100, InputEnd.limit]);
      native.discard(fd, 0, result);
      assert.deepEqual([...result.subarray(0, 2)], [0, InputEnd.limit]);
      native.discard(fd, 1e9, result);
      assert.deepEqual([...result.subarray(0, 2)], [99_900, InputEnd.open]);
      near.end('x');
      await until('the end has come', () => {
        native.discard(fd, 1e9, result);
        return result[1] === InputEnd.eof;
      });
      if (family === 'unix') return;
      const other = await connectPair({ family, farSilent: true });
      other.near.resetAndDestroy();
      const descriptor = descriptorOf(other.far);
      await until('the reset has come', () => {
        native.discard(descriptor, 1e9, result);
        return result[1] === InputEnd.failed;
      });
      assert.equal(native.makeError(result[2]!, 'recv').code, 'ECONNRESET');
    });
  }

  it('a linger that has been idle for longer than the machine runs is over at once', async () => {
    if (!native.hasLingerEngine) return;
    const { near } = await connectPair({ farSilent: true });
    const { fd } = (near as unknown as { _handle: { fd: number } })._handle;
    const limits = { timeout: Infinity, idleTimeout: 1000, idleSoFar: 1e9, maxBytes: 0, untilAcked: false, resetAtLimit: false };
    const outcome = await new Promise((resolve) => lingerInBackground(fd, limits, true, (verdict) => resolve(verdict.outcome)));
    assert.equal(outcome, 'idle-timeout');
  });

  it('stops all that have the same token', async () => {
    if (!native.hasLingerEngine) return;
    const token = 1e15;
    const limits = Float64Array.of(Infinity, Infinity, 0, Infinity, 0, 0);
    for (let count = 0; count < 2; count += 1) {
      const { near } = await connectPair({ farSilent: true });
      native.startLinger((near as unknown as { _handle: { fd: number } })._handle.fd, token, limits, false);
    }
    assert.equal(native.readLingerStats()[0], 2);
    native.stopLinger(token, false);
    await until('both are over', () => native.readLingerStats()[0] === 0);
  });

  it('knows the TCP states', async () => {
    const { near, far } = await connectPair();
    const state = (socket: typeof near): unknown =>
      native.tcpStates[native.readTcpState(descriptorOf(socket))];
    assert.equal(state(near), 'ESTABLISHED');
    near.end();
    await until('the FIN is acknowledged', () => state(near) === 'FIN_WAIT2');
    assert.equal(state(far), 'CLOSE_WAIT');
    const unix = await connectPair({ family: 'unix' });
    assert.equal(state(unix.near), null);
  });

  it('uses no libuv symbol, so that other runtimes can load it', function () {
    if (process.platform === 'win32') skip(this, 'a SOCKET of Windows is found by libuv');
    needsPrograms(this, 'nm');
    const { path: find } = createRequire(import.meta.url)('node-gyp-build') as { path: (root: string) => string };
    const symbols = execFileSync('nm', ['-D', '--undefined-only', find(process.cwd())], { encoding: 'utf8' });
    assert.match(symbols, /napi_/); // the premise
    assert.doesNotMatch(symbols, /\buv_/);
  });
});
