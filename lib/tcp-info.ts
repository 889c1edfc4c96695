// tcpInfo(): what the kernel knows of a connection. validate -> descriptor -> native bytes -> fields
import { endianness } from 'node:os';

import { makeError } from './errors.js';
import { optionDescriptorOf, type OptionSocket } from './handle.js';
import { native, type NativeTcpInfoField, type TcpState } from './native.js';
import type { TcpInfo } from './tcp-info-fields.js';

/** More than any kernel returns so far (280). */
const buffer = new Uint8Array(1024);
const littleEndian = endianness() === 'LE';

let fields: readonly NativeTcpInfoField[] | undefined;
let states: readonly (TcpState | null)[] = [];

const noAnswer =
  process.platform === 'win32'
    ? 'this socket is not a connected TCP socket, or this Windows is older than 10 version 1703 (SIO_TCP_INFO)'
    : 'only TCP has it, and this socket is something else';

/** The fields that this system has, in its order. */
export function tcpInfoFields(): readonly NativeTcpInfoField[] {
  if (fields === undefined) {
    fields = native.describeTcpInfo();
    // No system has more than eleven, and 0 to 15 covers how all of them count.
    states = Array.from({ length: 16 }, (_, number) => native.tcpStates[native.toTcpState(number)] ?? null);
  }
  return fields;
}

function readNumber(view: DataView, { offset, size, shift, bits, factor }: NativeTcpInfoField): number {
  const number =
    size === 1
      ? view.getUint8(offset)
      : size === 2
        ? view.getUint16(offset, littleEndian)
        : size === 4
          ? view.getUint32(offset, littleEndian)
          : Number(view.getBigUint64(offset, littleEndian));
  return (bits === size * 8 ? number : (number >>> shift) & (2 ** bits - 1)) * factor;
}

function isAllOnes(view: DataView, { offset, size }: NativeTcpInfoField): boolean {
  for (let index = offset; index < offset + size; index += 1) if (view.getUint8(index) !== 0xff) return false;
  return true;
}

function decodeField(view: DataView, field: NativeTcpInfoField): unknown {
  switch (field.kind) {
    case 'number':
      return readNumber(view, field);
    case 'limit':
      return isAllOnes(view, field) ? null : readNumber(view, field);
    case 'bigint':
      return view.getBigUint64(field.offset, littleEndian);
    case 'boolean':
      return readNumber(view, field) !== 0;
    case 'state':
      return states[readNumber(view, field)] ?? null;
    case 'name':
      // A newer kernel may have more of them.
      return field.names[readNumber(view, field)];
    case 'flags': {
      const bits = readNumber(view, field);
      return field.names.filter((_, index) => (bits & (1 << index)) !== 0);
    }
  }
}

/** What is in the `length` bytes that a kernel has returned; fields that are not whole are left out. */
export function decodeTcpInfo(bytes: Uint8Array, length: number): TcpInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const info: Record<string, unknown> & { state: TcpState | null } = { state: null };
  for (const field of tcpInfoFields()) {
    if (field.needs > length) continue;
    const value = decodeField(view, field);
    if (value !== undefined) info[field.name] = value;
  }
  return info;
}

/**
 * What the kernel knows of a TCP connection: its state, round trip times, windows, what was lost and sent again (Linux:
 * TCP_INFO, macOS: TCP_CONNECTION_INFO, Windows: SIO_TCP_INFO). Of a listener its state and its backlog. docs/API.md lists
 * the fields and their units; one that this kernel does not return is not there.
 *
 * Errors: ERR_INVALID_ARG_TYPE, ERR_OPTION_NOT_SUPPORTED (unix-domain sockets, dgram sockets, and systems that tell
 * nothing), ERR_SOCKET_NOT_CONNECTED, ERR_SOCKET_CLOSED, ERR_NO_DESCRIPTOR, and getsockopt(2)'s own as system errors.
 */
export function tcpInfo(socket: OptionSocket): TcpInfo {
  const descriptor = optionDescriptorOf(socket);
  if (tcpInfoFields().length === 0) throw makeError('ERR_OPTION_NOT_SUPPORTED', 'tcpInfo', `${process.platform} does not have it`);
  const length = native.readTcpInfo(descriptor, buffer);
  if (length === 0) throw makeError('ERR_OPTION_NOT_SUPPORTED', 'tcpInfo', noAnswer);
  return decodeTcpInfo(buffer, length);
}
