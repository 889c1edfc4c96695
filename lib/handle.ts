// net.Socket -> what is underneath. The only file that touches `_handle` and Node's other private parts;
// each is read defensively, since a Node version or another runtime may lack it.
import dgram from 'node:dgram';
import net from 'node:net';
import tls from 'node:tls';
import { types } from 'node:util';

import { describe, makeError } from './errors.js';
import { findDescriptors, hiddenDescriptorOf, isHidden, isPipeHandle } from './hidden-descriptor.js';

export type SocketLike = net.Socket | tls.TLSSocket;
/** What has options. */
export type OptionSocket = SocketLike | net.Server | dgram.Socket;

interface Handle {
  readonly fd?: number;
  /** TLS: the handle below. */
  readonly _parent?: Handle;
  /** Bytes handed over by Node so far. */
  readonly bytesWritten?: number;
  /** Bytes that libuv still has to write. */
  readonly writeQueueSize?: number;
  reading?: boolean;
  readStart?(): number;
  readStop?(): number;
  onread?: unknown;
  readonly bytesRead?: number;
  hasRef?(): boolean;
  close?(): void;
}

interface BufferedWrite {
  readonly chunk: Buffer | string;
  readonly encoding: BufferEncoding;
}

interface Internals {
  _handle: Handle | null;
  /** TLS on top of a net.Socket: that socket. */
  readonly _parent?: net.Socket | null;
  /** TLS: the handshake is done. */
  readonly _secureEstablished?: boolean;
  readonly _readableState: { readonly buffer?: Iterable<Buffer | string | null>; readonly ended?: boolean };
  readonly _writableState: { getBuffer(): BufferedWrite[]; readonly writing: boolean };
  /** node:http's server: the parser reads from the handle, past the stream. */
  readonly parser?: unknown;
  /** resetAndDestroy() was called. */
  resetAndClosing?: boolean;
  /** No further address is to be tried. */
  _aborted?: boolean;
  readonly _undestroy?: () => void;
  _writev(chunks: BufferedWrite[], callback: (error?: Error | null) => void): void;
  _final(callback: (error?: Error | null) => void): void;
}

const ignore = (): void => undefined;

/** A key that Node keeps to itself, found on a socket made for the purpose. */
function findPrivateKey(description: string, options?: object): symbol | undefined {
  return Object.getOwnPropertySymbols(new net.Socket(options)).find((key) => key.description === description);
}

const bytesReadKey = findPrivateKey('kBytesRead');
const bytesWrittenKey = findPrivateKey('kBytesWritten');

function internals(socket: SocketLike): Internals {
  return socket as unknown as Internals;
}

function handleOf(socket: SocketLike): Handle | null {
  return internals(socket)._handle ?? null;
}

/** The handle that owns the descriptor: below TLS. */
function bottomHandleOf(socket: SocketLike): Handle | null {
  let handle = handleOf(socket);
  while (handle?._parent) handle = handle._parent;
  return handle;
}

/** An object that stands for the connection, since a socket can be connected again. null: there is none. */
export function connectionKey(socket: SocketLike): object | null {
  return bottomHandleOf(socket);
}

