// enableLingeringClose() on http and https servers: who lingers, for what reason, and what the client gets.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';

import { enableLingeringClose, lingerClose, pendingBytes, type LingeringCloseOptions, type LingerResult } from 'socket-linger';

import { delivered } from './support/acknowledgements.js';
import { describeEngines } from './support/engines.js';
import { postHead, protocols, readAnswer, send, startHost, type Answer } from './support/http.js';
import { answer, getsAnswer, isLost, over, refuse, startLingering, uploadInPart, type LingeringHost } from './support/lingering-host.js';
import { closed, payload, silence, sleep, until } from './support/pair.js';
import { skip } from './support/skip.js';

/** More than the kernels of both sides take. */
const big = payload(12_000_000);

/** As readAnswer(), at 8 MB a second at most. */
async function readSlowly(client: net.Socket): Promise<Answer> {
  client.on('data', (chunk: Buffer) => {
    client.pause();
    setTimeout(() => client.resume(), chunk.length / 8_000);
  });
  return readAnswer(client);
}

describe('a server without enableLingeringClose()', () => {
  it('loses its answer to an unfinished request: the premise', async () => {
    const { server, connect } = await startHost('http', refuse);
    await isLost(server, await connect());
  });
});

describeEngines('enableLingeringClose, http and https', () => {
  for (const protocol of protocols) {
    const start = (
      handler: http.RequestListener | undefined,
      options?: LingeringCloseOptions,
      serverOptions?: http.ServerOptions,
    ): Promise<LingeringHost> => startLingering(protocol, handler, options, serverOptions);

    for (const length of [1e9, 'chunked'] as const) {
      it(`${protocol}: an answer before the end of the request, ${length === 'chunked' ? 'chunked' : 'Content-Length'}`, async () => {
        const { connect, control, reasons, ends } = await start(refuse);
        const client = await connect();
        await send(client, postHead('/', length));
        client.on('error', () => undefined);
        const bytes = payload(60_000);
        await send(client, length === 'chunked' ? Buffer.concat([Buffer.from('f4240\r\n'), bytes]) : bytes);
        await until('it lingers', () => control.lingering === 1);
        await send(client, payload(500_000));
        const { status, body, saw } = await readAnswer(client);
        client.end();
        assert.deepEqual([status, saw, body.equals(answer)], [413, 'end', true]);
        await over(control);
        assert.deepEqual(reasons, ['unfinished-request']);
        assert.equal(ends[0]?.result.delivered, delivered);
        assert.equal(control.outcomes['peer-fin'], 1);
        assert.ok(control.discardedBytes >= 500_000, String(control.discardedBytes));
      });
    }

    it(`${protocol}: an ordinary exchange with Connection: close does not linger`, async () => {
      const { server, connect, control } = await start((_, response) => response.end(answer));
      for (const request of [
        'GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n',
        'GET / HTTP/1.0\r\n\r\n',
        `${postHead('/', 5).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}12345`,
      ]) {
        const accepted = once(server, protocol === 'http' ? 'connection' : 'secureConnection') as Promise<[net.Socket]>;
        const client = await connect();
        const [socket] = await accepted;
        await send(client, request);
        const { status, body, saw } = await readAnswer(client);
        assert.deepEqual([status, saw, body.equals(answer)], [200, 'end', true]);
        client.end();
        await closed(socket);
      }
      assert.equal(control.total, 0);
    });

    it(`${protocol}: mode 'always' lingers after those, too`, async () => {
      const { connect, control, reasons } = await start((_, response) => response.end('yes'), { mode: 'always' });
      const client = await connect();
      await send(client, 'GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
      assert.equal((await readAnswer(client)).status, 200);
      client.end();
      await over(control);
      assert.deepEqual(reasons, ['always']);
      assert.equal(control.outcomes['peer-fin'], 1);
    });

    it(`${protocol}: bytes behind the request that nobody has read`, async () => {
      const { server, connect, control, reasons } = await start((_, response) => void response.setHeader('Connection', 'close'));
      const client = await connect();
      client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n'); // not read before the next line
      const [request, response] = (await once(server, 'request')) as [http.IncomingMessage, http.ServerResponse];
      await sleep(20);
      silence(request.socket);
      await send(client, payload(100_000));
      await until('it has arrived', () => (pendingBytes(request.socket).unread ?? 0) > 0);
      response.end(answer);
      await until('it lingers', () => control.lingering === 1);
      const { body, saw } = await readAnswer(client);
      client.end();
      assert.deepEqual([saw, body.equals(answer)], ['end', true]);
      await over(control);
      // Reading begins again at the end of the answer: the parser may still get the first part.
      assert.match(String(reasons), /^(unread-input|protocol-error)$/);
    });

    it(`${protocol}: a client that pipelines`, async () => {
      const served: (string | undefined)[] = [];
      const { connect, control, reasons } = await start((request, response) => {
        served.push(request.url);
        if (request.url === '/2') response.setHeader('Connection', 'close');
        setTimeout(() => response.end(request.url), 20);
      });
      const client = await connect();
      await send(client, ['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`).join(''));
      await until('it lingers', () => control.lingering === 1);
      await send(client, payload(100_000));
      const { body, saw } = await readAnswer(client);
      client.end();
      assert.equal(saw, 'end');
      assert.ok(body.toString('latin1').endsWith('\r\n\r\n/2'));
      await over(control);
      assert.deepEqual(reasons, ['pipelined']);
    });

    it(`${protocol}: bytes behind the last request's body are never served`, async () => {
      const upgrade = 'GET /upgrade HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n';
      for (const last of ['GET /third HTTP/1.1\r\nHost: test\r\n\r\n', 'CONNECT test:1 HTTP/1.1\r\nHost: test\r\n\r\n', upgrade]) {
        const served: (string | undefined)[] = [];
        const { server, requested, connect, control } = await start((request, response) => {
          served.push(request.url);
          response.writeHead(413, { Connection: 'close', 'Content-Length': big.length });
          // The answer is complete, but not yet written: the parser still gets the rest of the body.
          response.end(big);
        });
        for (const event of ['connect', 'upgrade']) server.on(event, (request: http.IncomingMessage) => served.push(request.url));
        const client = await connect();
        await send(client, postHead('/first', 50_000));
        await requested(1);
        await send(client, payload(50_000));
        await sleep(20);
        await send(client, `${postHead('/second', 10)}${payload(5).toString('hex')}`);
        await send(client, last);
        await sleep(50);
        const { status, body, saw } = await readAnswer(client);
        client.end();
        assert.deepEqual([status, saw, body.equals(big)], [413, 'end', true]);
        assert.deepEqual(served, ['/first']);
        await until('nobody lingers', () => control.lingering === 0);
      }
    });

    it(`${protocol}: node:http's own refusals: 400 and 431`, async () => {
      const { connect, control, reasons } = await start(undefined);
      for (const [request, status] of [
        ['NONSENSE\r\n\r\n', 400],
        [`GET / HTTP/1.1\r\nHost: test\r\nLong: ${'x'.repeat(20_000)}\r\n`, 431],
      ] as const) {
        const client = await connect();
        client.on('error', () => undefined);
        await send(client, request);
        await until('it lingers', () => control.lingering === 1);
        await send(client, payload(100_000));
        const found = await readAnswer(client);
        client.end();
        assert.deepEqual([found.status, found.saw], [status, 'end']);
        await until('nobody lingers', () => control.lingering === 0);
      }
      assert.deepEqual(reasons, ['protocol-error', 'protocol-error']);
    });

    it(`${protocol}: 408, and no second one while it lingers`, async () => {
      const options = { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 20 };
      const { server, connect, control, reasons } = await start((request) => void request.resume(), {}, options);
      let refused = 0;
      server.prependListener('clientError', () => (refused += 1));
      server.on('clientError', (_, socket) => {
        if (!(socket instanceof net.Socket) || !socket.writable) return;
        socket.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
        socket.destroySoon();
      });
      const client = await connect();
      client.on('error', () => undefined);
      await uploadInPart(client, postHead('/', 1e9));
      await until('it lingers', () => control.lingering === 1);
      await send(client, payload(100_000));
      await sleep(200);
      const { status, saw } = await readAnswer(client);
      client.end();
      assert.deepEqual([status, saw], [408, 'end']);
      await over(control);
      assert.equal(refused, 1);
      assert.equal(reasons.length, 1);
    });

    it(`${protocol}: 408 by node:http itself`, async () => {
      const options = { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 20 };
      const { connect, control, reasons } = await start(undefined, {}, options);
      const client = await connect();
      await send(client, 'GET / HTTP/1.1\r\nHo');
      await until('it lingers', () => control.lingering === 1);
      await send(client, payload(100_000));
      const { status, saw } = await readAnswer(client);
      client.end();
      assert.deepEqual([status, saw], [408, 'end']);
      await over(control);
      assert.deepEqual(reasons, ['protocol-error']);
    });

    it(`${protocol}: Expect: 100-continue that is refused`, async () => {
      const { server, connect, control, reasons } = await start(undefined);
      server.on('checkContinue', refuse);
      const client = await connect();
      await send(client, postHead('/', 1e9).replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'));
      const { status, body, saw } = await readAnswer(client);
      assert.deepEqual([status, saw, body.equals(answer)], [413, 'end', true]);
      client.end();
      await over(control);
      assert.deepEqual(reasons, ['unfinished-request']);
    });

    it(`${protocol}: a client that has sent a part of the next request's head`, async function () {
      if (Number(process.versions.node.split('.')[0]) > 20) skip(this, 'from Node 22 on the parser tells nobody of it but at a price for every request');
      const { connect, control, reasons } = await start((_, response) => {
        response.setHeader('Connection', 'close');
        setTimeout(() => response.end(answer), 20);
      });
      const client = await connect();
      await send(client, 'GET /1 HTTP/1.1\r\nHost: test\r\n\r\nPOST /2 HTTP/1.1\r\nHo');
      await getsAnswer(client, control);
      assert.deepEqual(reasons, ['pipelined']);
    });

    it(`${protocol}: nonsense behind the request does not cost the answer that is complete`, async () => {
      const { requested, connect, control, reasons } = await start((_, response) => response.end(big));
      const client = await connect();
      await send(client, 'GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
      await requested(1);
      await send(client, 'NONSENSE\r\n\r\n');
      await getsAnswer(client, control, big);
      assert.deepEqual(reasons, ['protocol-error']);
    });

    it(`${protocol}: a refusal by the application's own 'clientError'`, async () => {
      for (const how of ['destroy', 'destroySoon'] as const) {
        const { server, connect, control, reasons } = await start(undefined);
        server.on('clientError', (_, socket: net.Socket) => {
          if (!socket.writable) return;
          socket.end(Buffer.concat([Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'), answer]));
          socket[how]();
        });
        const client = await connect();
        await send(client, 'NONSENSE\r\n\r\n');
        await getsAnswer(client, control);
        assert.equal(reasons.length, 1);
      }
    });

    it(`${protocol}: a refusal by 'checkContinue': bytes behind the body are never served`, async () => {
      const served: (string | undefined)[] = [];
      const { server, connect, control } = await start((request) => void served.push(request.url));
      const refused = once(server, 'checkContinue');
      server.on('checkContinue', (_, response: http.ServerResponse) => {
        response.writeHead(413, { Connection: 'close', 'Content-Length': big.length });
        response.end(big);
      });
      const client = await connect();
      await send(client, postHead('/first', 1000).replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'));
      await refused;
      await send(client, payload(1000));
      await send(client, 'GET /second HTTP/1.1\r\nHost: test\r\n\r\n');
      await sleep(50);
      const { body, saw } = await readAnswer(client);
      client.end();
      assert.deepEqual([saw, body.equals(big), served], ['end', true, []]);
      await until('nobody lingers', () => control.lingering === 0);
    });

    it(`${protocol}: destroy() of the request behind its whole answer delivers the answer`, async () => {
      const big = payload(8_000_000);
      const { connect, control } = await start((request, response) => {
        response.writeHead(413, { Connection: 'close', 'Content-Length': big.length });
        response.end(big);
        request.destroy();
      });
      const client = await connect();
      client.on('error', () => undefined);
      await uploadInPart(client, postHead('/', 1e9));
      await until('it lingers', () => control.lingering === 1);
      const { body, saw } = await readAnswer(client);
      client.end();
      assert.deepEqual([saw, body.equals(big)], ['end', true]);
      await over(control);
    });

    it(`${protocol}: a slow reader of a big answer has its time, also while the server closes`, async () => {
      // Four seconds to read. Less than three of them count against the limits, which begin when the kernel has it all.
      const longer = payload(30_000_000);
      const read = async (how: 'close' | 'destroy, then close'): Promise<void> => {
        const { server, requested, connect, control, ends } = await start(
          (request, response) => {
            response.writeHead(413, { 'Content-Length': longer.length }).end(longer);
            if (how !== 'close') request.destroy();
          },
          { timeout: 3000, closingTimeout: how === 'close' ? 3000 : 2900 },
        );
        const client = await connect();
        await send(client, how === 'close' ? 'GET / HTTP/1.1\r\nHost: test\r\n\r\n' : postHead('/', 5));
        await requested(1);
        await sleep(20);
        server.close();
        await until('it lingers', () => control.lingering === 1);
        const { body, saw } = await readSlowly(client);
        client.end();
        assert.deepEqual([saw, body.equals(longer)], ['end', true]);
        await over(control);
        assert.ok(ends[0]!.result.durationMs > 3100, String(ends[0]!.result.durationMs));
      };
      await Promise.all([read('close'), read('destroy, then close')]);
    });

    it(`${protocol}: a client that reads nothing of a big answer, and drips, is cut at the limit`, async () => {
      const { connect, control } = await start(
        (request, response) => {
          response.writeHead(413, { 'Content-Length': big.length }).end(big);
          request.destroy();
        },
        { timeout: 300 },
      );
      const client = await connect();
      client.on('error', () => undefined);
      await send(client, postHead('/', 1e9));
      await until('it lingers', () => control.lingering === 1);
      const drip = setInterval(() => client.write('x'), 20);
      await over(control);
      clearInterval(drip);
      assert.equal(control.outcomes.timeout, 1);
    });

    it(`${protocol}: an answer that was cut short stays cut short`, async () => {
      let cut: () => void;
      const { connect, control, requested } = await start((request, response) => {
        response.writeHead(200, { Connection: 'close' }); // chunked
        response.write('half of it');
        cut = () => request.socket.destroy();
      });
      const client = await connect();
      client.on('error', () => undefined);
      await uploadInPart(client, postHead('/', 1e9));
      await requested(1);
      setTimeout(() => cut(), 20);
      const { body } = await readAnswer(client);
      assert.equal(body.toString('latin1').includes('\r\n0\r\n'), false);
      assert.equal(control.total, 0);
    });

    it(`${protocol}: a connection that was upgraded is left alone, unless asked`, async () => {
      for (const upgraded of [false, true]) {
        const { server, connect, control } = await start(undefined, { upgraded });
        server.on('upgrade', (_: unknown, socket: net.Socket) => {
          socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n');
          socket.pause();
          setTimeout(() => socket.end('bye').destroySoon(), 50);
        });
        const client = await connect();
        client.on('error', () => undefined);
        await send(client, 'GET / HTTP/1.1\r\nHost: test\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n');
        await sleep(20);
        client.write(payload(500_000));
        const { body, saw } = await readAnswer(client);
        client.end();
        if (upgraded) {
          assert.deepEqual([body.toString(), saw], ['bye', 'end']);
          await over(control);
        } else {
          assert.equal(control.total, 0);
        }
      }
    });

    it(`${protocol}: a connection that is upgraded before its request's body has come is left alone, too`, async () => {
      const { server, connect, control } = await start(undefined);
      server.on('upgrade', (_: unknown, socket: Duplex) => void socket.on('error', () => undefined).destroy());
      const client = await connect();
      client.on('error', () => undefined);
      await send(client, postHead('/', 100).replace('\r\n\r\n', '\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\nabc'));
      await readAnswer(client);
      assert.equal(control.total, 0);
    });

    it(`${protocol}: events of request and response come as without it`, async () => {
      const record = async (enabled: boolean): Promise<string[]> => {
        const events: string[] = [];
        const { server, connect } = await startHost(protocol, (request, response) => {
          for (const name of ['data', 'end', 'aborted', 'error', 'close']) {
            request.on(name, () => events.at(-1) === 'request data' || events.push(`request ${name}`));
          }
          for (const name of ['prefinish', 'finish', 'close', 'error']) response.on(name, () => events.push(`response ${name}`));
          request.once('data', () => {
            events.push('answered');
            response.writeHead(413, { Connection: 'close' });
            response.end('no');
          });
        });
        if (enabled) enableLingeringClose(server);
        const client = await connect();
        client.on('error', () => undefined);
        await uploadInPart(client, postHead('/', 1e9));
        await until('the response is over', () => events.includes('response close'));
        await sleep(20);
        client.destroy();
        return events.filter((event, index) => event !== 'request data' || index < 2);
      };
      const without = await record(false);
      assert.ok(without.includes('response finish'));
      assert.deepEqual(await record(true), without);
    });

    it(`${protocol}: requests that wait behind the last answer are aborted at once, not after lingering`, async () => {
      const aborted: (string | undefined)[] = [];
      const { connect, control } = await start((request, response) => {
        request.on('close', () => request.url === '/2' && aborted.push(request.url)).on('error', () => undefined);
        response.on('error', () => undefined);
        if (request.url === '/1') setTimeout(() => response.setHeader('Connection', 'close').end('1'), 20);
      });
      const client = await connect();
      await send(client, ['/1', '/2'].map((path) => `${postHead(path, 3)}abc`).join(''));
      await until('it lingers', () => control.lingering === 1);
      await until('the second is closed', () => aborted.length === 1);
      assert.equal(control.lingering, 1);
      client.destroy();
      await until('nobody lingers', () => control.lingering === 0);
    });
  }

  it('destroySoon() by the application as well as by node:http', async () => {
    const { server, connect } = await startHost('http', (request, response) => {
      refuse(request, response);
      request.socket.destroySoon();
    });
    const control = enableLingeringClose(server);
    const client = await connect();
    await uploadInPart(client, postHead('/', 1e9));
    await getsAnswer(client, control);
  });

  it('lingerClose() of a socket that lingers already waits for that', async () => {
    const closing: Promise<LingerResult>[] = [];
    const { server, connect } = await startHost('http', (request, response) => {
      refuse(request, response);
      response.once('close', () => setTimeout(() => closing.push(lingerClose(request.socket)), 20));
    });
    const control = enableLingeringClose(server);
    const client = await connect();
    await uploadInPart(client, postHead('/', 1e9));
    await getsAnswer(client, control);
    assert.equal((await closing[0])?.outcome, 'already-closed');
  });

  it("leaves what node:http does without listeners as it is, and takes anything that is emitted", async () => {
    const { server, connect } = await startHost('http', (request, response) => void response.end(request.url));
    enableLingeringClose(server);
    for (const request of [new http.IncomingMessage(null as never), {}]) server.emit('request', request, { end: () => undefined });
    server.emit('clientError', undefined, undefined);
    const client = await connect();
    await send(client, postHead('/', 5).replace('\r\n\r\n', '\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n12345'));
    const { status, body } = await readAnswer(client);
    assert.deepEqual([status, body.toString('latin1').slice(0, 15)], [100, 'HTTP/1.1 200 OK']);
  });
});
