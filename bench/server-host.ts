// An HTTP server with and without enableLingeringClose(): a process of its own for each, so that what one does to V8's
// view of net.Socket does not slow down the other.
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';

import { enableLingeringClose } from 'socket-linger';

import { serve } from './child.js';
import { ownCpuMs } from './measure.js';

export type ServerRequest =
  /**
   * Answers with the port. `drain`: how an upload that was refused ends, by a lingering close, or by reading all of it as
   * node:http does for a connection that it keeps.
   */
  | { readonly type: 'listen'; readonly enable: boolean; readonly drain: 'linger' | 'read' }
  | { readonly type: 'start' }
  /** Answers, when the last connection is closed unless `open` is set, with what it took since 'start'. */
  | { readonly type: 'stop'; readonly open?: boolean };

export interface ServerAnswer {
  readonly port?: number;
  readonly cpuMs?: number;
  readonly wallMs?: number;
}

/** Nothing may come due within a measurement. */
const limits = { timeout: 300_000, idleTimeout: 300_000 };
const body = Buffer.from('Hello, here is the answer to an ordinary request.\n');

let drain: 'linger' | 'read' = 'linger';
let cpuBefore = 0;
let startedAt = 0;

function answer(response: http.ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
  response.end(body);
}

function refuse(response: http.ServerResponse): void {
  const headers = drain === 'linger' ? { Connection: 'close' } : {};
  response.writeHead(413, { 'Content-Type': 'text/plain', 'Content-Length': body.length, ...headers });
  response.end(body);
}

const server = http.createServer((request, response) => {
  if (request.method === 'GET') answer(response);
  else if (request.url === '/upload') refuse(response);
  else request.resume().once('end', () => answer(response));
});

async function closed(): Promise<void> {
  const count = (): Promise<number> => new Promise((resolve) => server.getConnections((_, number) => resolve(number)));
  while ((await count()) > 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

serve(async (request: ServerRequest): Promise<ServerAnswer> => {
  switch (request.type) {
    case 'listen':
      ({ drain } = request);
      if (drain === 'read') server.keepAliveTimeout = 0; // it would cut an upload that the process has no time to read
      if (request.enable) enableLingeringClose(server, limits);
      server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
      await once(server, 'listening');
      return { port: (server.address() as net.AddressInfo).port };
    case 'start':
      cpuBefore = ownCpuMs();
      startedAt = performance.now();
      return {};
    case 'stop': {
      const wallMs = performance.now() - startedAt;
      if (request.open !== true) await closed();
      return { wallMs, cpuMs: ownCpuMs() - cpuBefore };
    }
  }
});
