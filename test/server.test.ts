// enableLingeringClose() on http and https servers: who lingers, for what reason, and what the client gets.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import type { Duplex } from 'node:stream';

import {
  enableLingeringClose,
  lingerClose,
  pendingBytes,
  type LingerEndMessage,
  type LingeringClose,
  type LingeringCloseOptions,
  type LingerReason,
  type LingerResult,
  type LingerStartMessage,
} from 'socket-linger';

import { delivered } from './support/acknowledgements.js';
import { describeEngines } from './support/engines.js';
import { postHead, protocols, readAnswer, send, startHost, type Answer, type Host } from './support/http.js';
import { closed, listen, payload, silence, sleep, track, until } from './support/pair.js';
import { skip } from './support/skip.js';

const answer = payload(300_000);
/** More than the kernels of both sides take. */
const big = payload(12_000_000);

function refuse(_: http.IncomingMessage, response: http.ServerResponse): void {
  response.writeHead(413, { Connection: 'close', 'Content-Length': answer.length });
  response.end(answer);
}

/** What the channels tell of one server. */
function watch(server: net.Server): { readonly reasons: LingerReason[]; readonly ends: LingerEndMessage[] } {
  const reasons: LingerReason[] = [];
  const ends: LingerEndMessage[] = [];
  const noteStart = (message: unknown): void => {
    const { server: of, reason } = message as LingerStartMessage;
    if (of === server) reasons.push(reason);
  };
  const noteEnd = (message: unknown): void => {
    if ((message as LingerEndMessage).server === server) ends.push(message as LingerEndMessage);
  };
  subscribe('socket-linger:start', noteStart);
  subscribe('socket-linger:end', noteEnd);
  server.once('close', () => {
    unsubscribe('socket-linger:start', noteStart);
    unsubscribe('socket-linger:end', noteEnd);
  });
  return { reasons, ends };
}

async function over(control: LingeringClose): Promise<void> {
  await until('nobody lingers', () => control.total > 0 && control.lingering === 0);
}

/** Uploads a part of a body that is never finished, and reads only when the server has had time to close. */
async function uploadInPart(client: net.Socket, head: string): Promise<void> {
  await send(client, head);
  await send(client, payload(200_000));
}

/** Uploads more while it lingers, which a close would answer by a reset, and expects the whole answer. */
async function getsAnswer(client: net.Socket, control: LingeringClose, expected = answer): Promise<void> {
  await until('it lingers', () => control.lingering === 1);
  await sleep(50);
  await send(client, payload(100_000));
  const { body, saw } = await readAnswer(client);
  client.end();
  assert.deepEqual([body.equals(expected), saw], [true, 'end']);
  await over(control);
  assert.equal(control.outcomes['peer-fin'], 1);
}

/** As readAnswer(), at 8 MB a second at most. */
async function readSlowly(client: net.Socket): Promise<Answer> {
  client.on('data', (chunk: Buffer) => {
    client.pause();
    setTimeout(() => client.resume(), chunk.length / 8_000);
  });
  return readAnswer(client);
}

/** As a server without us does it: the answer to an unfinished request gets lost. */
async function isLost(server: net.Server, client: net.Socket): Promise<void> {
  client.on('error', () => undefined); // its upload may fail, too
  const gone = once(server, 'request').then(([request]) => closed((request as http.IncomingMessage).socket));
  client.write(postHead('/', 1e9));
  client.write(payload(2_000_000));
  await gone;
  await sleep(50);
  const { body, saw } = await readAnswer(client);
  assert.equal(saw === 'end' && body.equals(answer), false);
}

describe('a server without enableLingeringClose()', () => {
  it('loses its answer to an unfinished request: the premise', async () => {
    const { server, connect } = await startHost('http', refuse);
    await isLost(server, await connect());
  });
});

