// A TCP connection as the kernel sees it, for those who wait for its end.
import { constants } from 'node:os';

import { connectionKey, descriptorOf, isPipe, isTcp, libuvQueue, type SocketLike } from './handle.js';
import { native, type TcpState } from './native.js';
import { nativeOptions } from './native-options.js';
import { sendQueue } from './queues.js';

/** What is known of the connection at one moment. */
export interface Sample {
  /** Our FIN is in the kernel, behind everything that was written. */
  readonly halfClosed: boolean;
  /** Our FIN is or was in the kernel's send queue. */
  readonly finQueued: boolean;
  readonly unacked: number | null;
  /** See SendQueue. */
  readonly sent: number | null;
  readonly state: TcpState | null;
  /** All of it and the FIN are acknowledged; null: this system can't tell. */
  readonly acknowledged: boolean | null;
}

/** The system's own number, as native.makeError() takes it: Winsock's are not the C library's. */
export const connectionReset = process.platform === 'win32' ? constants.errno.WSAECONNRESET : constants.errno.ECONNRESET;

type States = ReadonlySet<TcpState | null>;

// CLOSED follows LAST_ACK and TIME_WAIT, and a reset.
const peerFinStates: States = new Set(['CLOSE_WAIT', 'LAST_ACK', 'CLOSING', 'TIME_WAIT', 'CLOSED']);
const beforeFinStates: States = new Set(['ESTABLISHED', 'CLOSE_WAIT', 'SYN_SENT', 'SYN_RECEIVED']);
// Our FIN is or was in the send queue. Not CLOSED, which a connection also gets to by a reset before.
const finQueuedStates: States = new Set(['FIN_WAIT1', 'FIN_WAIT2', 'CLOSING', 'LAST_ACK', 'TIME_WAIT']);

/** null where the system can't answer, or the descriptor is gone: no reason to give up a linger. */
export function attempt<T>(call: () => T): T | null {
  try {
    return call();
  } catch {
    return null;
  }
}

export function tcpState(socket: SocketLike): TcpState | null {
  return attempt(() => native.tcpStates[native.readTcpState(descriptorOf(socket))] ?? null);
}

const takenErrors = new WeakMap<object, number>();

/**
 * SO_ERROR: why the connection broke, if libuv has not been told; else 0. The kernel tells once: what it has said is kept
 * for whoever asks next.
 */
export function takeError(socket: SocketLike): number {
  const key = connectionKey(socket);
  const taken = attempt(() => native.takeError(descriptorOf(socket))) ?? 0;
  if (key === null) return taken;
  if (taken !== 0) takenErrors.set(key, taken);
  return taken || (takenErrors.get(key) ?? 0);
}

export const notConnected: Sample = {
  halfClosed: false,
  finQueued: false,
  unacked: null,
  sent: null,
  state: null,
  acknowledged: null,
};

/**
 * `flushed`: as far as Node knows, everything that was written and the FIN are with libuv or the kernel. Node doesn't
 * look at whether shutdown(2) has failed, so the FIN may never have been queued: `finQueued` is what an earlier sample
 * has seen.
 */
export function sampleConnection(socket: SocketLike, flushed: boolean, finQueued: boolean): Sample {
  const state = tcpState(socket);
  const isFinQueued = finQueued || finQueuedStates.has(state);
  const queue = attempt(() => sendQueue(socket, isFinQueued));
  const unacked = queue?.unacked ?? null;
  const halfClosed = flushed && libuvQueue(socket) === 0 && !beforeFinStates.has(state);
  // Windows may know of our FIN that it is not, and not how many bytes are before it.
  const acknowledged = queue?.finUnacked === true ? false : unacked === null ? null : halfClosed && unacked === 0;
  return { halfClosed, finQueued: isFinQueued, unacked, sent: queue?.sent ?? null, state, acknowledged };
}

const shutForReading = new WeakSet<object>();

/**
 * SHUT_RD was called on the connection: where nobody tells of the state, its end of input says nothing of the peer. A
 * unix-domain socket can't lose by that: what was written is in the peer's queue, and nothing comes any more.
 */
export function noteShutRead(socket: SocketLike): void {
  const key = connectionKey(socket);
  if (key !== null && isTcp(socket)) shutForReading.add(key);
}

/** End-of-file may come from our own SHUT_RD, and TLS' from close_notify: is it the peer's FIN? */
export function isPeerFin(socket: SocketLike, state: TcpState | null): boolean {
  if (state !== null) return peerFinStates.has(state);
  const key = connectionKey(socket);
  return key === null || !shutForReading.has(key);
}

/**
 * Has the coming close() wait for nothing (it would block the event loop), or reset the connection. False: the
 * option can't be set; macOS answers EINVAL once both directions are shut, when a close has neither effect.
 */
export function setCloseMode(socket: SocketLike, mode: 'plain' | 'reset'): boolean {
  if (isPipe(socket)) return mode === 'plain';
  const value = mode === 'reset' ? 0 : null;
  return attempt(() => nativeOptions().linger.set(descriptorOf(socket), value)) !== null;
}

/** Calls back after 'close', also if that has been emitted, or is about to be: `closed` is true a little earlier. */
export function afterClose(socket: SocketLike, done: () => void): void {
  if (!socket.closed) socket.once('close', done);
  // libuv's close callbacks come between the two.
  else setImmediate(() => setImmediate(done));
}
