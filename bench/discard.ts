// 2. Discarding what a fast sender sends to a socket that we have closed: CPU of the discarding process, and what it
// does to the event loop.
import { once } from 'node:events';
import net from 'node:net';

import { lingerClose } from 'socket-linger';

import type { Benchmark, Context, Findings } from './benchmark.js';
import { BenchError, NodeChild } from './child.js';
import { engines, noBackgroundEngine, useEngine, type Engine } from './engines.js';
import { cpuMsOf, interleave, LoopDelay, ownCpuMs } from './measure.js';
import { nginxVersion, startNginx, type Nginx } from './nginx.js';
import type { Row } from './report.js';
import { compare } from './rounds.js';
import type { SenderAnswer, SenderRequest } from './sender.js';

type Sender = NodeChild<SenderRequest, SenderAnswer>;

interface Sample {
  /** Per 10^9 bytes. */
  readonly cpuMs: number;
  /** Longest delay of the event loop; NaN for nginx. */
  readonly stallMs: number;
  readonly wallMs: number;
}

/** At 1 ms the measurement itself would be a tenth of what there is to be measured. */
const loopResolutionMs = 5;

const answer = 'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/** Answers at once, and counts and throws away all that comes until the peer closes. Resolves with the count. */
type Discarder = (socket: net.Socket) => Promise<number>;

function lingering(engine: Engine): Discarder {
  return async (socket) => {
    useEngine(engine);
    socket.write(answer);
    const { outcome, discardedBytes } = await lingerClose(socket, { timeout: 300_000, idleTimeout: 60_000 });
    if (outcome !== 'peer-fin') throw new BenchError(`lingerClose() ended with '${outcome}'`);
    return discardedBytes;
  };
}

const resuming: Discarder = async (socket) => {
  socket.write(answer);
  socket.resume();
  await once(socket, 'end');
  const { bytesRead } = socket;
  socket.end();
  await once(socket, 'close');
  return bytesRead;
};

async function discardHere(discarder: Discarder, sender: Sender, bytes: number): Promise<Sample> {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  const connected = sender.ask({ type: 'connect', port: (server.address() as net.AddressInfo).port, preface: '' });
  const [socket] = await accepted;
  const discarding = discarder(socket);
  await connected;
  const delay = new LoopDelay(loopResolutionMs);
  const cpuBefore = ownCpuMs();
  const from = performance.now();
  const sent = sender.ask({ type: 'send', bytes });
  const discarded = await discarding;
  const cpuMs = ((ownCpuMs() - cpuBefore) / bytes) * 1e9;
  const wallMs = performance.now() - from;
  const stallMs = delay.stop();
  const { error } = await sent;
  server.close();
  if (error !== undefined) throw new BenchError(`the sender failed: ${error}`);
  if (discarded !== bytes) throw new BenchError(`${discarded} of ${bytes} bytes counted`);
  return { cpuMs, stallMs, wallMs };
}

async function discardByNginx(nginx: Nginx, sender: Sender, bytes: number): Promise<Sample> {
  const preface = `POST / HTTP/1.1\r\nHost: bench\r\nContent-Length: ${bytes}\r\n\r\n`;
  await sender.ask({ type: 'connect', port: nginx.port, preface });
  const cpuBefore = cpuMsOf(nginx.pid);
  const from = performance.now();
  const { error } = await sender.ask({ type: 'send', bytes });
  if (error !== undefined) throw new BenchError(`the sender failed: ${error}`);
  const cpuMs = ((cpuMsOf(nginx.pid) - cpuBefore) / bytes) * 1e9;
  return { cpuMs, stallMs: NaN, wallMs: performance.now() - from };
}

async function run({ quick, signal, say }: Context): Promise<Findings> {
  const available = await engines();
  const version = await nginxVersion();
  const bytes = quick ? 256_000_000 : 2_000_000_000;
  const sender: Sender = new NodeChild('./sender.js');
  let nginx: Nginx | undefined;
  try {
    if (version !== undefined) nginx = await startNginx();
    const here = (discarder: Discarder) => (): Promise<Sample> => discardHere(discarder, sender, bytes);
    const variants: Record<string, () => Promise<Sample>> = { resume: here(resuming) };
    for (const engine of available) variants[engine] = here(lingering(engine));
    if (nginx !== undefined) variants.nginx = discardByNginx.bind(null, nginx, sender, bytes);
    const rounds = quick ? 3 : 5;
    say(`${rounds + 1} rounds of ${bytes / 1e6} MB: ${Object.keys(variants).join(', ')}`);
    const results = await interleave(variants, { rounds, warmups: 1, signal });

    const cpu = (name: string): number[] => results[name]!.map(({ cpuMs }) => cpuMs);
    const stallsOf = (name: string): number[] => results[name]!.map(({ stallMs }) => stallMs);
    const wall = (name: string): number[] => results[name]!.map(({ wallMs }) => wallMs);
    const rows: Row[] = [];
    for (const engine of available) {
      rows.push(compare(`CPU, ${engine} : resume()`, 'ms/GB', cpu(engine), cpu('resume'), { of: 'ratio', is: '<=', limit: 0.15 }));
      if (nginx !== undefined) {
        rows.push(compare(`CPU, ${engine} : nginx`, 'ms/GB', cpu(engine), cpu('nginx'), { of: 'ratio', is: '<', limit: 1 }));
      }
    }
    for (const engine of available) {
      const bar = { of: 'value', is: '<=', limit: 10 } as const;
      rows.push(compare(`loop delay, ${engine} : resume()`, 'ms', stallsOf(engine), stallsOf('resume'), bar));
    }
    for (const engine of available) rows.push(compare(`wall, ${engine} : resume()`, 'ms', wall(engine), wall('resume')));
    if (nginx !== undefined) rows.push(compare('wall, nginx : resume()', 'ms', wall('nginx'), wall('resume')));
    const notes = [`CPU: user and system time of the discarding process, all threads, per 10^9 of ${bytes} bytes.`];
    if (!available.includes('background')) notes.push(noBackgroundEngine);
    notes.push(version === undefined ? 'nginx is not installed: its rows are left out.' : `${version}, lingering_close always.`);
    return { rows, notes };
  } finally {
    await Promise.all([sender.stop(), nginx?.stop()]);
  }
}

export const discard: Benchmark = {
  name: 'discard',
  title: 'discarding what a fast sender sends: CPU, event-loop delay',
  run,
};
