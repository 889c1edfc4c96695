// The other end of uploading-host.ts, in a process of its own: peers that upload without end.
import { once } from 'node:events';
import net from 'node:net';

import { sleep } from './pair.js';
import { measureBuffers, type Buffers } from './receive-buffers.js';

export type PeersRequest =
  | { readonly type: 'connect'; readonly port: number; readonly count: number }
  /** The answer comes when each of them has got rid of so many bytes; they go on. */
  | { readonly type: 'upload'; readonly bytes: number }
  /** Stops the process until nothing more comes for it, and answers with what the kernel holds for it then. */
  | { readonly type: 'stop'; readonly pid: number };

export interface PeersAnswer {
  readonly buffers?: Buffers;
}

/** One address has some 28 000 ports to connect from. */
const perAddress = 5000;
const atATime = 200;
const block = Buffer.alloc(64 * 1024);

const sockets: net.Socket[] = [];
let port = 0;

async function connectOne(index: number): Promise<void> {
  const socket = new net.Socket({ allowHalfOpen: true });
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + Math.floor(index / perAddress)}` });
  await once(socket, 'connect');
  socket.resume();
}

async function connect(count: number): Promise<void> {
  while (sockets.length < count) {
    const size = Math.min(atATime, count - sockets.length);
    await Promise.all(Array.from({ length: size }, (_none, index) => connectOne(sockets.length + index)));
  }
}

function upload(socket: net.Socket, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    const next = (error?: Error | null): void => {
      left -= block.length;
      if (left <= 0) resolve();
      // Paced by the event loop: the other side is so fast that writes are done at once, for ever.
      if (error == null) setImmediate(() => socket.write(block, next));
    };
    socket.write(block, next);
  });
}

async function stop(pid: number): Promise<Buffers> {
  process.kill(pid, 'SIGSTOP');
  try {
    let buffers = measureBuffers(port);
    for (;;) {
      await sleep(500);
      const later = measureBuffers(port);
      if (later.held === buffers.held) return later;
      buffers = later;
    }
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function answer(request: PeersRequest): Promise<PeersAnswer> {
  switch (request.type) {
    case 'connect':
      ({ port } = request);
      await connect(request.count);
      return {};
    case 'upload':
      await Promise.all(sockets.map((socket) => upload(socket, request.bytes)));
      return {};
    case 'stop':
      return { buffers: await stop(request.pid) };
  }
}

process.on('message', (request: PeersRequest) => void answer(request).then((message) => process.send?.(message)));
process.on('disconnect', () => process.exit());