describeEngines('enableLingeringClose, http and https', () => {
  for (const protocol of protocols) {
    async function start(
      handler: http.RequestListener | undefined,
      options?: LingeringCloseOptions,
      serverOptions?: http.ServerOptions,
    ): Promise<Host & { control: LingeringClose } & ReturnType<typeof watch>> {
      const host = await startHost(protocol, handler, serverOptions);
      const control = enableLingeringClose(host.server, options);
      return { ...host, control, ...watch(host.server) };
    }

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

    it(`${protocol}: a slow reader of a big answer has its time, also while the server closes`, async function () {
      this.timeout(60_000);
      // Four seconds to read, of which 1.3 at most count against the limits: the kernel holds 10 MB at most.
      const longer = payload(30_000_000);
      for (const how of ['close', 'destroy, then close'] as const) {
        const { server, requested, connect, control, ends } = await start(
          (request, response) => {
            response.writeHead(413, { 'Content-Length': longer.length }).end(longer);
            if (how !== 'close') request.destroy();
          },
          { timeout: 2000, closingTimeout: how === 'close' ? 2000 : 1900 },
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
        assert.ok(ends[0]!.result.durationMs > 2100, String(ends[0]!.result.durationMs));
      }
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
      const { connect, control } = await start((request, response) => {
        response.writeHead(200, { Connection: 'close' }); // chunked
        response.write('half of it');
        setTimeout(() => request.socket.destroy(), 20);
      });
      const client = await connect();
      await uploadInPart(client, postHead('/', 1e9));
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

  async function startRefusing(options?: LingeringCloseOptions): Promise<Host & { control: LingeringClose } & ReturnType<typeof watch>> {
    const host = await startHost('http', refuse);
    return { ...host, control: enableLingeringClose(host.server, options), ...watch(host.server) };
  }

  async function lingerers(host: Host, control: LingeringClose, count: number): Promise<net.Socket[]> {
    const clients: net.Socket[] = [];
    for (let i = 0; i < count; i += 1) {
      const client = await host.connect();
      client.on('error', () => undefined);
      await uploadInPart(client, postHead('/', 1e9));
      clients.push(client);
      await until('it lingers', () => control.total === i + 1);
    }
    return clients;
  }

  it('maxLingering: the oldest goes first', async () => {
    const host = await startRefusing({ maxLingering: 2 });
    const clients = await lingerers(host, host.control, 4);
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
      assert.equal(control.outcomes.evicted, 20 - maxLingering);
      for (const client of clients) client.destroy();
      await until('nobody lingers', () => control.lingering === 0);
    }
  });

  it("a slow drip is cut at the limit in all, though it is never idle", async () => {
    const host = await startRefusing({ timeout: 300, idleTimeout: 200 });
    const [client] = await lingerers(host, host.control, 1);
    const drip = setInterval(() => client!.write('x'), 20);
    await over(host.control);
    clearInterval(drip);
    assert.equal(host.control.outcomes.timeout, 1);
  });

  it('maxBytes', async () => {
    const host = await startRefusing({ maxBytes: 1_000_000 });
    const [client] = await lingerers(host, host.control, 1);
    for (let i = 0; i < 40; i += 1) client!.write(payload(100_000));
    await over(host.control);
    assert.equal(host.control.outcomes['byte-limit'], 1);
  });

  it('closingTimeout: server.close() shortens what lingers already and what begins to', async () => {
    const host = await startRefusing({ closingTimeout: 100, idleTimeout: Infinity });
    const late = await host.connect();
    late.on('error', () => undefined);
    await send(late, 'POST / HTTP/1.1\r\nHost: test\r\n');
    await lingerers(host, host.control, 1);
    const done = new Promise((resolve) => host.server.close(resolve));
    await send(late, 'Content-Length: 100000\r\n\r\nx');
    await done;
    assert.deepEqual(host.control.outcomes.timeout, 2);
  });

  it('closeAllConnections() closes what lingers, too', async () => {
    const host = await startRefusing();
    await lingerers(host, host.control, 2);
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
    const clients = await lingerers(host, host.control, 1);
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
    await lingerers(host, host.control, 1);
    controller.abort();
    await until('nobody lingers', () => host.control.lingering === 0);
    assert.throws(() => enableLingeringClose(host.server, { signal: controller.signal }), { code: 'ABORT_ERR' });
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
