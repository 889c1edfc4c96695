// net.connect() whose descriptor is made here, so that options can be set before the SYN. Everything else (lookup,
// addresses that are tried in turn, local addresses, events, errors) is Node's own.
import dns from 'node:dns';
import net from 'node:net';
import { addAbortSignal } from 'node:stream';

import { describe, makeError } from './errors.js';
import { holdFinUntilSynAcked } from './fast-open.js';
import { eachTcpHandle, failConnect, rememberNoDelay } from './handle.js';
import { native } from './native.js';
import { openBy } from './opener.js';
import { type OptionValue, type SettableOptionName } from './options.js';
import { planOptions, type PlannedOption } from './sockopt.js';

/** Options of the registry by name. They are set in the order of the keys. */
export type SocketOptions = { [Name in SettableOptionName]?: OptionValue<Name> | undefined };

export interface ConnectOptions extends net.TcpNetConnectOpts {
  /** Set before the SYN; on every address that is tried. */
  socketOptions?: SocketOptions | undefined;
}

function plan(options: ConnectOptions): PlannedOption[] {
  if (typeof (options as unknown) !== 'object' || (options as unknown) === null) {
    throw makeError('ERR_INVALID_ARG_TYPE', 'options', 'an object', describe(options));
  }
  const given = options as unknown as Record<string, unknown>;
  // http's agents pass null for what they don't use.
  const other = ['path', 'fd', 'handle'].find((name) => given[name] != null && given[name] !== '');
  if (other !== undefined) {
    throw makeError('ERR_INVALID_ARG_VALUE', `options.${other}`, 'left out: connect() makes TCP sockets of its own', describe(given[other]));
  }
  const { socketOptions } = given;
  if (socketOptions === undefined) return [];
  if (typeof socketOptions !== 'object' || socketOptions === null || Array.isArray(socketOptions)) {
    throw makeError('ERR_INVALID_ARG_TYPE', 'options.socketOptions', 'an object', describe(socketOptions));
  }
  return planOptions('socketOptions', socketOptions);
}

function openSocket(isIPv6: boolean): number {
  try {
    return native.openSocket(isIPv6);
  } catch (error) {
    return (error as NodeJS.ErrnoException).errno!; // EMFILE, EAFNOSUPPORT: Node tries the next address, if there is one
  }
}

/** Sets all of them; an error number. */
function setAll(socket: net.Socket, planned: readonly PlannedOption[], descriptor: number, isIPv6: boolean): number {
  for (const { name, row, set } of planned) {
    // IPv4 sockets would refuse it, and a name may have addresses of both families.
    if (row.level === 'IPPROTO_IPV6' && !isIPv6) continue;
    try {
      set(descriptor);
    } catch (cause) {
      const error = cause as NodeJS.ErrnoException;
      error.message += ` ${name}`;
      failConnect(socket, Object.assign(error, { option: name }));
      return error.errno!;
    }
  }
  return 0;
}

type Lookup = NonNullable<net.TcpNetConnectOpts['lookup']>;

/** Calls back later at all events: Node connects in the callback, and that must not be before we have the socket. */
function neverAtOnce(lookup: Lookup): Lookup {
  return (hostname, options, callback) => {
    let isAtOnce = true;
    lookup(hostname, options, (...results) => {
      if (isAtOnce) process.nextTick(callback, ...results);
      else callback(...results);
    });
    isAtOnce = false;
  };
}

/**
 * net.connect() with options of the registry (docs/API.md) that are set before the SYN: maxSegment and
 * receiveBufferSize are in the SYN, mark and bindToDevice decide where it goes.
 *
 * Throws what setOption() throws for a name or a value that can't be, and what net.connect() throws; nothing was opened
 * then. What the system refuses is an 'error' event, and then 'close', as for any connect that fails: code, errno,
 * syscall 'setsockopt', and the name as `option`. Unix-domain sockets (path): ERR_INVALID_ARG_VALUE.
 */
export function connect(options: ConnectOptions, connectListener?: () => void): net.Socket {
  const planned = plan(options);
  const { signal, ...others } = options;
  // Node would emit the error and 'close', and connect all the same.
  if (signal?.aborted === true) return addAbortSignal(signal, new net.Socket(others));
  if (planned.length === 0) return net.connect(options, connectListener);

  const lookup = options.lookup ?? dns.lookup;
  const socket = net.connect({ ...options, lookup: typeof lookup === 'function' ? neverAtOnce(lookup) : lookup }, connectListener);
  const opener = {
    open: openSocket,
    opened: (descriptor: number, isIPv6: boolean) => setAll(socket, planned, descriptor, isIPv6),
  };
  if (!eachTcpHandle(socket, (handle) => openBy(handle, opener))) {
    socket.destroy();
    throw makeError('ERR_OPTION_NOT_SUPPORTED', 'socketOptions', 'this runtime does not connect as Node does');
  }
  const noDelay = planned.find(({ name }) => name === 'noDelay');
  if (noDelay !== undefined) rememberNoDelay(socket, noDelay.value as boolean);
  if (planned.some(({ name, value }) => name === 'fastOpenConnect' && value === true)) holdFinUntilSynAcked(socket);
  return socket;
}