/** instanceof, without what a hostile or revoked proxy throws at the question. */
export function isA<T>(value: unknown, type: new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/**
 * The same for what is asked most. V8 is quick at instanceof where it always sees the same class: by isA(), once a server
 * and a dgram socket were asked too, getOption() took 1.05 to 1.15 of the time and pendingBytes() 1.03 to 1.06 (Node 20.20).
 */
function isSocket(value: unknown): value is net.Socket {
  try {
    return value instanceof net.Socket;
  } catch {
    return false;
  }
}

/** ERR_INVALID_ARG_TYPE for anything but a net.Socket (tls.TLSSocket is one). */
export function checkSocket(socket: SocketLike): void {
  if (!isSocket(socket)) {
    throw makeError('ERR_INVALID_ARG_TYPE', 'socket', 'a net.Socket or tls.TLSSocket', describe(socket));
  }
}

/**
 * For those who put own methods in front of a socket's. On a proxy (http2's session.socket) they would end up on
 * something else, on a frozen socket nowhere.
 */
export function checkOwnSocket(socket: SocketLike): void {
  checkSocket(socket);
  if (types.isProxy(socket) || !Object.isExtensible(socket)) {
    const expected = 'the net.Socket itself, not a proxy of it, and extensible';
    throw makeError('ERR_INVALID_ARG_TYPE', 'socket', expected, describe(socket));
  }
}

/**
 * The socket's descriptor. Asked anew for every call and never kept: after a close the number belongs to
 * whatever is opened next.
 */
export function descriptorOf(socket: SocketLike): number {
  const descriptor = (socket as unknown as Partial<Internals> | null | undefined)?._handle?.fd;
  if (descriptor !== undefined && descriptor >= 0 && !isHidden) return descriptor;
  checkSocket(socket);
  const hidden = hiddenDescriptor(socket);
  if (hidden >= 0) return hidden;
  if (socket.destroyed) throw makeError('ERR_SOCKET_CLOSED');
  if (!socket.connecting && released.has(socket)) throw makeError('ERR_SOCKET_CLOSED');
  if (socket.connecting || handleOf(socket) === null) throw makeError('ERR_SOCKET_NOT_CONNECTED');
  throw makeError('ERR_NO_DESCRIPTOR');
}

/** Windows; -1 elsewhere. */
function hiddenDescriptor(socket: SocketLike): number {
  const handle = bottomHandleOf(socket);
  return handle === null ? -1 : hiddenDescriptorOf(handle);
}

/** Said before many sockets are asked for their descriptors: on Windows it is quicker to find them at once. */
export function prepareDescriptors(sockets: Iterable<SocketLike>): void {
  if (isHidden) findDescriptors(Array.from(sockets, bottomHandleOf).filter((handle) => handle !== null));
}

/** Open, and no descriptor to be had: TLS over something else, or a runtime that does not show it. */
export function hidesDescriptor(socket: SocketLike): boolean {
  try {
    descriptorOf(socket);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_NO_DESCRIPTOR';
  }
}

function dgramHandleOf(socket: dgram.Socket): Handle | null | undefined {
  const state = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol');
  return state && (socket as unknown as Record<symbol, { handle?: Handle | null } | undefined>)[state]?.handle;
}

/** The descriptor of whatever has options: sockets, listeners, dgram's. The last two have one only while they are open. */
export function optionDescriptorOf(socket: OptionSocket): number {
  if (isSocket(socket)) return descriptorOf(socket);
  let handle: Handle | null | undefined;
  if (isA(socket, net.Server)) handle = (socket as unknown as Partial<Internals>)._handle;
  else if (isA(socket, dgram.Socket)) handle = dgramHandleOf(socket);
  else throw makeError('ERR_INVALID_ARG_TYPE', 'socket', 'a net.Socket, tls.TLSSocket, net.Server or dgram.Socket', describe(socket));
  let descriptor = -1;
  if (handle) descriptor = isHidden ? hiddenDescriptorOf(handle) : (handle.fd ?? -1);
  // A named pipe of Windows listens all the same.
  if (descriptor < 0) throw makeError(handle && isPipeHandle(handle) ? 'ERR_NO_DESCRIPTOR' : 'ERR_SOCKET_NOT_CONNECTED');
  return descriptor;
}

const released = new WeakSet<SocketLike>();

/**
 * Closes libuv's handle and with it Node's descriptor, and leaves the stream open. Whoever has a duplicate of the
 * descriptor goes on with the connection; the stream's destroy() and 'close' are still to come.
 */
export function releaseHandle(socket: SocketLike): void {
  const handle = handleOf(socket);
  if (handle === null) return;
  // What Node itself keeps when it closes the handle
  const kept = socket as unknown as Record<symbol, unknown>;
  if (bytesReadKey !== undefined) kept[bytesReadKey] = handle.bytesRead;
  if (bytesWrittenKey !== undefined) kept[bytesWrittenKey] = handle.bytesWritten;
  handle.onread = ignore;
  handle.close?.();
  internals(socket)._handle = null;
  released.add(socket);
}

export function hasDescriptor(socket: SocketLike): boolean {
  return isHidden ? hiddenDescriptor(socket) >= 0 : (handleOf(socket)?.fd ?? -1) >= 0;
}

export function isTls(socket: SocketLike): socket is tls.TLSSocket {
  return socket instanceof tls.TLSSocket;
}

/** TLS whose handshake is not finished: nothing that was written can have gone out. */
export function isHandshaking(socket: SocketLike): boolean {
  return isTls(socket) && internals(socket)._secureEstablished === false;
}

// Node's class of handles for TCP, seen before: asking a constructor for its name is dear.
let tcpClass: unknown;

/** The socket's handle is one for TCP, or TLS over one. False where there is none any more. */
export function isTcp(socket: SocketLike): boolean {
  const handleClass = bottomHandleOf(socket)?.constructor;
  if (handleClass === undefined) return false;
  if (handleClass === tcpClass) return true;
  if (handleClass.name !== 'TCP') return false;
  tcpClass = handleClass;
  return true;
}

/** A unix-domain socket, a named pipe, or TLS over one. */
export function isPipe(socket: SocketLike): boolean {
  if (isTcp(socket)) return false;
  const handle = bottomHandleOf(socket);
  return handle !== null && isPipeHandle(handle);
}

/** The net.Socket that a TLSSocket was put on, where there is one: it closes when the TLSSocket does. */
export function socketBelow(socket: SocketLike): net.Socket | null {
  const below = isTls(socket) ? internals(socket)._parent : null;
  return below instanceof net.Socket ? below : null;
}

/** Whether an open socket keeps the process alive: false after unref(). */
export function isReferenced(socket: SocketLike): boolean {
  return bottomHandleOf(socket)?.hasRef?.() ?? true;
}

/**
 * resetAndDestroy() was called and Node is about to carry it out. It is ours from here on: Node's own fails, and
 * never closes, while a shutdown is pending.
 */
export function takeReset(socket: SocketLike): boolean {
  const isResetting = internals(socket).resetAndClosing === true;
  if (isResetting) internals(socket).resetAndClosing = false;
  return isResetting;
}

/** resetAndDestroy() was called, and its close is under way. */
export function isResetting(socket: SocketLike): boolean {
  return internals(socket).resetAndClosing === true;
}

/** libuv saw the end of the input (TLS: close_notify), whether or not the application has read up to it. */
export function inputEnded(socket: SocketLike): boolean {
  return internals(socket)._readableState.ended ?? socket.readableEnded;
}

/** Neither open nor being opened. */
export function isDead(socket: SocketLike): boolean {
  return socket.destroyed || (!socket.connecting && handleOf(socket) === null);
}

/** Our FIN has been handed to the kernel, as far as Node knows. */
export function isHalfClosed(socket: SocketLike): boolean {
  return socket.writableFinished;
}

// Connecting

/**
 * Shows the handle of a socket that has just begun to connect, and each one that Node gives it from then on: for another
 * address, or when the socket is connected again. False: this runtime has no such handles.
 */
export function eachTcpHandle(socket: SocketLike, show: (handle: object) => boolean): boolean {
  const { _undestroy: inner } = internals(socket);
  const showTcp = (): boolean => isTcp(socket) && show(handleOf(socket)!);
  if (typeof inner !== 'function' || !showTcp()) return false;
  // Node calls it for every new handle.
  const value = (): void => {
    Reflect.apply(inner, socket, []);
    showTcp();
  };
  Object.defineProperty(socket, '_undestroy', { value, configurable: true, writable: true });
  return true;
}

/** Ends a connect from within its handle: with `error` rather than Node's own, and with no other address tried. */
export function failConnect(socket: SocketLike, error: Error): void {
  const before = internals(socket)._aborted ?? false;
  socket.destroy(error);
  // As an aborted signal does. It would hold for a later connect() of the same socket as well.
  internals(socket)._aborted = true;
  process.nextTick(() => (internals(socket)._aborted = before));
}

// Queues above the kernel

function byteLength(chunk: Buffer | string, encoding: BufferEncoding): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.length;
}

