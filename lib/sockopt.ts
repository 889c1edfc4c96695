// Socket options: validate -> descriptor -> native.
import { types } from 'node:util';

import { describe, makeError } from './errors.js';
import {
  checkSocket,
  descriptorOf,
  optionDescriptorOf,
  rememberNoDelay,
  type OptionSocket,
  type SocketLike,
} from './handle.js';
import { native, type NativeOption } from './native.js';
import { checkSettable, nativeOptions } from './native-options.js';
import type { OptionRow } from './option-row.js';
import { registry, type OptionName, type OptionValue, type ReadableOptionName, type SettableOptionName } from './options.js';

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
 * A wait of the kernel's own: on Windows that is no wait, and leaves a socket behind that nobody can close any more.
 * setLinger() has nothing of that.
 */
export function checkBlockingLinger(seconds: number | null): void {
  if (process.platform !== 'win32' || seconds === null || seconds === 0) return;
  const why = 'win32 refuses to close such a socket where it would have to wait (WSAEWOULDBLOCK); setLinger() waits without it';
  throw makeError('ERR_OPTION_NOT_SUPPORTED', 'linger', why);
}

function checkInteger(argument: string, value: unknown, { min, max }: NativeOption): void {
  if (typeof value !== 'number') throw makeError('ERR_INVALID_ARG_TYPE', argument, 'a number', describe(value));
  if (!Number.isInteger(value) || value < min || value > max) {
    throw makeError('ERR_OUT_OF_RANGE', argument, `a whole number from ${min} to ${max}`, describe(value));
  }
}

function checkString(argument: string, value: unknown, { min, max }: NativeOption): void {
  if (typeof value !== 'string') throw makeError('ERR_INVALID_ARG_TYPE', argument, 'a string', describe(value));
  const length = Buffer.byteLength(value);
  if (length < min || length > max || value.includes('\0')) {
    throw makeError('ERR_OUT_OF_RANGE', argument, `a string of ${min} to ${max} bytes without NUL`, describe(value));
  }
}

const checks: Partial<Record<OptionRow['kind'], (argument: string, value: unknown, option: NativeOption) => void>> = {
  boolean: checkBoolean,
  integer: checkInteger,
  string: checkString,
  linger: (argument, value, { max }) => {
    checkSeconds(argument, value, max);
    checkBlockingLinger(value as number | null);
  },
  rate: (argument, value, option) => value === null || checkInteger(argument, value, option),
};

function findOption(name: unknown, argument = 'name'): { row: OptionRow; option: NativeOption } {
  if (typeof name !== 'string') throw makeError('ERR_INVALID_ARG_TYPE', argument, 'the name of an option', describe(name));
  if (!Object.hasOwn(registry, name)) {
    throw makeError('ERR_INVALID_ARG_VALUE', argument, 'the name of an option (see docs/API.md)', describe(name));
  }
  return { row: registry[name as OptionName], option: nativeOptions()[name as OptionName] };
}

/** A value for an option of the registry, checked and still to be set. */
export interface PlannedOption {
  readonly name: OptionName;
  readonly row: OptionRow;
  readonly value: unknown;
  readonly set: (descriptor: number) => void;
}

/** The checks of setOption(), for options that are set later. `argument` is the object that they are in. */
export function planOptions(argument: string, options: object): PlannedOption[] {
  return Object.entries(options).flatMap(([name, value]: [string, unknown]) => {
    if (value === undefined) return []; // as if it was left out, as with Node's own options
    const { row, option } = findOption(name, `key of ${argument}`);
    checkSettable(name as OptionName);
    checks[row.kind]?.(`${argument}.${name}`, value, option);
    return [{ name: name as OptionName, row, value, set: (descriptor: number) => option.set(descriptor, value) }];
  });
}

/**
 * setsockopt(2) for an option of the registry (docs/API.md has the table: units, ranges, when it has its effect, what it
 * does to the data). Takes listeners and dgram sockets too.
 *
 * Errors: ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE (no such option), ERR_OUT_OF_RANGE, ERR_OPTION_NOT_SUPPORTED (this
 * system does not have it, or it can only be read), ERR_SOCKET_NOT_CONNECTED, ERR_SOCKET_CLOSED, ERR_NO_DESCRIPTOR, and
 * setsockopt(2)'s own as system errors. The kernel may store something near to what it was given; getOption() tells.
 */
export function setOption<Name extends SettableOptionName>(socket: OptionSocket, name: Name, value: OptionValue<Name>): void {
  const { row, option } = findOption(name);
  const descriptor = optionDescriptorOf(socket);
  if (row.access !== 'r') checks[row.kind]?.('value', value, option); // else option.set() refuses it
  option.set(descriptor, value);
  if (name === 'noDelay') rememberNoDelay(socket, value as boolean);
}

/** getsockopt(2) for an option of the registry; the errors are those of setOption(). */
export function getOption<Name extends ReadableOptionName>(socket: OptionSocket, name: Name): OptionValue<Name> {
  const { option } = findOption(name);
  return option.get(optionDescriptorOf(socket)) as OptionValue<Name>;
}

/** More than any option has; the kernel copies that much for each call. */
const mostRawBytes = 65_536;

function checkRawNumber(argument: string, value: unknown, min: number, max: number): void {
  checkInteger(argument, value, { min, max } as NativeOption);
}

/** Both are an int in C. */
function checkRawName(level: unknown, option: unknown): void {
  checkRawNumber('level', level, -(2 ** 31), 2 ** 31 - 1);
  checkRawNumber('option', option, -(2 ** 31), 2 ** 31 - 1);
}

/**
 * setsockopt(2) for any option of the system: `level` and `option` are its own numbers, `value` is an int (-2^31 to
 * 2^32 - 1), or bytes as they are (65 536 at most). Nothing else is checked.
 *
 * Errors: ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_SOCKET_NOT_CONNECTED, ERR_SOCKET_CLOSED, ERR_NO_DESCRIPTOR, and
 * setsockopt(2)'s own as system errors (ENOPROTOOPT: no such option there).
 */
export function setRawOption(socket: OptionSocket, level: number, option: number, value: number | Uint8Array): void {
  checkRawName(level, option);
  let bytes: Uint8Array;
  if (typeof value === 'number') {
    checkRawNumber('value', value, -(2 ** 31), 2 ** 32 - 1);
    bytes = new Uint8Array(Int32Array.of(value).buffer);
  } else if (types.isUint8Array(value)) {
    if (value.length > mostRawBytes) {
      throw makeError('ERR_OUT_OF_RANGE', 'value', `at most ${mostRawBytes} bytes`, `${value.length} bytes`);
    }
    bytes = value;
  } else {
    throw makeError('ERR_INVALID_ARG_TYPE', 'value', 'a number or a Uint8Array', describe(value));
  }
  native.setRawOption(optionDescriptorOf(socket), level, option, bytes);
}

/**
 * getsockopt(2) for any option of the system, with room for `byteLength` bytes (65 536 at most). The Buffer is as long
 * as what the kernel returned, in its own byte order. Errors as of setRawOption().
 */
export function getRawOption(socket: OptionSocket, level: number, option: number, byteLength: number): Buffer {
  checkRawName(level, option);
  checkRawNumber('byteLength', byteLength, 0, mostRawBytes);
  const buffer = Buffer.alloc(byteLength);
  return buffer.subarray(0, native.getRawOption(optionDescriptorOf(socket), level, option, buffer));
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
