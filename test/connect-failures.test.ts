// connect() that fails: as a failing net.connect(), and no descriptor stays behind (support/hooks.ts looks after every
// test).
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';

import { connect, getOption, type ConnectOptions, type SocketOptions } from 'socket-linger';

import { failureOf, linuxOnly, lookupOf, settled, watch, type Connecting } from './support/connect-events.js';
import { openSockets } from './support/descriptors.js';
import { freePort, tick, until } from './support/pair.js';
import { needsPrograms } from './support/skip.js';
import { listenForSyns } from './support/syn.js';

const host = 'somewhere.test';
const both = ['::1', '127.0.0.1'];
const socketOptions: SocketOptions = { congestion: 'reno' };
const isRoot = process.getuid?.() === 0;

describe('connect, what can not be', () => {
  before(linuxOnly);

  const refused: [string, unknown][] = [
    ['ERR_INVALID_ARG_TYPE', undefined],
    ['ERR_INVALID_ARG_TYPE', null],
    ['ERR_INVALID_ARG_TYPE', 80],
    ['ERR_INVALID_ARG_TYPE', { socketOptions: null }],
    ['ERR_INVALID_ARG_TYPE', { socketOptions: 'noDelay' }],
    ['ERR_INVALID_ARG_TYPE', { socketOptions: ['noDelay'] }],
    ['ERR_INVALID_ARG_VALUE', { socketOptions: { nodelay: true } }],
    ['ERR_INVALID_ARG_VALUE', { socketOptions: { toString: true } }],
    ['ERR_INVALID_ARG_VALUE', { socketOptions: { noDelay: true, nothing: undefined, nope: 1 } }],
    ['ERR_INVALID_ARG_TYPE', { socketOptions: { noDelay: 1 } }],
    ['ERR_INVALID_ARG_TYPE', { socketOptions: { maxSegment: '1000' } }],
    ['ERR_INVALID_ARG_TYPE', { socketOptions: { congestion: null } }],
    ['ERR_OUT_OF_RANGE', { socketOptions: { maxSegment: 12 } }],
    ['ERR_OUT_OF_RANGE', { socketOptions: { bindToDevice: 'x'.repeat(16) } }],
    ['ERR_OPTION_NOT_SUPPORTED', { socketOptions: { cookie: 5n } }],
    ['ERR_INVALID_ARG_VALUE', { path: '/somewhere.sock', socketOptions }],
    ['ERR_INVALID_ARG_VALUE', { fd: 0, socketOptions }],
    ['ERR_INVALID_ARG_VALUE', { handle: {}, socketOptions }],
    // Node's own
    ['ERR_SOCKET_BAD_PORT', { port: 65_536, socketOptions }],
    ['ERR_INVALID_ARG_TYPE', { port: {}, socketOptions }],
    ['ERR_INVALID_IP_ADDRESS', { localAddress: 'here', socketOptions }],
    ['ERR_INVALID_ARG_TYPE', { lookup: 5, socketOptions }],
    ['ERR_INVALID_ARG_TYPE', { signal: 5, socketOptions }],
  ];

  it('is thrown, and nothing is opened', async () => {
    for (const [code, given] of refused) {
      const options = typeof given === 'object' && given !== null ? { port: 1, host, ...given } : given;
      assert.throws(() => connect(options as ConnectOptions), { code }, JSON.stringify(given, (_, value: unknown) => (typeof value === 'bigint' ? 5 : value)));
    }
    await tick();
  });

  it('names what is wrong', () => {
    assert.throws(() => connect({ port: 1, socketOptions: { maxSegment: 12 } }), /"socketOptions\.maxSegment" is out of range/);
    assert.throws(() => connect({ port: 1, socketOptions: { nope: 12 } as SocketOptions }), /key of socketOptions.*'nope'/);
  });
});

