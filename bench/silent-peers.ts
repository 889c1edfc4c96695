// Peers that connect and then neither read nor close, until they are told to.
import { once } from 'node:events';
import net from 'node:net';

import { serve } from './child.js';

export type PeersRequest =
  | { readonly type: 'connect'; readonly port: number; readonly count: number }
  /** All of them read to the end, and close. */
  | { readonly type: 'close' };

export interface PeersAnswer {
  readonly open: number;
}

/** Connections that are under way at the same time: fewer than a listener's queue holds. */
const batch = 100;
/** One address has some 28 000 ports to connect from, less those that earlier connections still hold. */
const perAddress = 5000;

let sockets: net.Socket[] = [];

async function connectOne(port: number, number: number): Promise<net.Socket> {
  const socket = new net.Socket({ allowHalfOpen: true });
  socket.pause(); // before it is connected, so that libuv never starts to read
  socket.connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + Math.floor(number / perAddress)}` });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}

async function connect(port: number, count: number): Promise<PeersAnswer> {
  while (sockets.length < count) {
    const size = Math.min(batch, count - sockets.length);
    const from = sockets.length;
    sockets.push(...(await Promise.all(Array.from({ length: size }, (_, index) => connectOne(port, from + index)))));
  }
  return { open: sockets.length };
}

async function close(): Promise<PeersAnswer> {
  await Promise.all(
    sockets.map((socket) => {
      socket.resume().end();
      return once(socket, 'close');
    }),
  );
  sockets = [];
  return { open: 0 };
}

serve((request: PeersRequest) => (request.type === 'connect' ? connect(request.port, request.count) : close()));