/** Bytes in the stream's read buffer. */
export function readBuffered(socket: SocketLike): number {
  const length = socket.readableLength;
  const encoding = socket.readableEncoding;
  if (length === 0 || encoding === null) return length;
  // After setEncoding() the stream's own length counts characters.
  let bytes = 0;
  for (const chunk of internals(socket)._readableState.buffer ?? []) {
    if (chunk !== null) bytes += byteLength(chunk, encoding);
  }
  return bytes;
}

/** Bytes that libuv has taken from Node and not yet given to the kernel. */
export function libuvQueue(socket: SocketLike): number {
  return bottomHandleOf(socket)?.writeQueueSize ?? 0;
}

/** Bytes that the application has written and the kernel has not taken. */
export function writeBuffered(socket: SocketLike): number {
  if (socket.writableLength === 0) return libuvQueue(socket);
  const handle = handleOf(socket);
  const written = (socket as { bytesWritten?: number }).bytesWritten;
  // Node counts NaN for several writes at once (cork()) that wait for the connection.
  if (handle === null || written === undefined || Number.isNaN(written)) return socket.writableLength;
  const notHandedOver = written - (handle.bytesWritten ?? 0);
  // A write leaves Node's count when all of it is done: libuv knows how much of it is left. TLS has more
  // inside (plaintext before the handshake, records), which only the count of the whole write covers.
  return isTls(socket) ? Math.max(notHandedOver, socket.writableLength) : notHandedOver + libuvQueue(socket);
}

