// A peer that sends as fast as it can, and closes when the other side has.
import { once } from 'node:events';
import net from 'node:net';

import { serve } from './child.js';

export type SenderRequest =
  /** `preface` goes out at once; the answer comes when the other side has sent something. */
  | { readonly type: 'connect'; readonly port: number; readonly preface: string }
  /** The answer comes when all is sent and the connection is closed. */
  | { readonly type: 'send'; readonly bytes: number };

export interface SenderAnswer {
  readonly error?: string;
}

const block = Buffer.alloc(1024 * 1024);
/** Blocks that wait in Node, so that the kernel always finds one. */
const highWaterMark = 4 * block.length;

let socket = new net.Socket();
let failure: string | undefined;

async function connect(port: number, preface: string): Promise<SenderAnswer> {
  failure = undefined;
  socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, writableHighWaterMark: highWaterMark } as net.NetConnectOpts);
  socket.on('error', (error) => {
    failure = error.message;
  });
  await once(socket, 'connect');
  socket.resume();
  if (preface !== '') socket.write(preface);
  await once(socket, 'data');
  return {};
}

async function send(bytes: number): Promise<SenderAnswer> {
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (let left = bytes; left > 0 && !socket.destroyed; left -= block.length) {
    const all = left >= block.length ? block : block.subarray(0, left);
    if (!socket.write(all)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed]);
  }
  socket.end();
  await closed;
  return failure === undefined ? {} : { error: failure };
}

serve((request: SenderRequest) =>
  request.type === 'connect' ? connect(request.port, request.preface) : send(request.bytes),
);
