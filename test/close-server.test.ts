// closeServer(): the graceful stop.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';

import { closeServer, enableLingeringClose, type CloseServerOptions, type LingeringClose } from 'socket-linger';

import { describeEngines } from './support/engines.js';
import { protocols, readAnswer, send, startHost, type Host } from './support/http.js';
import { certificate, connectPair, listen, payload, readAll, silence, sleep, track, until } from './support/pair.js';

const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';

describeEngines('closeServer', () => {
  for (const protocol of protocols) {
    for (const enabled of [true, false]) {
      const title = `${protocol}, ${enabled ? 'with' : 'without'} enableLingeringClose()`;

      const start = async (handler: http.RequestListener, options?: http.ServerOptions): Promise<Host> => {
        const host = await startHost(protocol, handler, options);
        if (enabled) enableLingeringClose(host.server);
        return host;
      };

      it(`ends idle connections with FIN, and lets running exchanges finish: ${title}`, async () => {
        const responses: http.ServerResponse[] = [];
        const { server, connect, requested } = await start((request, response) => {
          if (request.url === '/') response.end('now');
          else responses.push(response);
        });
        const idle = await connect();
        await send(idle, get);
        await requested(1);
        const running = await connect();
        await send(running, get.replace('/', '/later'));
        await until('it is running', () => responses.length === 1);
        // The head is out and says keep-alive.
        const late = await connect();
        await send(late, get.replace('/', '/later'));
        await until('it is running', () => responses.length === 2);
        responses[1]!.write('half');
        const unasked = await connect();

        const closing = closeServer(server);
        const first = await readAnswer(idle);
        assert.deepEqual([first.saw, first.body.toString()], ['end', 'now']);
        idle.end();
        responses[0]!.end('later');
        responses[1]!.end();
        const second = await readAnswer(running);
        assert.deepEqual([second.saw, second.body.toString()], ['end', 'later']);
        assert.match(second.head, /\r\nConnection: close/i);
        running.end();
        const third = await readAnswer(late);
        assert.equal(third.saw, 'end');
        assert.match(third.body.toString(), /half[^]*\r\n0\r\n\r\n$/);
        late.end();
        assert.equal((await readAnswer(unasked)).saw, 'end');
        unasked.end();
        const { lingered, closed: plain, reset } = await closing;
        assert.equal(reset, 0);
        assert.equal(lingered['peer-fin'] + plain, 4);
        assert.equal(server.listening, false);
        assert.ok(lingered['peer-fin'] >= 3);
      });

      it(`serves a request that arrives in the very moment: ${title}`, async () => {
        const { server, connect } = await start((_, response) => response.end('served'));
        const clients = await Promise.all(Array.from({ length: 20 }, connect));
        for (const client of clients) client.write(get);
        const closing = closeServer(server);
        for (const client of clients) {
          const { status, saw } = await readAnswer(client);
          client.end();
          assert.deepEqual([status, saw], [200, 'end']);
        }
        assert.equal((await closing).reset, 0);
      });

      it(`waits for a request that is arriving, and lingers for one that was refused: ${title}`, async () => {
        const answer = payload(300_000);
        const { server, connect } = await start((_, response) => {
          response.writeHead(413, { Connection: 'close', 'Content-Length': answer.length }).end(answer);
        });
        const client = await connect();
        client.on('error', () => undefined);
        await send(client, 'POST / HTTP/1.1\r\nHost: te');
        await sleep(20);
        const closing = closeServer(server);
        await sleep(50);
        await send(client, 'st\r\nContent-Length: 1000000000\r\n\r\n');
        client.write(payload(200_000));
        const { status, body, saw } = await readAnswer(client);
        client.end();
        assert.deepEqual([status, saw, body.equals(answer)], [413, 'end', true]);
        const { lingered, reset } = await closing;
        assert.deepEqual([lingered['peer-fin'], reset], [1, 0]);
      });

      it(`waits for the rest of a request that was answered already: ${title}`, async () => {
        const { server, connect, requested } = await start((_, response) => response.end('early'), { keepAliveTimeout: 0 });
        const client = await connect();
        await send(client, `${get.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 6\r\n\r\n')}123`);
        await requested(1);
        const closing = closeServer(server);
        await sleep(1200); // connections that have never sent anything have been ended by then
        await send(client, '456');
        const { body, saw } = await readAnswer(client);
        client.end();
        assert.deepEqual([body.toString(), saw], ['early', 'end']);
        assert.equal((await closing).reset, 0);
      });

      it(`answers pipelined requests to the last: ${title}`, async () => {
        const { server, connect, requested } = await start((request, response) => void setTimeout(() => response.end(request.url), 30));
        const client = await connect();
        await send(client, ['/1', '/2', '/3'].map((path) => get.replace('/', path)).join(''));
        await requested(1);
        const closing = closeServer(server);
        const { body, saw } = await readAnswer(client);
        client.end();
        assert.equal(saw, 'end');
        assert.match(body.toString(), /\/2[^]*\/3$/);
        await closing;
      });

      it(`does not touch the application's headers: ${title}`, async () => {
        let answer: () => void;
        const { server, connect, requested } = await start((_, response) => {
          answer = () => response.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']).end();
        });
        const client = await connect();
        await send(client, get);
        await requested(1);
        const closing = closeServer(server);
        await until('it does not listen any more', () => !server.listening);
        for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate); // what is open is looked at a turn later
        answer!();
        const { head } = await readAnswer(client);
        client.end();
        assert.match(head, /Connection: close/);
        assert.match(head, /a=1[^]*b=2/);
        await closing;
      });

      it(`resets what is left at the timeout: ${title}`, async () => {
        const { server, connect, requested } = await start(() => undefined);
        const client = await connect();
        await send(client, get);
        await requested(1);
        const closing = closeServer(server, { timeout: 50 });
        assert.equal((await readAll(client)).saw, 'ECONNRESET');
        const { reset, lingered } = await closing;
        assert.equal(reset, 1);
        assert.equal(Object.values(lingered).reduce((a, b) => a + b), 0);
      });
    }

    it(`upgraded connections: ended, or waited for, ${protocol}`, async () => {
      for (const streams of ['linger', 'wait'] as const) {
        const { server, connect } = await startHost(protocol);
        enableLingeringClose(server);
        server.on('upgrade', (_: unknown, socket: net.Socket) => {
          socket.on('error', () => undefined).write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n');
          if (streams === 'wait') setTimeout(() => socket.end('goodbye'), 100);
          socket.resume();
        });
        const client = await connect();
        const upgraded = once(server, 'upgrade');
        await send(client, get.replace('\r\n\r\n', '\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n'));
        await upgraded;
        const closing = closeServer(server, { streams });
        const { body, saw } = await readAnswer(client);
        client.end();
        assert.deepEqual([body.toString(), saw], [streams === 'wait' ? 'goodbye' : '', 'end']);
        await closing;
      }
    });
  }

  it('net: flushes and ends the connections that are open', async () => {
    const server = net.createServer({ allowHalfOpen: true });
    const target = await listen(server);
    const accepted = once(server, 'connection') as Promise<[net.Socket]>;
    const far = track(net.connect({ ...target, allowHalfOpen: true }));
    const [near] = await accepted;
    silence(far);
    const data = payload(8_000_000);
    near.write(data);
    const closing = closeServer(server);
    const received = await readAll(far);
    far.end();
    assert.deepEqual([received.data.equals(data), received.saw], [true, 'end']);
    const { lingered, closed: plain, reset } = await closing;
    assert.deepEqual([lingered['peer-fin'], plain, reset], [1, 0, 0]);
  });

  it("net, streams: 'wait': the application ends them", async () => {
    const { near, far, server } = await connectPair();
    const closing = closeServer(server, { streams: 'wait' });
    await sleep(50);
    near.resume().end('my own goodbye');
    far.end();
    const { data } = await readAll(far);
    assert.equal(data.toString(), 'my own goodbye');
    const { closed: plain } = await closing;
    assert.equal(plain, 1);
  });

  it('net: sockets that were sent to another process are nothing to wait for, nor to remember', async () => {
    const program = "process.on('message', (_, socket) => socket.end('elsewhere')).on('disconnect', () => process.exit())";
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const server = net.createServer({ pauseOnConnect: true }, (socket) => child.send('take it', socket));
    const control = enableLingeringClose(server) as LingeringClose & { readonly sockets: ReadonlySet<net.Socket> };
    const target = await listen(server);
    for (let i = 0; i < 200; i += 1) {
      const { data } = await readAll(track(net.connect(target)));
      assert.equal(data.toString(), 'elsewhere');
    }
    assert.ok(control.sockets.size < 150);
    const { reset } = await closeServer(server, { streams: 'wait' });
    assert.deepEqual([reset, control.sockets.size], [0, 0]);
    child.disconnect();
    await once(child, 'exit');
  });

  it('net, tls: resets at the timeout, a handshake that never ends included', async () => {
    const server = tls.createServer(certificate);
    const target = await listen(server);
    const accepted = once(server, 'connection');
    const far = track(net.connect(target));
    await accepted;
    const closing = closeServer(server, { timeout: 50 });
    assert.notEqual((await readAll(far)).saw, 'end');
    assert.equal((await closing).reset, 1);
  });

  it('tls: ends the connections that it knows of', async () => {
    const server = tls.createServer({ ...certificate, allowHalfOpen: true });
    enableLingeringClose(server);
    const target = await listen(server);
    const far = track(tls.connect({ ...target, rejectUnauthorized: false }));
    const [near] = (await once(server, 'secureConnection')) as [tls.TLSSocket];
    near.write('last words');
    const closing = closeServer(server);
    const { data, saw } = await readAll(far);
    assert.deepEqual([data.toString(), saw], ['last words', 'end']);
    assert.equal((await closing).lingered['peer-fin'], 1);
  });

  for (const how of ['timeout', 'signal'] as const) {
    it(`resets who still waits to be accepted, ${how}`, async () => {
      const { server } = await startHost('http', () => undefined);
      const target = server.address() as net.AddressInfo;
      const clients = Array.from({ length: 50 }, () => track(net.connect(target.port)));
      for (const client of clients) client.on('error', () => undefined).write(get);
      // They connect before this process accepts any.
      setImmediate(() => {
        for (const startedAt = performance.now(); performance.now() - startedAt < 50; );
      });
      const closing = closeServer(server, how === 'timeout' ? { timeout: 0 } : { signal: AbortSignal.abort() });
      if (how === 'timeout') await closing;
      else await assert.rejects(closing, { code: 'ABORT_ERR' });
      await until('all are closed', () => clients.every((client) => client.closed));
    });
  }

  it('timeout, unix-domain: nothing begins to linger', async () => {
    const server = http.createServer((_, response) => response.end('early'));
    enableLingeringClose(server);
    const client = track(net.connect(await listen(server, 'unix')));
    await send(client, get.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 1000000\r\n\r\n'));
    await once(server, 'request');
    const { lingered, reset } = await closeServer(server, { timeout: 50 });
    assert.deepEqual([Object.values(lingered).reduce((a, b) => a + b), reset], [0, 1]);
  });

  it('signal: resets what is left and rejects', async () => {
    const { server, connect, requested } = await startHost('http', () => undefined);
    const client = await connect();
    await send(client, get);
    await requested(1);
    const reason = new Error('enough');
    const controller = new AbortController();
    const closing = closeServer(server, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(closing, { name: 'AbortError', code: 'ABORT_ERR', cause: reason });
    assert.equal((await readAll(client)).saw, 'ECONNRESET');
    await assert.rejects(closeServer(server, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  });

  it('a second call resolves with the first; a server that listens again can be closed again', async () => {
    const { server } = await startHost('http');
    const [one, two] = [closeServer(server), closeServer(server)];
    assert.equal(await one, await two);
    server.listen(0);
    await once(server, 'listening');
    assert.notEqual(await closeServer(server), await one);
    assert.equal(server.listening, false);
  });

  it('takes a server that does not listen', async () => {
    const { lingered, closed: plain, reset } = await closeServer(http.createServer());
    assert.deepEqual([Object.values(lingered).reduce((a, b) => a + b), plain, reset], [0, 0, 0]);
  });

  it("closeServer() leaves nothing of it on the server", async () => {
    const { server } = await startHost('http');
    const before = [server.eventNames(), server.listenerCount('request'), server.listenerCount('connection')];
    await closeServer(server);
    assert.deepEqual([server.eventNames(), server.listenerCount('request'), server.listenerCount('connection')], before);
    assert.equal(Object.hasOwn(server, 'close') || Object.hasOwn(server, 'closeIdleConnections'), false);
  });
});

describe('closeServer, its arguments', () => {
  it('refuses other ones, and the server goes on', async () => {
    const { server } = await startHost('http');
    const close = (options: unknown): Promise<unknown> => closeServer(server, options as CloseServerOptions);
    for (const options of [null, 5, { timeout: '5' }, { signal: 5 }]) {
      await assert.rejects(close(options), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    await assert.rejects(close({ timeout: -1 }), { code: 'ERR_OUT_OF_RANGE' });
    await assert.rejects(close({ streams: 'end' }), { code: 'ERR_INVALID_ARG_VALUE' });
    await assert.rejects(closeServer(new net.Socket() as never), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.equal(server.listening, true);
  });
});
