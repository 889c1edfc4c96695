// An HTTP server with enableLingeringClose() in a process of its own (with --expose-gc), so that what it has open and
// holds in memory is its own. POST /upload is refused before its body has come, all else is served.
import { subscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';

import { selectEngine, type EngineChoice } from '#lib/engine.js';
import { enableLingeringClose, type LingeringClose, type LingeringCloseOptions } from 'socket-linger';

import { serve } from '../../bench/child.js';
import { openSockets } from './descriptors.js';
import { answer } from './load-answer.js';
import { sleep } from './pair.js';

export type LoadServerRequest =
  /** Answers with the port. */
  | { readonly type: 'listen'; readonly engine: EngineChoice }
  /** For those that connect from now on. */
  | { readonly type: 'enable'; readonly options: LingeringCloseOptions }
  /** Answers when so many have begun to linger since 'enable'. */
  | { readonly type: 'started'; readonly count: number }
  /** Closes all connections at once, those that linger included. */
  | { readonly type: 'closeAll' }
  /** Answers when nobody is connected, and nobody lingers. */
  | { readonly type: 'quiet' }
  | { readonly type: 'look' };

/** What there is at one moment, after a garbage collection. */
export interface Look {
  readonly port: number;
  /** Descriptors of sockets; undefined where the system can't tell. */
  readonly sockets: number | undefined;
  /** Bytes. */
  readonly heap: number;
  readonly rss: number;
  /** The most listeners of any event of the server, and of any open connection: { 'request': 2, ... }. */
  readonly listeners: Readonly<Record<'server' | 'connections', Record<string, number>>>;
  readonly warnings: readonly string[];
  readonly total: number;
  readonly lingering: number;
  /** The most at any moment since 'enable'. */
  readonly mostLingering: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly started: number;
  readonly ended: number;
}

const connections = new Set<net.Socket>();
const warnings: string[] = [];
let port = 0;
let control: LingeringClose | undefined;
let mostLingering = 0;
let started = 0;
let ended = 0;

process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`));
// Right after somebody has begun to linger there are the most.
subscribe('socket-linger:start', () => {
  started += 1;
  mostLingering = Math.max(mostLingering, control?.lingering ?? 0);
});
subscribe('socket-linger:end', () => {
  ended += 1;
  mostLingering = Math.max(mostLingering, control?.lingering ?? 0);
});

const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const isRefused = request.url === '/upload';
  response.writeHead(isRefused ? 413 : 200, {
    'Content-Length': answer.length,
    ...(isRefused && { Connection: 'close' }),
  });
  if (isRefused) response.end(answer);
  else request.resume().once('end', () => response.end(answer));
});
server.on('connection', (socket) => {
  connections.add(socket);
  socket.once('close', () => connections.delete(socket));
});

function countListeners(emitters: Iterable<EventEmitter>): Record<string, number> {
  const most: Record<string, number> = {};
  for (const emitter of emitters) {
    for (const event of emitter.eventNames()) {
      const name = event.toString();
      most[name] = Math.max(most[name] ?? 0, emitter.listenerCount(event));
    }
  }
  return most;
}

async function look(): Promise<Look> {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    await sleep(20);
  }
  const { heapUsed, rss } = process.memoryUsage();
  return {
    port,
    sockets: openSockets(),
    heap: heapUsed,
    rss,
    listeners: { server: countListeners([server]), connections: countListeners(connections) },
    warnings,
    total: control?.total ?? 0,
    lingering: control?.lingering ?? 0,
    mostLingering,
    outcomes: { ...control?.outcomes },
    started,
    ended,
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

serve(async (request: LoadServerRequest) => {
  switch (request.type) {
    case 'listen':
      selectEngine(request.engine);
      server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
      await once(server, 'listening');
      ({ port } = server.address() as net.AddressInfo);
      break;
    case 'enable':
      control = enableLingeringClose(server, request.options);
      started = ended = mostLingering = 0;
      break;
    case 'started':
      await until(() => started >= request.count);
      break;
    case 'closeAll':
      server.closeAllConnections();
      break;
    case 'quiet':
      await until(() => connections.size === 0 && control?.lingering === 0);
      break;
    case 'look':
      break;
  }
  return look();
});