describe('connect, what the system refuses', () => {
  before(linuxOnly);

  async function checkRefused(connecting: Connecting, expected: object): Promise<void> {
    const error = await failureOf(connecting);
    assert.ok(error instanceof Error);
    const { code, syscall, option, errno } = error;
    assert.deepEqual({ code, syscall, option }, expected);
    assert.ok(errno! < 0);
    assert.equal(connecting.events.filter((name) => name === 'error').length, 1);
    assert.deepEqual(connecting.events.slice(-2), ['error', 'close']);
    assert.ok(!connecting.events.includes('connect'));
    assert.equal(connecting.socket.destroyed, true);
  }

  const expected = { code: 'ENOENT', syscall: 'setsockopt', option: 'congestion' };
  const refused = { socketOptions: { noDelay: true, congestion: 'no such thing' } };

  for (const [title, options] of [
    ['an address', { host: '127.0.0.1' }],
    ['a name', { host, lookup: lookupOf(['127.0.0.1']) }],
    ['several addresses', { host, lookup: lookupOf(both) }],
    ['several addresses, one at a time', { host, lookup: lookupOf(both), autoSelectFamily: false }],
  ] as const) {
    it(`an option: 'error' with its name, ${title}`, async () => {
      const { target, server } = await listenForSyns();
      let accepted = 0;
      server.on('connection', () => (accepted += 1));
      for (const more of [{}, { localPort: await freePort() }]) {
        await checkRefused(watch(connect({ port: target.port, ...options, ...more, ...refused })), expected);
      }
      assert.equal(accepted, 0);
    });
  }

  it('an option: no other address is tried, and a later connect() is not hindered', async () => {
    const { target, accept } = await listenForSyns();
    const far = watch(connect({ port: target.port, host, lookup: lookupOf(both), ...refused }));
    await checkRefused(far, expected);
    assert.equal(far.events.filter((name) => name === 'connectionAttempt').length, 1);
    const plain = watch(new net.Socket());
    plain.socket.connect({ port: target.port, host, lookup: lookupOf(both) });
    await Promise.all([accept(), settled(plain)]);
    // The same socket has its options still: they are refused again.
    far.events.length = 0;
    far.socket.connect({ port: target.port, host, lookup: lookupOf(both) });
    await failureOf(far);
    assert.deepEqual(far.events.slice(-2), ['error', 'close']);
  });

  it('a privilege: EPERM', async () => {
    const { target } = await listenForSyns();
    if (isRoot) process.seteuid?.(65_534);
    try {
      await checkRefused(watch(connect({ ...target, socketOptions: { mark: 7 } })), { code: 'EPERM', syscall: 'setsockopt', option: 'mark' });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it('a device that is not there', async () => {
    const { target } = await listenForSyns();
    const far = watch(connect({ ...target, socketOptions: { bindToDevice: 'no-such-device' } }));
    await checkRefused(far, { code: 'ENODEV', syscall: 'setsockopt', option: 'bindToDevice' });
  });

  it('a descriptor: EMFILE, told as by net.connect()', async function () {
    needsPrograms(this, 'prlimit');
    const program = `
      import net from 'node:net';
      import { createInterface } from 'node:readline';
      import { connect } from 'socket-linger';
      const failure = (socket) => new Promise((resolve) => {
        let error = null;
        socket.on('error', (reason) => (error = reason)).on('close', () => resolve(error));
      });
      const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
      await failure(connect({ port: 1, host: '127.0.0.1', socketOptions: { noDelay: true } })); // has all that is loaded late
      console.log('ready');
      await lines.next();
      const results = [];
      for (const make of [net.connect, (options) => connect({ ...options, socketOptions: { noDelay: true } })]) {
        for (const more of [{ host: '127.0.0.1' }, { host: 'x', lookup: (name, options, callback) => callback(null, [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }]) }]) {
          const { code, syscall, message, errors = [] } = await failure(make({ port: 1, ...more }));
          results.push({ code, syscall, message, errors: errors.map(({ message }) => message) });
        }
      }
      console.log(JSON.stringify(results));
      await lines.next();
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 55_000,
      killSignal: 'SIGKILL',
    });
    // Not by taking all there are: whatever thread closed one by then would have made room again.
    const allow = (descriptors: number): void => {
      execFileSync('prlimit', ['--pid', String(child.pid), `--nofile=${descriptors}:`]);
    };
    try {
      const ended = once(child, 'close');
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      assert.equal((await lines.next()).value, 'ready');
      allow(0);
      child.stdin.write('go\n');
      const results = JSON.parse((await lines.next()).value as string) as { code: string }[];
      assert.equal(results[0]!.code, 'EMFILE');
      assert.deepEqual(results.slice(2), results.slice(0, 2));
      allow(64); // a sanitizer opens a file at the end
      child.stdin.end();
      assert.deepEqual(await ended, [0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it("Node's handle, which should not happen: the descriptor is closed", async () => {
    const { target } = await listenForSyns();
    const far = watch(connect({ ...target, socketOptions }));
    (far.socket as unknown as { _handle: { open: () => number } })._handle.open = () => -22;
    const before = openSockets();
    assert.equal((await failureOf(far))?.code, 'EINVAL');
    assert.equal(openSockets(), before);
  });
});

describe('connect, how else it fails', () => {
  before(linuxOnly);

  /** Both ways fail alike. */
  async function compare(options: ConnectOptions): Promise<Connecting> {
    const theirs = watch(net.connect(options));
    const own = watch(connect({ ...options, socketOptions }));
    const shown = (error: Error | undefined): unknown => ({ ...Object(error), message: error?.message, errors: String((error as AggregateError | undefined)?.errors) });
    assert.deepEqual(shown(await failureOf(own)), shown(await failureOf(theirs)));
    assert.deepEqual(own.events, theirs.events);
    return own;
  }

  it('refused', async () => {
    const port = await freePort();
    assert.equal((await compare({ port, host: '127.0.0.1' })).errors[0]!.code, 'ECONNREFUSED');
    const { errors } = await compare({ port, host, lookup: lookupOf(both) });
    assert.equal((errors[0] as unknown as AggregateError).errors.length, 2);
    await compare({ port, host, lookup: lookupOf(both), autoSelectFamily: false });
  });

  it('a lookup that fails, or answers nonsense', async () => {
    const failing: net.LookupFunction = (_hostname, _options, callback) => setImmediate(callback, Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
    assert.equal((await compare({ port: 1, host, lookup: failing })).errors[0]!.code, 'ENOTFOUND');
    await compare({ port: 1, host, lookup: failing, autoSelectFamily: false });
    await compare({ port: 1, host, lookup: lookupOf(['nonsense']) });
    await compare({ port: 1, host, lookup: lookupOf(['nonsense']), autoSelectFamily: false });
    const throwing = (): never => {
      throw new Error('at once');
    };
    assert.throws(() => connect({ port: 1, host, lookup: throwing, socketOptions }), /at once/);
  });

  it('a local address of the other family, or one that is in use', async () => {
    const { target } = await listenForSyns();
    assert.equal((await compare({ ...target, localAddress: '::1' })).errors[0]!.syscall, 'bind');
    await compare({ ...target, localAddress: '127.0.0.1', localPort: target.port });
    await compare({ port: target.port, host, lookup: lookupOf(both), localPort: target.port });
  });
});

describe('connect, given up', () => {
  before(linuxOnly);

  async function noConnection(begin: (port: number) => Promise<Connecting>): Promise<Connecting> {
    const { target, server } = await listenForSyns();
    let accepted = 0;
    server.on('connection', () => (accepted += 1));
    const connecting = await begin(target.port);
    const probe = watch(net.connect(target)); // whatever came before it is accepted before it
    await until('the listener has accepted the last one', () => accepted > 0);
    assert.equal(accepted, 1);
    probe.socket.destroy();
    assert.equal(connecting.events.at(-1), 'close');
    assert.equal(connecting.socket.destroyed, true);
    return connecting;
  }

  for (const [title, options] of [
    ['an address', { host: '127.0.0.1' }],
    ['a name', { host, lookup: lookupOf(both) }],
  ] as const) {
    it(`by destroy() right after, ${title}`, async () => {
      const { events } = await noConnection(async (port) => {
        const far = watch(connect({ port, ...options, socketOptions }));
        far.socket.destroy();
        await failureOf(far);
        return far;
      });
      assert.deepEqual(events.filter((name) => name !== 'lookup'), ['close']);
    });

    it(`by a signal that was aborted before, ${title}`, async () => {
      const reason = new Error('enough');
      const { events, errors } = await noConnection(async (port) => {
        const far = watch(connect({ port, ...options, signal: AbortSignal.abort(reason), socketOptions }));
        await failureOf(far);
        return far;
      });
      assert.deepEqual(events, ['error', 'close']);
      assert.deepEqual([errors[0]!.code, errors[0]!.cause], ['ABORT_ERR', reason]);
    });

    it(`by a signal right after, ${title}`, async () => {
      const controller = new AbortController();
      const { errors } = await noConnection(async (port) => {
        const far = watch(connect({ port, ...options, signal: controller.signal, socketOptions }));
        controller.abort();
        await failureOf(far);
        return far;
      });
      assert.equal(errors[0]!.code, 'ABORT_ERR');
    });
  }

  it('by a signal while it connects, and afterwards', async () => {
    const { target } = await listenForSyns();
    for (const event of ['connectionAttempt', 'connect']) {
      const controller = new AbortController();
      const far = watch(connect({ ...target, signal: controller.signal, socketOptions }));
      far.socket.once(event, () => process.nextTick(() => controller.abort()));
      assert.equal((await failureOf(far))?.code, 'ABORT_ERR');
      assert.equal(far.events.at(-1), 'close');
    }
  });

  it('by resetAndDestroy() while it connects', async () => {
    const { target } = await listenForSyns();
    const far = watch(connect({ ...target, socketOptions }));
    far.socket.resetAndDestroy();
    await settled(far);
    assert.ok(far.socket.destroyed);
    const other = watch(connect({ ...target, socketOptions }));
    await settled(other);
    assert.equal(getOption(other.socket, 'congestion'), 'reno');
  });
});
