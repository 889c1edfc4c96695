// A server that answers the first byte and closes, in one of several ways. A process of its own for each way: what one
// does to the shape of net.Socket's objects must not slow down the other.
import { once } from 'node:events';
import net from 'node:net';

import { lingerClose } from 'socket-linger';

import { serve } from './child.js';
import { useEngine, type Engine } from './engines.js';
import { ownCpuMs } from './measure.js';

/** 'end': half-close and read to the peer's FIN, all by Node: what waiting alone costs. */
export type Closer = Engine | 'destroySoon' | 'end';

export type ServerRequest =
  /** Answers with the port. */
  | { readonly type: 'listen'; readonly closer: Closer }
  /** From now on so many connections get an answer of so many bytes. */
  | { readonly type: 'expect'; readonly count: number; readonly bytes: number; readonly until: 'peer-fin' | 'acked' }
  /** The answer comes when that many are closed. */
  | { readonly type: 'finished' };

export interface ServerAnswer {
  readonly port?: number;
  /** From the first connection to the last close. */
  readonly wallMs?: number;
  readonly cpuMs?: number;
  /** When each connection was closed, in the order in which they came; ns. */
  readonly closedAt?: readonly string[];
}

let closer: Closer = 'destroySoon';
let count = 0;
let answer = Buffer.alloc(0);
let until: 'peer-fin' | 'acked' = 'peer-fin';
let accepted = 0;
let closed = 0;
let closedAt: bigint[] = [];
let startedAt = 0;
let endedAt = 0;
let cpuBefore = 0;
let cpuAfter = 0;
let finished: () => void = () => undefined;
let failure: string | undefined;

function noteClosed(number: number): void {
  closedAt[number] = process.hrtime.bigint();
  closed += 1;
  if (closed !== count) return;
  endedAt = performance.now();
  cpuAfter = ownCpuMs();
  finished();
}

function close(socket: net.Socket, number: number): void {
  if (closer === 'destroySoon') {
    socket.once('close', () => noteClosed(number));
    socket.destroySoon();
    return;
  }
  if (closer === 'end') {
    socket.once('close', () => noteClosed(number));
    socket.resume().end();
    return;
  }
  void lingerClose(socket, { until }).then(({ outcome, delivered }) => {
    if (outcome !== until || delivered !== true) failure ??= `lingerClose() ended with '${outcome}', ${delivered}`;
    noteClosed(number);
  });
}

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  if (accepted === 0) {
    startedAt = performance.now();
    cpuBefore = ownCpuMs();
  }
  const number = accepted++;
  socket.on('error', (error) => (failure ??= error.message));
  socket.once('data', () => {
    socket.write(answer);
    close(socket, number);
  });
});

serve(async (request: ServerRequest) => {
  switch (request.type) {
    case 'listen':
      closer = request.closer;
      if (closer !== 'destroySoon' && closer !== 'end') useEngine(closer);
      server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 });
      await once(server, 'listening');
      return { port: (server.address() as net.AddressInfo).port };
    case 'expect':
      ({ count, until } = request);
      answer = Buffer.alloc(request.bytes);
      accepted = 0;
      closed = 0;
      closedAt = [];
      return {};
    case 'finished':
      if (closed < count) await new Promise<void>((resolve) => (finished = resolve));
      if (failure !== undefined) throw new Error(failure);
      return { wallMs: endedAt - startedAt, cpuMs: cpuAfter - cpuBefore, closedAt: count > 1000 ? [] : closedAt.map(String) };
  }
});
