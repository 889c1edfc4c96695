// enableLingeringClose() on http servers, while they linger: the limits, the end of the server, and switching it off.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';

import { enableLingeringClose, type LingeringClose, type LingeringCloseOptions } from 'socket-linger';

import { describeEngines } from './support/engines.js';
import { postHead, readAnswer, send, startHost } from './support/http.js';
import { getsAnswer, isLost, over, refuse, startLingering, uploadInPart, type LingeringHost } from './support/lingering-host.js';
import { closed, listen, payload, sleep, track, until } from './support/pair.js';

describeEngines('enableLingeringClose, its limits and its end', () => {
  const startRefusing = (options?: LingeringCloseOptions): Promise<LingeringHost> => startLingering('http', refuse, options);

  async function lingerers({ connect, control }: LingeringHost, count: number): Promise<net.Socket[]> {
    const clients: net.Socket[] = [];
    for (let i = 0; i < count; i += 1) {
      const client = await connect();
      client.on('error', () => undefined);
      await uploadInPart(client, postHead('/', 1e9));
      clients.push(client);
      await until('it lingers', () => control.total === i + 1);
    }
    return clients;
  }

  it('maxLingering: the oldest goes first', async () => {
    const host = await startRefusing({ maxLingering: 2 });
    const clients = await lingerers(host, 4);
    await until('two are gone', () => host.control.outcomes.evicted === 2);
    assert.equal(host.control.lingering, 2);
    const sockets = host.ends.map(({ socket }) => socket.remotePort);
    assert.equal(sockets.length, 2);
    for (const client of clients.slice(2)) client.destroy();
    await until('nobody lingers', () => host.control.lingering === 0);
    assert.equal(host.control.outcomes.evicted, 2);
  });

  it('maxLingering holds for many at once, too, and may be 0', async () => {
    for (const maxLingering of [0, 3]) {
      const held: http.ServerResponse[] = [];
      const { server, connect } = await startHost('http', (_, response) => void held.push(response));
      const control = enableLingeringClose(server, { maxLingering });
      const clients: net.Socket[] = [];
      for (let round = 1; round <= 2; round += 1) {
        for (let i = 0; i < 10; i += 1) clients.push(await connect());
        for (const client of clients.slice(-10)) await send(client, postHead('/', 1e9));
        await until('all have come', () => held.length === 10);
        for (const response of held.splice(0)) response.writeHead(413, { Connection: 'close' }).end('no');
        await until('all have lingered', () => control.total === round * 10 && control.lingering === maxLingering);
      }
      await until('the background engine has closed the evicted', () => control.outcomes.evicted >= 20 - maxLingering);
      assert.equal(control.outcomes.evicted, 20 - maxLingering);
      for (const client of clients) client.destroy();
      await until('nobody lingers', () => control.lingering === 0);
    }
  });

  it("a slow drip is cut at the limit in all, though it is never idle", async () => {
    const host = await startRefusing({ timeout: 1000, idleTimeout: 900 });
    const [client] = await lingerers(host, 1);
    const drip = setInterval(() => client!.write('x'), 20);
    await over(host.control);
    clearInterval(drip);
    assert.equal(host.control.outcomes.timeout, 1);
  });

  it('maxBytes', async () => {
    const host = await startRefusing({ maxBytes: 1_000_000 });
    const [client] = await lingerers(host, 1);
    for (let i = 0; i < 40; i += 1) client!.write(payload(100_000));
    await over(host.control);
    assert.equal(host.control.outcomes['byte-limit'], 1);
  });

  it('closingTimeout: server.close() shortens what lingers already and what begins to', async () => {
    const host = await startRefusing({ closingTimeout: 100, idleTimeout: Infinity });
    const late = await host.connect();
    late.on('error', () => undefined);
    await send(late, 'POST / HTTP/1.1\r\nHost: test\r\n');
    await lingerers(host, 1);
    const done = new Promise((resolve) => host.server.close(resolve));
    await send(late, 'Content-Length: 100000\r\n\r\nx');
    await done;
    assert.deepEqual(host.control.outcomes.timeout, 2);
  });

  it('closeAllConnections() closes what lingers, too', async () => {
    const host = await startRefusing();
    await lingerers(host, 2);
    host.server.closeAllConnections();
    await until('nobody lingers', () => host.control.lingering === 0);
    assert.equal(host.control.outcomes['already-closed'], 2);
  });

  it('closeAllConnections() leaves none that begins to linger by it', async () => {
    const { server, connect } = await startHost('http', (_, response) => response.end('early'));
    const control = enableLingeringClose(server);
    const client = await connect();
    client.on('error', () => undefined);
    await send(client, postHead('/', 1e9));
    await once(server, 'request');
    await sleep(20);
    const done = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    assert.equal(control.lingering, 0);
    await done;
  });

  it('closingTimeout: not once the server listens again', async () => {
    const host = await startRefusing({ closingTimeout: 0 });
    await new Promise((resolve) => host.server.close(resolve));
    host.server.listen(0);
    await once(host.server, 'listening');
    const client = track(net.connect({ port: (host.server.address() as net.AddressInfo).port, allowHalfOpen: true }));
    await uploadInPart(client, postHead('/', 1e9));
    await getsAnswer(client, host.control);
  });

  it('closingTimeout: longer than a timer can be', async () => {
    const host = await startRefusing({ closingTimeout: 1e10, timeout: Infinity });
    const clients = await lingerers(host, 1);
    const done = new Promise((resolve) => host.server.close(resolve));
    await sleep(50);
    assert.equal(host.control.lingering, 1);
    for (const client of clients) client.destroy();
    await done;
  });

  it("a connection that another server hands over is that one's no longer", async () => {
    const { server } = await startHost('http', (_, response) => response.end());
    const front = net.createServer((socket) => server.emit('connection', socket));
    const control = enableLingeringClose(front) as LingeringClose & { readonly sockets: ReadonlySet<net.Socket> };
    enableLingeringClose(server);
    const client = track(net.connect(await listen(front)));
    await send(client, 'GET / HTTP/1.0\r\n\r\n');
    await readAnswer(client);
    await until('it is closed', () => control.sockets.size === 0);
  });

  it('resetAndDestroy() resets a socket that lingers', async () => {
    const { server, connect } = await startHost('http', refuse);
    const control = enableLingeringClose(server);
    for (const pause of [0, 50]) {
      const accepted = once(server, 'connection') as Promise<[net.Socket]>;
      const client = await connect();
      const [socket] = await accepted;
      await uploadInPart(client, postHead('/', 1e9));
      await until('it lingers', () => control.lingering === 1);
      await sleep(pause); // it is the background engine's
      socket.resetAndDestroy();
      await closed(socket);
      client.destroy();
    }
    assert.equal(control.outcomes['already-closed'], 2);
  });

  it('signal: closes what lingers, and switches off', async () => {
    const controller = new AbortController();
    const host = await startRefusing({ signal: controller.signal });
    await lingerers(host, 1);
    controller.abort();
    await until('nobody lingers', () => host.control.lingering === 0);
    assert.throws(() => enableLingeringClose(host.server, { signal: controller.signal }), { code: 'ABORT_ERR', cause: controller.signal.reason as Error });
    await isLost(host.server, await host.connect());
    assert.equal(host.control.total, 1);
  });

  it('disable(): later connections, and open ones, are closed as without it; the server is as it was', async () => {
    const { server, connect } = await startHost('http', refuse);
    const listeners = (): unknown => [server.eventNames(), server.listenerCount('request'), server.listenerCount('connection')];
    const before = listeners();
    const control = enableLingeringClose(server);
    const client = await connect();
    client.on('error', () => undefined);
    control.disable();
    control.disable();
    assert.deepEqual(listeners(), before);
    assert.equal(Object.hasOwn(server, 'close'), false);
    assert.equal(Object.hasOwn(server, 'closeAllConnections'), false);
    await isLost(server, client);
    assert.equal(control.total, 0);
  });

  it('a second call takes the place of the first', async () => {
    const { server, connect } = await startHost('http', refuse);
    const first = enableLingeringClose(server, { mode: 'always' });
    const client = await connect();
    const second = enableLingeringClose(server);
    first.disable(); // no longer in charge
    await uploadInPart(client, postHead('/', 1e9));
    await until('it lingers', () => second.lingering === 1);
    assert.equal(first.total, 0);
    assert.equal((await readAnswer(client)).saw, 'end');
    client.end();
    await over(second);
  });
});

