// A process that sets SO_LINGER, writes a lot to a peer that does not read, and destroys the socket.
import { once } from 'node:events';
import net from 'node:net';

import { setLinger } from 'socket-linger';

import { serve } from './child.js';
import { useEngine, type Engine } from './engines.js';
import { LoopDelay, sleep } from './measure.js';

export type CloserRequest =
  | { readonly type: 'listen' }
  | { readonly type: 'close'; readonly how: Engine | 'kernel'; readonly seconds: number; readonly watchMs: number };

export interface CloserAnswer {
  readonly port?: number;
  readonly stallMs?: number;
}

const output = Buffer.alloc(8_000_000);
const server = net.createServer({ allowHalfOpen: true });
const accepted = once(server, 'connection') as Promise<[net.Socket]>;

serve(async (request: CloserRequest) => {
  if (request.type === 'listen') {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as net.AddressInfo).port };
  }
  const [socket] = await accepted;
  if (request.how !== 'kernel') useEngine(request.how);
  socket.on('error', () => undefined);
  await sleep(100);
  const delay = new LoopDelay(1);
  await sleep(20); // its first interval has no beginning
  setLinger(socket, request.seconds, { blocking: request.how === 'kernel' });
  socket.write(output);
  socket.destroy();
  await sleep(request.watchMs);
  return { stallMs: delay.stop() };
});
