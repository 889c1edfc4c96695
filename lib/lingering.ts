// Which sockets linger, and which have.
import type { SocketLike } from './handle.js';

/** A linger that is under way. */
interface Linger {
  isFlushing(): boolean;
  abandon(error: Error | null, reset: boolean): void;
}

const active = new WeakMap<SocketLike, Linger>();
const concluded = new WeakSet<SocketLike>();

export function noteBegun(socket: SocketLike, linger: Linger): void {
  active.set(socket, linger);
  concluded.delete(socket);
}

export function noteConcluded(socket: SocketLike): void {
  active.delete(socket);
  concluded.add(socket);
}

export function isLingering(socket: SocketLike): boolean {
  return active.has(socket);
}

/** It still sends what was written, and its `timeout` has not begun for good (`fromFlush`). */
export function isFlushing(socket: SocketLike): boolean {
  return active.get(socket)?.isFlushing() === true;
}

/** It has lingered, and nothing is left to wait for. */
export function hasLingered(socket: SocketLike): boolean {
  return concluded.has(socket);
}

/** Ends a linger that is under way: its socket is closed at once, or reset. False: there is none. */
export function abandonLinger(socket: SocketLike, reset: boolean): boolean {
  const linger = active.get(socket);
  linger?.abandon(null, reset);
  return linger !== undefined;
}