describe('enableLingeringClose, its arguments', () => {
  it('refuses what is no server, and node:http2', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const server of [undefined, null, {}, proxy, new net.Socket(), http2.createServer(), http2.createSecureServer()]) {
      assert.throws(() => enableLingeringClose(server as net.Server), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    }
  });

  it('refuses other options, and leaves the server as it was', () => {
    const server = http.createServer();
    const enable = (options: unknown) => (): unknown => enableLingeringClose(server, options as LingeringCloseOptions);
    for (const options of [null, 5, 'on', { upgraded: 1 }, { maxLingering: '5' }, { closingTimeout: true }, { signal: {} }]) {
      assert.throws(enable(options), { code: 'ERR_INVALID_ARG_TYPE' }, JSON.stringify(options));
    }
    for (const options of [{ mode: 'off' }, { mode: null }, { unread: 'deliver' }, { until: 'now' }, { onTimeout: 'destroy' }]) {
      assert.throws(enable(options), { code: 'ERR_INVALID_ARG_VALUE' }, JSON.stringify(options));
    }
    for (const options of [{ timeout: -1 }, { maxLingering: NaN }, { closingTimeout: -1 }]) {
      assert.throws(enable(options), { code: 'ERR_OUT_OF_RANGE' });
    }
    assert.equal(Object.hasOwn(server, 'close'), false);
  });
});
