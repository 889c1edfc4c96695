// Socket options: validate -> descriptor -> native.
import { describe, makeError } from './errors.js';
import { checkSocket, descriptorOf, rememberNoDelay, type SocketLike } from './handle.js';
import { native } from './native.js';
import { nativeRow, registry, type OptionName, type OptionValue } from './options.js';

type Check = (name: string, value: unknown, max: number) => void;

const checks: Record<(typeof registry)[OptionName]['kind'], Check> = {
  boolean(name, value) {
    if (typeof value !== 'boolean') throw makeError('ERR_INVALID_ARG_TYPE', name, 'a boolean', describe(value));
  },
  linger(name, value, max) {
    if (value === null) return;
    if (typeof value !== 'number') {
      throw makeError('ERR_INVALID_ARG_TYPE', name, 'null or a number of seconds', describe(value));
    }
    if (!Number.isInteger(value) || value < 0 || value > max) {
      throw makeError('ERR_OUT_OF_RANGE', name, `null or a whole number of seconds from 0 to ${max}`, describe(value));
    }
  },
};

/** setsockopt(2) for a row of the registry. `argument` is what the caller calls the value in errors. */
export function writeOption<Name extends OptionName>(
  socket: SocketLike,
  name: Name,
  value: OptionValue<Name>,
  argument: string = name,
): void {
  const row = nativeRow(name);
  checks[registry[name].kind](argument, value, row.max);
  native.setOption(descriptorOf(socket), row.index, value);
}

/** getsockopt(2) for a row of the registry. */
export function readOption<Name extends OptionName>(socket: SocketLike, name: Name): OptionValue<Name> {
  return native.getOption(descriptorOf(socket), nativeRow(name).index) as OptionValue<Name>;
}

/**
 * TCP_NODELAY: with true, small writes go out at once; with false, the kernel may hold one back until the one
 * before is acknowledged (Nagle). No data is lost either way. Unlike `socket.setNoDelay()` it reports a
 * failing system call, and needs a connected (or connecting) socket.
 */
export function setNoDelay(socket: SocketLike, enable = true): void {
  checkSocket(socket);
  writeOption(socket, 'noDelay', enable, 'enable');
  rememberNoDelay(socket, enable);
}

/** TCP_NODELAY as the kernel has it. */
export function getNoDelay(socket: SocketLike): boolean {
  checkSocket(socket);
  return readOption(socket, 'noDelay');
}
