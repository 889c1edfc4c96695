// Socket options: validate -> descriptor -> native.
import { describe, makeError } from './errors.js';
import { checkSocket, descriptorOf, rememberNoDelay, type SocketLike } from './handle.js';
import { nativeOptions } from './options.js';

// A getter or setter calls its row's function by itself, not through a common one: V8 calls the addon directly only
// from a place that always sees the same function, which is a tenth of the whole price.

/** ERR_INVALID_ARG_TYPE for anything but a boolean. `argument` is what the caller calls it. */
export function checkBoolean(argument: string, value: unknown): void {
  if (typeof value !== 'boolean') throw makeError('ERR_INVALID_ARG_TYPE', argument, 'a boolean', describe(value));
}

/** ERR_INVALID_ARG_TYPE or ERR_OUT_OF_RANGE for anything but null or whole seconds up to `max`. */
export function checkSeconds(argument: string, value: unknown, max: number): void {
  if (value === null) return;
  if (typeof value !== 'number') {
    throw makeError('ERR_INVALID_ARG_TYPE', argument, 'null or a number of seconds', describe(value));
  }
  if (!Number.isInteger(value) || value < 0 || value > max) {
    const expected = `null or a whole number of seconds from 0 to ${max}`;
    throw makeError('ERR_OUT_OF_RANGE', argument, expected, describe(value));
  }
}

/**
 * TCP_NODELAY: with true, small writes go out at once; with false, the kernel may hold one back until the one
 * before is acknowledged (Nagle). No data is lost either way. Unlike `socket.setNoDelay()` it reports a
 * failing system call, and needs a connected (or connecting) socket.
 */
export function setNoDelay(socket: SocketLike, enable = true): void {
  checkSocket(socket);
  checkBoolean('enable', enable);
  nativeOptions().noDelay.set(descriptorOf(socket), enable);
  rememberNoDelay(socket, enable);
}

/** TCP_NODELAY as the kernel has it. */
export function getNoDelay(socket: SocketLike): boolean {
  checkSocket(socket);
  return nativeOptions().noDelay.get(descriptorOf(socket)) as boolean;
}