/** A write() is under way: Node has handed it over and waits for it to be done. */
export function isWriting(socket: SocketLike): boolean {
  return internals(socket)._writableState.writing;
}

// Reading

/** Has libuv read, whatever paused it before. Not to be called while connecting. */
export function startReading(socket: SocketLike): void {
  const handle = handleOf(socket);
  if (handle === null) return;
  handle.reading = true;
  handle.readStart?.();
}

/** Stops libuv from reading at once; pause() alone lets it fill the stream's buffer first. */
export function stopReading(socket: SocketLike): void {
  const handle = handleOf(socket);
  if (handle === null) return;
  handle.reading = false;
  handle.readStop?.();
}

/**
 * Gives a connection that node:http's parser reads from, past the stream, back to the stream. node:http does
 * that when it sees a listener for 'data', which it does not need to keep.
 */
export function releaseFromParser(socket: SocketLike): void {
  if (internals(socket).parser == null) return;
  socket.on('data', ignore);
  socket.off('data', ignore);
}

const bufferCallback = findPrivateKey('kBufferCb', { onread: { buffer: new Uint8Array(1), callback: ignore } });

/** The key of the callback of net.connect({ onread }), by which data goes past the stream; else undefined. */
export function onreadKey(socket: SocketLike): symbol | undefined {
  if (bufferCallback === undefined) return undefined;
  // Every socket has the key; most have nothing there.
  return typeof (socket as unknown as Record<symbol, unknown>)[bufferCallback] === 'function' ? bufferCallback : undefined;
}

// Writing after destroy()

/** What write() has queued in Node and not handed over. Gone one tick after destroy(). */
export function takeQueuedWrites(socket: SocketLike): BufferedWrite[] {
  return internals(socket)._writableState.getBuffer();
}

/** Hands queued writes to libuv (TLS: encrypts them first); `done` when the kernel has them. */
export function writeNow(socket: SocketLike, queued: BufferedWrite[], done: (error?: Error | null) => void): void {
  internals(socket)._writev(queued, done);
}

/** TLS: close_notify. Then FIN, behind what libuv has to write. */
export function halfCloseNow(socket: SocketLike, done: (error?: Error | null) => void): void {
  internals(socket)._final(done);
}

// Options that Node remembers

const noDelayFlag = findPrivateKey('kSetNoDelay');

/**
 * Node skips the system call of `socket.setNoDelay(x)` if x is what it set last. Told of our change, it does
 * not skip one that is needed.
 */
export function rememberNoDelay(socket: OptionSocket, enabled: boolean): void {
  if (noDelayFlag !== undefined && socket instanceof net.Socket) (socket as unknown as Record<symbol, unknown>)[noDelayFlag] = enabled;
}
