// enableLingeringClose() under load: thousands of clients at once, half of which upload for ever; clients that drip; and
// connections that are kept for hundreds of thousands of requests. What all this costs: bench/server.ts.
import assert from 'node:assert/strict';

import { enableLingeringClose } from 'socket-linger';

import { NodeChild } from '../bench/child.js';
import { descriptorLimit } from './support/descriptors.js';
import { describeEngines } from './support/engines.js';
import { postHead, protocols, readAnswer, startHost } from './support/http.js';
import type { LoadClientAnswer, LoadClientRequest } from './support/load-client.js';
import type { LoadServerRequest, Look } from './support/load-server.js';
import { until } from './support/pair.js';
import { skip } from './support/skip.js';

// Processes of their own: what the server has open and holds is its alone, and the clients don't take its time.
let server: NodeChild<LoadServerRequest, Look>;
let client: NodeChild<LoadClientRequest, LoadClientAnswer>;

function startProcesses(): void {
  server = new NodeChild('../test/support/load-server.js', [], ['--expose-gc']); // seen from bench/child.js
  client = new NodeChild('../test/support/load-client.js');
}

async function stopProcesses(): Promise<void> {
  await Promise.all([server.stop(), client.stop()]);
}

/** Those outcomes that there were. */
function outcomesOf({ outcomes }: Look): Record<string, number> {
  return Object.fromEntries(Object.entries(outcomes).filter(([, count]) => count > 0));
}

const megabyte = 2 ** 20;

function assertGrowth(what: 'heap' | 'rss', before: Look, after: Look, bound: number): void {
  const growth = (after[what] - before[what]) / megabyte;
  assert.ok(growth < bound, `${what} has grown by ${growth.toFixed(1)} MiB, bound: ${bound}`);
}

/** Longer than any of this takes. */
const never = 600_000;

describeEngines('a server, with 1 000 clients that upload for ever, and 1 000 others at the same time', (engine) => {
  const each = 1000;

  before(function () {
    const limit = descriptorLimit();
    // One of every connection, two while the background engine takes over.
    const needed = 4 * each + 200;
    if (limit === undefined) skip(this, 'this system has no /proc');
    if (limit < needed) skip(this, `${needed} descriptors needed, ${limit} allowed`);
  });
  beforeEach(startProcesses);
  afterEach(stopProcesses);

  it('answers all of them, cuts the uploads at the limit, and has nothing left of them', async () => {
    const { port } = await server.ask({ type: 'listen', engine });
    // What a process takes the first time, and keeps for the next: pages of V8 and malloc, compiled code.
    await server.ask({ type: 'enable', options: { timeout: 300 } });
    await client.ask({ type: 'load', port, ordinary: each, uploading: each });
    await client.ask({ type: 'uploads' });
    const before = await server.ask({ type: 'quiet' });

    await server.ask({ type: 'enable', options: { timeout: 3000, idleTimeout: never } });
    const ordinary = await client.ask({ type: 'load', port, ordinary: each, uploading: each });
    assert.deepEqual(ordinary.errors, {});
    assert.equal(ordinary.complete[200], 2 * each);
    const during = await server.ask({ type: 'started', count: each });
    const all = await client.ask({ type: 'uploads' });
    assert.deepEqual(all.errors, {});
    assert.deepEqual(all.complete, { 200: 2 * each, 413: each });

    const after = await server.ask({ type: 'quiet' });
    assert.deepEqual(outcomesOf(after), { timeout: each });
    assert.deepEqual([after.total, after.started, after.ended, after.lingering], [each, each, each, 0]);
    assert.equal(after.sockets, before.sockets);
    // Half of what one socket takes in JavaScript; and as much as the kernel takes from each client at once.
    assertGrowth('heap', before, after, (each * 1000) / megabyte);
    for (const look of [during, after]) assertGrowth('rss', before, look, (each * 65_536) / megabyte);
    assert.deepEqual(after.warnings, []);
  });

  it('never has more of them linger than maxLingering', async () => {
    const maxLingering = 100;
    const before = await server.ask({ type: 'listen', engine });
    const { port } = before;
    await server.ask({ type: 'enable', options: { maxLingering, timeout: never, idleTimeout: never } });
    // An upload that is evicted at once may lose its answer.
    const { complete } = await client.ask({ type: 'load', port, ordinary: each, uploading: each });
    assert.equal(complete[200], 2 * each);
    const during = await server.ask({ type: 'started', count: each });
    assert.equal(during.mostLingering, maxLingering);
    await server.ask({ type: 'closeAll' });
    await client.ask({ type: 'uploads' });
    const after = await server.ask({ type: 'quiet' });
    assert.deepEqual(outcomesOf(after), { evicted: each - maxLingering, 'already-closed': maxLingering });
    assert.equal(after.sockets, before.sockets);
  });
});

describeEngines('a server, with clients that drip', (engine) => {
  for (const protocol of protocols) {
    it(`cuts them at the total limit, ${protocol}`, async () => {
      const { server: host, connect } = await startHost(protocol, (_, response) => {
        response.writeHead(413, { Connection: 'close', 'Content-Length': 2 });
        response.end('no');
      });
      const control = enableLingeringClose(host, { timeout: 1500, idleTimeout: 1000 });
      const drip = async (): Promise<string> => {
        const socket = await connect();
        let failure = '';
        socket.on('error', ({ message }) => (failure = message));
        socket.write(postHead('/', 1e15));
        const dripping = setInterval(() => socket.write('.'), 50);
        try {
          const { body } = await readAnswer(socket);
          await until('it is cut', () => failure !== '');
          return body.toString();
        } finally {
          clearInterval(dripping);
        }
      };
      const clients = 20;
      const bodies = await Promise.all(Array.from({ length: clients }, drip));
      assert.deepEqual(new Set(bodies), new Set(['no']));
      await until('none lingers', () => control.lingering === 0);
      assert.equal(control.outcomes.timeout, clients);
      // One byte at a time; where the engine reads below TLS, a record for each.
      assert.ok(control.discardedBytes >= clients, `${control.discardedBytes} bytes, ${engine}`);
    });
  }
});

describe('a server, with connections that are kept', function () {
  this.timeout(Number(process.env.SOCKET_LINGER_REQUESTS ?? 0) / 10 + 60_000);
  const requests = Number(process.env.SOCKET_LINGER_REQUESTS ?? 200_000);
  const connections = 100;

  beforeEach(startProcesses);
  afterEach(stopProcesses);

  it(`has nothing left of ${requests} requests`, async () => {
    const { port } = await server.ask({ type: 'listen', engine: 'auto' });
    const start = await server.ask({ type: 'enable', options: {} });
    const ask = async (count: number): Promise<Look> => {
      const { errors, complete } = await client.ask({ type: 'keep-alive', port, connections, requests: count });
      assert.deepEqual(errors, {});
      assert.deepEqual(complete, { 200: count });
      return server.ask({ type: 'look' });
    };
    const before = await ask(20_000); // until V8 has compiled what it will
    const after = await ask(requests);
    assert.equal(after.sockets, before.sockets);
    assert.deepEqual(after.listeners, before.listeners);
    // The smallest object takes 16 bytes.
    assertGrowth('heap', before, after, (requests * 8) / megabyte);
    assert.deepEqual(after.warnings, []);
    await client.ask({ type: 'close' });
    const end = await server.ask({ type: 'quiet' });
    assert.equal(end.sockets, start.sockets);
    assert.deepEqual(end.listeners, start.listeners);
    assert.equal(end.total, 0);
  });
});
