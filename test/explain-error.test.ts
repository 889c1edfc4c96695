// explainError(): real errors, those that wrap others, and whatever else it may be given.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { constants } from 'node:os';
import tls from 'node:tls';
import { getSystemErrorName } from 'node:util';

import fc from 'fast-check';
import { explainError, getOption, resetClose } from 'socket-linger';

import { errorTable, type ErrorRow, type KnownErrorCode } from '#lib/error-table.js';

import { connectPair, freePort, listen, resetArrived, track } from './support/pair.js';
import { skip } from './support/skip.js';

const rows = Object.entries(errorTable) as [KnownErrorCode, ErrorRow][];

async function errorOf(socket: net.Socket): Promise<Error> {
  const [error] = (await once(socket, 'error')) as [Error];
  return error;
}

/** The error that the call fails with. */
async function failure(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('explainError', () => {
  it('ECONNRESET, from the kernel', async () => {
    const { near, far } = await connectPair();
    near.resume();
    const failed = errorOf(near);
    await resetClose(far);
    const explained = explainError(await failed);
    assert.equal(explained.code, 'ECONNRESET');
    assert.equal(explained.origin, 'system');
    assert.equal(explained.syscall, 'read');
    assert.deepEqual(explained.errno, { linux: 104, macos: 54, windows: 10_054 });
    assert.equal(explained.windowsName, 'WSAECONNRESET');
    assert.match(explained.causes[0]!, /unread|not read/);
  });

  it('EPIPE', async () => {
    const { near, far } = await connectPair();
    near.resume();
    far.destroy();
    await once(near, 'end');
    near.write('one');
    await resetArrived(near);
    const failed = errorOf(near);
    near.write('two');
    const { code, origin, syscall } = explainError(await failed);
    assert.deepEqual([code, origin, syscall], ['EPIPE', 'system', 'write']);
  });

  it('ECONNREFUSED: by itself, of happy eyeballs, of fetch()', async () => {
    const port = await freePort();
    const one = explainError(await errorOf(track(net.connect(port, '127.0.0.1'))));
    assert.deepEqual([one.code, one.origin, one.syscall], ['ECONNREFUSED', 'system', 'connect']);
    const all = explainError(await errorOf(track(net.connect(port, 'localhost'))));
    assert.equal(all.code, 'ECONNREFUSED');
    assert.equal(all.syscall, 'connect');
    const failed = await failure(() => fetch(`http://127.0.0.1:${port}/`));
    assert.ok(failed instanceof TypeError);
    const fetched = explainError(failed);
    assert.equal(fetched.code, 'ECONNREFUSED');
    assert.equal(fetched.origin, 'system');
    assert.notEqual(fetched.error, failed);
  });

  it("Node's own: socket hang up, a handshake that was cut off, undici's other side closed", async () => {
    const server = net.createServer((socket) => socket.once('data', () => socket.end()).on('error', () => undefined));
    const { port } = (await listen(server)) as net.TcpNetConnectOpts;
    const hungUp = explainError((await once(http.get({ port, agent: false }), 'error'))[0]);
    assert.deepEqual([hungUp.code, hungUp.origin], ['ECONNRESET', 'node']);
    assert.match(hungUp.causes[0]!, /socket hang up/);
    const cutOff = explainError(await errorOf(track(tls.connect({ port }))));
    assert.deepEqual([cutOff.code, cutOff.origin], ['ECONNRESET', 'node']);
    const other = explainError(await failure(() => fetch(`http://127.0.0.1:${port}/`)));
    assert.equal(other.code, 'UND_ERR_SOCKET');
    assert.equal(other.errno, null);
  });

  it('EADDRINUSE, EADDRNOTAVAIL, ENOTCONN', async () => {
    const server = net.createServer();
    const target = await listen(server);
    const second = net.createServer().listen(target);
    assert.equal(explainError((await once(second, 'error'))[0]).code, 'EADDRINUSE');
    const elsewhere = net.createServer().listen(0, '192.0.2.1');
    assert.equal(explainError((await once(elsewhere, 'error'))[0]).code, 'EADDRNOTAVAIL');
    if (process.platform !== 'linux') return;
    assert.equal(explainError(await failure(() => getOption(server, 'ipMtu'))).code, 'ENOTCONN');
  });

  it('EMFILE', function () {
    if (process.platform === 'win32') skip(this, 'needs ulimit');
    const program = "const fs = require('fs'); try { for (;;) fs.openSync('/dev/null') } catch (error) { console.log(error.errno, error.code) }";
    const [errno, code] = execFileSync('sh', ['-c', 'ulimit -n 60 && exec "$0" -e "$1"', process.execPath, program], { encoding: 'utf8' }).trim().split(' ');
    assert.equal(explainError({ code, errno: Number(errno) }).code, 'EMFILE');
    assert.equal(explainError(Number(errno)).code, 'EMFILE');
  });

  for (const [code, row] of rows) {
    it(`${code}: by its name, its numbers, in a text, and wrapped`, () => {
      assert.equal(explainError(code).code, code);
      assert.equal(explainError(`connect ${code} 127.0.0.1:80`).code, code);
      assert.equal(explainError(new Error(`it failed (${code})`)).code, code);
      assert.equal(explainError({ code }).code, code);
      assert.equal(explainError(new Error('outer', { cause: { cause: { code } } })).code, code);
      assert.equal(explainError(new AggregateError([{ message: 'x' }, { code }])).code, code);
      assert.ok(row.summary.length > 0 && row.causes.length > 0 && row.advice.length > 0);
      if (row.numbers === undefined) return;
      const here = process.platform === 'linux' ? row.numbers.linux : row.numbers.macos;
      assert.equal(explainError(here).code, code);
      assert.equal(explainError(-here).code, code);
      assert.equal(explainError({ errno: -here }).code, code);
      assert.equal(explainError(row.uvWindows).code, code);
      if (row.numbers.windows === null) return;
      assert.equal(explainError(row.numbers.windows).code, code);
      assert.equal(explainError(explainError(code).windowsName).code, code);
    });
  }

  it("the table's numbers are this system's", function () {
    const system = process.platform === 'linux' ? 'linux' : process.platform === 'win32' ? 'windows' : 'macos';
    const errnos: Readonly<Record<string, number>> = constants.errno;
    for (const [code, { numbers }] of rows) {
      if (numbers === undefined) continue;
      if (system === 'windows') continue;
      assert.equal(numbers[system], errnos[code], code);
      assert.equal(getSystemErrorName(-numbers[system]), code);
    }
  });

  it("names libuv's numbers for Windows", () => {
    const numbers = rows.flatMap(([, { uvWindows }]) => uvWindows ?? []);
    assert.equal(new Set(numbers).size, numbers.length);
    for (const number of numbers) assert.ok(number < -4000 && number > -4100);
  });

  it('happy eyeballs that fail in several ways: the first one, and the others', () => {
    const error = (code: string): Error => Object.assign(new Error(code), { code, errno: -1, syscall: 'connect' });
    const explained = explainError(new AggregateError([error('ENETUNREACH'), error('ETIMEDOUT'), error('ENETUNREACH')]));
    assert.equal(explained.code, 'ENETUNREACH');
    assert.deepEqual(explained.others, ['ETIMEDOUT']);
  });

  it('says that it does not know, and never throws', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const circular: Record<string, unknown> = {};
    circular.cause = circular;
    circular.errors = [circular, circular];
    const hostile = new Proxy({}, { get: () => { throw new Error('no'); }, has: () => { throw new Error('no'); } });
    const endless = new Proxy({}, { get: (_, key) => (key === 'cause' ? Object.create(endless as object) as unknown : undefined) }) as unknown;
    for (const one of [undefined, null, 0, NaN, Infinity, 1e300, 12_345, '', 'no', 5n, Symbol('s'), () => 5, {}, [], new Error('boo'), { code: 'EWHATEVER' }, { code: 5 }, { errno: 'x' }, proxy, { cause: proxy }, { errors: proxy }, circular, hostile, endless, 'constructor', '__proto__', { code: 'toString' }]) {
      const explained = explainError(one);
      assert.equal(explained.code, null);
      assert.equal(explained.error, one);
      assert.ok(explained.summary.length > 0 && explained.advice.length > 0);
    }
    fc.assert(
      fc.property(fc.oneof(fc.anything({ withNullPrototype: true, withBigInt: true }), fc.record({ code: fc.anything(), errno: fc.anything(), cause: fc.anything(), errors: fc.anything(), message: fc.anything(), syscall: fc.anything() }, { requiredKeys: [] })), (value) => {
        const { code, causes, advice } = explainError(value);
        assert.ok(code === null || Object.hasOwn(errorTable, code));
        assert.ok(Array.isArray(causes) && Array.isArray(advice));
      }),
    );
  });
});
