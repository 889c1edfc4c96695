// Connected pairs of real sockets, and what is needed to look at their ends. Everything made here is closed by
// the root hooks in hooks.ts.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';

import { tcpInfo } from 'socket-linger';

export type Family = 'ipv4' | 'ipv6' | 'unix' | 'tls1.2' | 'tls1.3';
export const tcpFamilies = ['ipv4', 'ipv6'] as const;
export const tlsFamilies = ['tls1.2', 'tls1.3'] as const;

export interface Pair {
  /** The accepting side: the one that the tests close. */
  readonly near: net.Socket;
  /** The connecting side: the peer. */
  readonly far: net.Socket;
  readonly server: net.Server;
}

export interface PairOptions {
  family?: Family;
  /** The peer does not read until it is told to (readFrom). */
  farSilent?: boolean;
  /** Options of the near socket's server. */
  server?: net.ServerOpts;
}

const made = new Set<net.Socket | net.Server>();

/** Has the root hooks close it. */
export function track<T extends net.Socket | net.Server>(thing: T): T {
  made.add(thing);
  if (thing instanceof net.Server) thing.on('connection', track);
  return thing;
}

export async function closeTracked(): Promise<void> {
  const closing = [...made].map(async (thing) => {
    if (thing instanceof net.Server) {
      if (thing.listening) await new Promise((resolve) => thing.close(resolve));
    } else if (!thing.closed) {
      thing.on('error', () => undefined);
      thing.destroy();
    }
  });
  made.clear();
  await Promise.all(closing);
}

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../../test/fixtures/${name}`, import.meta.url));
}

export const certificate = { key: fixture('key.pem'), cert: fixture('cert.pem') };

export function tlsVersion(family: 'tls1.2' | 'tls1.3'): { minVersion: tls.SecureVersion; maxVersion: tls.SecureVersion } {
  const version = family === 'tls1.2' ? 'TLSv1.2' : 'TLSv1.3';
  return { minVersion: version, maxVersion: version };
}

export function isTlsFamily(family: Family): family is 'tls1.2' | 'tls1.3' {
  return family === 'tls1.2' || family === 'tls1.3';
}

let sockets = 0;

export async function listen(server: net.Server, family: Family = 'ipv4'): Promise<net.NetConnectOpts> {
  track(server);
  if (family === 'unix') {
    const file = `socket-linger-${process.pid}-${(sockets += 1)}.sock`;
    // Windows: a named pipe
    const name = process.platform === 'win32' ? `\\\\.\\pipe\\${file}` : path.join(tmpdir(), file);
    server.listen(name);
    await once(server, 'listening');
    return { path: name };
  }
  const host = family === 'ipv6' ? '::1' : '127.0.0.1';
  server.listen(0, host);
  await once(server, 'listening');
  return { host, port: (server.address() as net.AddressInfo).port };
}

/** A port that nobody listens on, and that no connection has, not in TIME_WAIT either: bind() takes it. */
export async function freePort(family: Family = 'ipv4'): Promise<number> {
  const server = net.createServer();
  const { port } = (await listen(server, family)) as net.TcpNetConnectOpts;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const halfOpen = { allowHalfOpen: true };

/** A connected pair; both sides allow half-open connections, so that nothing closes by itself. */
export async function connectPair({ family = 'ipv4', farSilent = false, server: options = {} }: PairOptions = {}): Promise<Pair> {
  const serverOptions = { allowHalfOpen: true, ...options };
  const server = isTlsFamily(family)
    ? tls.createServer({ ...certificate, ...tlsVersion(family), ...serverOptions })
    : net.createServer(serverOptions);
  const target = await listen(server, family);
  const accepted = once(server, isTlsFamily(family) ? 'secureConnection' : 'connection') as Promise<[net.Socket]>;
  const far = track(
    isTlsFamily(family)
      ? tls.connect({ ...target, ...tlsVersion(family), ...halfOpen, rejectUnauthorized: false })
      : net.connect({ ...target, ...halfOpen }),
  );
  const [[near]] = await Promise.all([accepted, once(far, isTlsFamily(family) ? 'secureConnect' : 'connect')]);
  if (farSilent) silence(far);
  return { near: track(near), far, server };
}

interface ReadableHandle {
  reading: boolean;
  readStart(): void;
  readStop(): void;
}

function handleOf(socket: net.Socket): ReadableHandle {
  return (socket as unknown as { _handle: ReadableHandle })._handle;
}

/** Connected and open, as silence() and listenAgain() need it. */
export function hasHandle(socket: net.Socket): boolean {
  return !socket.destroyed && !socket.connecting && (handleOf(socket) as ReadableHandle | null) !== null;
}

/** From now on what arrives stays in the kernel; pause() alone lets Node fill its own buffer first. */
export function silence(socket: net.Socket): void {
  socket.pause();
  handleOf(socket).reading = false;
  handleOf(socket).readStop();
}

/** Undoes silence() without resuming the stream: what arrives is left in its buffer. */
export function listenAgain(socket: net.Socket): void {
  handleOf(socket).reading = true;
  handleOf(socket).readStart();
}

export interface Received {
  readonly data: Buffer;
  /** 'end', an error's code, or 'close' if it was closed without either. */
  readonly saw: string;
}

/** Reads all that comes, until the end, an error, or the socket is closed. */
export async function readAll(socket: net.Socket): Promise<Received> {
  const chunks: Buffer[] = [];
  const data = (chunk: Buffer): number => chunks.push(chunk);
  const saw = await new Promise<string>((resolve) => {
    if (socket.readableEnded) resolve('end');
    if (socket.destroyed) resolve('close');
    socket.on('data', data);
    socket.once('end', () => resolve('end'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('close', () => resolve('close'));
    const handle = handleOf(socket) as ReadableHandle | null;
    if (handle && !handle.reading && !socket.connecting) listenAgain(socket);
    socket.resume();
  });
  socket.off('data', data);
  return { data: Buffer.concat(chunks), saw };
}

/** The peer's reset is here, whether or not Node has read so far. */
export async function resetArrived(socket: net.Socket): Promise<void> {
  if (process.platform === 'linux') await until('the reset has come', () => tcpInfo(socket).state === 'CLOSED');
  else await sleep(20); // not every system can be asked
}

/** After the other side has closed, without having read to our end: a reset would have this write fail. */
export async function expectNoReset(socket: net.Socket): Promise<void> {
  await sleep(100); // for the reset to arrive
  const error = await new Promise<Error | null | undefined>((resolve) => socket.write('late', resolve));
  if (error) throw error;
}

export function payload(bytes: number): Buffer {
  return randomBytes(bytes);
}

/** Polls for what no event tells; gives up with the description after twenty seconds. */
export async function until(description: string, condition: () => boolean): Promise<void> {
  for (let round = 0; !condition(); round += 1) {
    if (round > 4000) throw new Error(`waited in vain until ${description}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** One tick later; Node makes a connecting socket's descriptor then. */
export function tick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export async function closed(socket: net.Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}
