// 6. How late the verdict of a limit comes: from the moment when the time is over to the code behind the promise.
import { once } from 'node:events';
import net from 'node:net';

import { lingerClose, type LingerResult } from 'socket-linger';

import type { Benchmark, Context, Findings } from './benchmark.js';
import { BenchError, NodeChild } from './child.js';
import { engines, noBackgroundEngine, useEngine, type Engine } from './engines.js';
import { interleave, quantile, sleep } from './measure.js';
import type { Row } from './report.js';
import { compare } from './rounds.js';
import type { SenderAnswer, SenderRequest } from './sender.js';
import type { PeersAnswer, PeersRequest } from './silent-peers.js';

type Sender = NodeChild<SenderRequest, SenderAnswer>;

const limits = ['timeout', 'idle-timeout'] as const;
type Limit = (typeof limits)[number];

/** An idle timeout begins at the first look, 10 ms after the call (lib/linger-machine.ts, firstPause). */
const bars: Record<Limit, number> = { timeout: 20, 'idle-timeout': 30 };

/** Milliseconds of each socket. */
type Lateness = Record<Limit, number[]>;

const situations = { quiet: 0, '1 fast sender': 1, '4 fast senders': 4 } as const;
const shares = { p50: 0.5, p99: 0.99, max: 1 } as const;
const firstMs = 1000;
const atATime = 10;
const ample = { timeout: 300_000, idleTimeout: 300_000 };
/** More than can be sent meanwhile. */
const endless = 1e13;

const port = (server: net.Server): number => (server.address() as net.AddressInfo).port;

async function lateness(socket: net.Socket, limit: Limit, ms: number): Promise<number> {
  const from = performance.now();
  const { outcome } = await lingerClose(socket, { ...ample, [limit === 'timeout' ? 'timeout' : 'idleTimeout']: ms });
  if (outcome !== limit) throw new BenchError(`lingerClose() ended with '${outcome}'`);
  return performance.now() - from - ms;
}

/** A sender in a process of its own, which never comes to an end. */
async function upload(server: net.Server): Promise<{ sender: Sender; discarding: Promise<LingerResult> }> {
  const sender: Sender = new NodeChild('./sender.js');
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  const connected = sender.ask({ type: 'connect', port: port(server), preface: '' });
  const [socket] = await accepted;
  socket.write('an answer');
  const discarding = lingerClose(socket, ample);
  await connected;
  sender.ask({ type: 'send', bytes: endless }).catch(() => undefined); // it is killed in the middle
  return { sender, discarding };
}

async function measure(engine: Engine, count: number, spreadMs: number, senders: number): Promise<Lateness> {
  useEngine(engine);
  const peers = new NodeChild<PeersRequest, PeersAnswer>('./silent-peers.js');
  const uploads: { sender: Sender; discarding: Promise<LingerResult> }[] = [];
  const server = net.createServer({ allowHalfOpen: true }).listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  try {
    await once(server, 'listening');
    const sockets: net.Socket[] = [];
    const keep = (socket: net.Socket): unknown => sockets.push(socket);
    server.on('connection', keep);
    await peers.ask({ type: 'connect', port: port(server), count });
    while (sockets.length < count) await once(server, 'connection');
    server.off('connection', keep);
    while (uploads.length < senders) uploads.push(await upload(server));
    const all: Record<Limit, Promise<number>[]> = { timeout: [], 'idle-timeout': [] };
    for (const [index, socket] of sockets.entries()) {
      const limit = limits[index % limits.length]!;
      all[limit].push(lateness(socket, limit, firstMs + (index / count) * spreadMs));
      // All at once they would hold up the event loop, and that would be measured.
      if (index % atATime === 0) await sleep(1);
    }
    return { timeout: await Promise.all(all.timeout), 'idle-timeout': await Promise.all(all['idle-timeout']) };
  } finally {
    await Promise.all([peers.stop(), ...uploads.map(({ sender }) => sender.stop())]);
    await Promise.all(uploads.map(({ discarding }) => discarding));
    server.close();
  }
}

async function run({ quick, signal, say }: Context): Promise<Findings> {
  const available = await engines();
  const count = quick ? 200 : 1000;
  const spreadMs = quick ? 1000 : 3000;
  const rounds = quick ? 1 : 3;
  const rows: Row[] = [];
  for (const [situation, senders] of Object.entries(situations)) {
    say(`${rounds} rounds of ${count} sockets, ${situation}: ${available.join(', ')}`);
    const variants: Record<string, () => Promise<Lateness>> = {};
    for (const engine of available) variants[engine] = () => measure(engine, count, spreadMs, senders);
    const results = await interleave(variants, { rounds, warmups: 0, signal });
    for (const limit of limits) {
      for (const [name, share] of Object.entries(shares)) {
        const of = (engine: Engine): number[] => results[engine]!.map((one) => quantile(one[limit], share));
        const bar = name === 'p50' ? null : ({ of: 'value', is: '<=', limit: bars[limit] } as const);
        rows.push(compare(`${limit} ${name}, ${situation}`, 'ms', of(available[0]!), of('portable'), bar));
      }
    }
  }
  const notes = [
    `${count} sockets with deadlines spread over ${spreadMs / 1000} s, half of each kind; ${available.join(' engine : ')} engine. ` +
      'Fast senders: as many processes, which upload at full speed to sockets that linger too.',
    'Counted is from the call; an idle timeout begins 10 ms later, when the socket is first looked at, so its bar is 30.',
  ];
  if (!available.includes('background')) notes.push(noBackgroundEngine);
  return { rows, notes };
}

export const deadlines: Benchmark = {
  name: 'deadlines',
  title: 'how late the verdict of a limit comes',
  run,
};
