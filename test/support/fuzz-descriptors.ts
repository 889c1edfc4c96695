// Descriptors in every state, and sockets that have them, made by the fuzz tests and nobody else's.
import dgram from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';

import { optionDescriptorOf } from '#lib/handle.js';
import { native } from '#lib/native.js';

import { connectPair, listen, payload, silence, tick, track, type Family } from './pair.js';

const isLinux = process.platform === 'linux';
const c = isLinux ? (await import('koffi')).default.load(null) : undefined;
const pipe2 = c?.func('int pipe2(_Out_ int *ends, int flags)') as ((ends: number[], flags: number) => number) | undefined;
const eventfd = c?.func('int eventfd(unsigned int, int)') as ((initial: number, flags: number) => number) | undefined;
const epollCreate = c?.func('int epoll_create1(int)') as ((flags: number) => number) | undefined;
const [cloexec, nonblock] = [0o2000000, 0o4000];

/** What is made for one run, and closed at its end. */
export class Made {
  private readonly closings: (() => void)[] = [];

  atEnd(close: () => void): void {
    this.closings.push(close);
  }

  /** A descriptor of ours alone. */
  own(descriptor: number): number {
    this.atEnd(() => closeSync(descriptor));
    return descriptor;
  }

  /** Closed by its own call: on Windows a SOCKET is no file descriptor. */
  ownSocket(descriptor: number): number {
    this.atEnd(() => native.closeSocket(descriptor));
    return descriptor;
  }

  close(): void {
    for (const close of this.closings) close();
  }
}

export function ignoreErrors<T extends net.Socket | net.Server>(socket: T): T {
  socket.on('error', () => undefined);
  return socket;
}

async function connected(family?: Family): Promise<{ near: net.Socket; far: net.Socket }> {
  const { near, far } = await connectPair(family === undefined ? {} : { family });
  ignoreErrors(near);
  ignoreErrors(far);
  far.resume();
  return { near, far };
}

async function connecting(): Promise<net.Socket> {
  // Connected by the kernel, nobody has accepted or been told.
  const server = net.createServer((socket) => ignoreErrors(socket));
  const socket = ignoreErrors(track(net.connect(await listen(server))));
  await tick();
  return socket;
}

async function whose<T extends net.Socket>(making: Promise<{ near: T; far: net.Socket }>, change: (near: T, far: net.Socket) => unknown): Promise<T> {
  const { near, far } = await making;
  change(near, far);
  await new Promise(setImmediate);
  return near;
}

/** Sockets by their state. None with TLS: Node 20 itself crashes where both ends are destroyed right after the handshake. */
export const sockets: Record<string, () => Promise<net.Socket | net.Server>> = {
  ipv4: async () => (await connected('ipv4')).near,
  ipv6: async () => (await connected('ipv6')).near,
  unix: async () => (await connected('unix')).near,
  'half-closed': () => whose(connected(), (near) => near.end('last')),
  'half-closed unix': () => whose(connected('unix'), (near) => near.end('last')),
  'ended by the peer': () => whose(connected(), (near, far) => (near.pause(), far.end('last'))),
  'reset by the peer': () => whose(connected(), (near, far) => (silence(near), far.resetAndDestroy())),
  'with a full queue': () => whose(connected(), (near, far) => (silence(far), near.write(payload(3_000_000)))),
  'with unread input': () => whose(connected(), (near, far) => (silence(near), far.write(payload(100_000)))),
  connecting,
  listener: async () => {
    const server = ignoreErrors(net.createServer((socket) => ignoreErrors(socket).resume()));
    await listen(server);
    return server;
  },
};

async function datagram(made: Made): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4').on('error', () => undefined);
  made.atEnd(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** Descriptors of other things. */
const others: Record<string, (made: Made) => number | Promise<number>> = {
  'a socket that was never opened': (made) => made.ownSocket(native.openSocket(false)),
  'a datagram socket': async (made) => optionDescriptorOf(await datagram(made)),
  'a file': (made) => made.own(openSync(fileURLToPath(import.meta.url), 'r')),
  'the null device': (made) => made.own(openSync(devNull, 'r+')),
};
if (isLinux) {
  Object.assign(others, {
    'a pipe': (made: Made) => {
      const ends = [0, 0];
      pipe2!(ends, cloexec | nonblock);
      return ends.map((end) => made.own(end))[0]!;
    },
    'an eventfd': (made: Made) => made.own(eventfd!(0, cloexec | nonblock)),
    'an epoll set': (made: Made) => made.own(epollCreate!(cloexec)),
  });
}

export const descriptorNames = [...Object.keys(sockets), ...Object.keys(others)];

export async function makeDescriptor(name: string, made: Made): Promise<number> {
  if (!Object.hasOwn(sockets, name)) return others[name]!(made);
  const socket = await sockets[name]!();
  try {
    return optionDescriptorOf(socket);
  } catch {
    return -1; // closed meanwhile, or a named pipe
  }
}

export { datagram };
