// The process with thousands of connections that linger, and what that costs it.
import { once } from 'node:events';
import net from 'node:net';

import koffi from 'koffi';
import { lingerClose, type LingerResult } from 'socket-linger';

import { serve } from './child.js';
import { useEngine, type Engine } from './engines.js';
import { LoopDelay, ownCpuMs, sleep } from './measure.js';

export type HostRequest =
  /** Answers with the port to connect to. */
  | { readonly type: 'listen'; readonly engine: Engine }
  /** The answer comes when so many are connected. */
  | { readonly type: 'accept'; readonly count: number }
  | { readonly type: 'memory' }
  /** Does nothing for so long, and answers with the CPU that this took, in per cent of a core. */
  | { readonly type: 'rest'; readonly ms: number }
  /** The same, for the event loop's longest delay: the measurement would show in the CPU. */
  | { readonly type: 'watch'; readonly ms: number }
  | { readonly type: 'linger' }
  /** The answer comes when all lingering is over. */
  | { readonly type: 'results' };

export interface HostAnswer {
  readonly port?: number;
  readonly memory?: Memory;
  readonly cpuPercent?: number;
  readonly delayMs?: number;
  readonly delivered?: number;
}

/** Bytes in use. */
export interface Memory {
  readonly rss: number;
  /** Allocated by malloc and new: what the addon, libuv and Node's C++ hold. */
  readonly native: number;
  readonly heap: number;
}

/** Nothing may come due within the measurement. */
const limits = { timeout: 300_000, idleTimeout: 300_000 };
const loopResolutionMs = 10;

const sockets: net.Socket[] = [];
let results: Promise<LingerResult>[] = [];
const server = net.createServer({ allowHalfOpen: true }, (socket) => sockets.push(socket));

// glibc's: "uordblks" counts every arena's chunks in use, "hblkhd" those that are mapped one by one.
koffi.struct('mallinfo2', {
  ...Object.fromEntries(['arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks', 'fsmblks'].map((name) => [name, 'size_t'])),
  ...Object.fromEntries(['uordblks', 'fordblks', 'keepcost'].map((name) => [name, 'size_t'])),
});
const mallinfo = koffi.load(null).func('mallinfo2 mallinfo2()') as () => { uordblks: number; hblkhd: number };

async function readMemory(): Promise<Memory> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await sleep(50);
  }
  const { rss, heapUsed } = process.memoryUsage();
  const { uordblks, hblkhd } = mallinfo();
  return { rss, native: uordblks + hblkhd, heap: heapUsed };
}

async function listen(): Promise<HostAnswer> {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return { port: (server.address() as net.AddressInfo).port };
}

async function rest(ms: number): Promise<HostAnswer> {
  const cpuBefore = ownCpuMs();
  const from = performance.now();
  await sleep(ms);
  return { cpuPercent: ((ownCpuMs() - cpuBefore) / (performance.now() - from)) * 100 };
}

async function watch(ms: number): Promise<HostAnswer> {
  const delay = new LoopDelay(loopResolutionMs);
  await sleep(ms);
  return { delayMs: delay.stop() };
}

function lingerAll(): HostAnswer {
  for (const socket of sockets) socket.write('an answer that nobody reads\n');
  results = sockets.map((socket) => lingerClose(socket, limits));
  // A server that has closed a connection does not hold on to it either.
  sockets.length = 0;
  return {};
}

serve(async (request: HostRequest) => {
  switch (request.type) {
    case 'listen':
      useEngine(request.engine);
      return listen();
    case 'accept':
      while (sockets.length < request.count) await once(server, 'connection');
      return {};
    case 'memory':
      return { memory: await readMemory() };
    case 'rest':
      return rest(request.ms);
    case 'watch':
      return watch(request.ms);
    case 'linger':
      return lingerAll();
    case 'results': {
      const all = await Promise.all(results);
      return { delivered: all.filter(({ outcome, delivered }) => outcome === 'peer-fin' && delivered === true).length };
    }
  }
});
