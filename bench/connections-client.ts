// A client that makes connections one way, and closes each at the server's FIN. A process of its own for each way.
import net from 'node:net';

import { closeCause, connect } from 'socket-linger';

import { serve } from './child.js';
import { ownCpuMs } from './measure.js';

/** 'tracked': net.connect(), and closeCause() at the beginning and at the end. */
export type Connector = 'net.connect' | 'connect' | 'options' | 'tracked';

export interface ClientRequest {
  readonly port: number;
  readonly count: number;
  readonly atATime: number;
}

export interface ClientAnswer {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const connector = process.argv[2] as Connector;

function open(port: number): net.Socket {
  const where = { port, host: '127.0.0.1' };
  switch (connector) {
    case 'connect':
      return connect(where);
    case 'options':
      return connect({ ...where, socketOptions: { keepIdle: 100, userTimeout: 20_000 } });
    default:
      return net.connect(where);
  }
}

function one(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = open(port);
    if (connector === 'tracked') closeCause(socket);
    socket.on('error', reject);
    socket.resume().write('x');
    socket.once('close', () => {
      if (connector === 'tracked' && closeCause(socket)?.cause !== 'eof') reject(new Error(`it was '${closeCause(socket)?.cause}'`));
      else resolve();
    });
  });
}

serve(async ({ port, count, atATime }: ClientRequest): Promise<ClientAnswer> => {
  const cpuBefore = ownCpuMs();
  const from = performance.now();
  let left = count;
  const worker = async (): Promise<void> => {
    while ((left -= 1) >= 0) await one(port);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return { wallMs: performance.now() - from, cpuMs: ownCpuMs() - cpuBefore };
});
