// The addon's loader and its types: the other half of native/addon.cc.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { makeError } from './errors.js';

export type TcpState =
  | 'ESTABLISHED'
  | 'SYN_SENT'
  | 'SYN_RECEIVED'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'TIME_WAIT'
  | 'CLOSED'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'LISTEN'
  | 'CLOSING';

/** `how` of shutdown(), in the order of sys::How. */
export const How = { read: 0, write: 1, both: 2 } as const;

/** How a discard() ended, in the order of sys::InputEnd. */
export const InputEnd = { open: 0, limit: 1, eof: 2, failed: 3 } as const;

/** An option that this system has: setsockopt(2) and getsockopt(2) for it. */
export interface NativeOption {
  readonly name: string;
  /** Of numbers: what the kernel takes. Of strings: their length in bytes. */
  readonly min: number;
  readonly max: number;
  readonly get: (descriptor: number) => unknown;
  readonly set: (descriptor: number, value: unknown) => void;
}

/** Where a field of tcpInfo() is in the bytes that the kernel returns. */
export interface NativeTcpInfoField {
  readonly name: string;
  readonly kind: 'number' | 'limit' | 'bigint' | 'boolean' | 'state' | 'name' | 'flags';
  readonly offset: number;
  /** Bytes: 1, 2, 4 or 8. */
  readonly size: number;
  /** Of a bit field; else 0 and all of them. */
  readonly shift: number;
  readonly bits: number;
  /** From the system's unit to that of the name. */
  readonly factor: number;
  /** Bytes that the kernel has to return for it. */
  readonly needs: number;
  readonly names: readonly string[];
}

export interface Native {
  /** Without `get` or `set` where that can not be done. */
  readonly options: readonly (Omit<NativeOption, 'get' | 'set'> & Partial<NativeOption>)[];
  /** Names for readTcpState(); null: not TCP, or not told by this system. */
  readonly tcpStates: readonly (TcpState | null)[];
  setRawOption(descriptor: number, level: number, option: number, bytes: Uint8Array): void;
  /** Fills `bytes`; how many there are. */
  getRawOption(descriptor: number, level: number, option: number, bytes: Uint8Array): number;
  /** A TCP socket that is neither bound nor connected. */
  openSocket(isIPv6: boolean): number;
  /** Of what openSocket() has made, and no handle has. */
  closeSocket(descriptor: number): void;
  /**
   * Windows, where handles don't show it: fills in the descriptors of handles that are numbered from 1; -1 where there is none.
   * `mark` refs or unrefs those whose number has that bit. null elsewhere.
   */
  readonly findDescriptors: ((descriptors: Float64Array, mark: (bit: number) => void) => void) | null;
  shutdown(descriptor: number, how: number): void;
  /**
   * Fills [unread, unacked, unsent, finUnacked, sent]: bytes without the FIN, -1 where the system can't tell; 1 if our FIN
   * is in the send queue besides. `sent`: so far, where `unacked` is not all that shows progress. `isTcp`: known to be TCP,
   * which may save a system call.
   */
  readQueues(descriptor: number, isTcp: boolean, finQueued: boolean, result: Float64Array): void;
  /** Bytes, by one system call. For descriptors that are known to be a socket's. */
  readUnread(descriptor: number): number;
  readTcpState(descriptor: number): number;
  describeTcpInfo(): readonly NativeTcpInfoField[];
  /** Fills `bytes`; how many there are, 0: not TCP. */
  readTcpInfo(descriptor: number, bytes: Uint8Array): number;
  /** From the system's number of a state to an index into tcpStates. */
  toTcpState(number: number): number;
  /** SO_ERROR, cleared by this: an error number, or 0. */
  takeError(descriptor: number): number;
  /** Fills [bytes, InputEnd, error number]. Never blocks. */
  discard(descriptor: number, limit: number, result: Float64Array): void;
  /** A system error for discard()'s error number. */
  makeError(error: number, syscall: string): NodeJS.ErrnoException;

  // The background linger engine; background.ts has the order of the numbers.
  readonly hasLingerEngine: boolean;
  listenForVerdicts(callback: (verdicts: Float64Array) => void): void;
  startLinger(descriptor: number, token: number, limits: Float64Array, referenced: boolean): void;
  stopLinger(token: number, reset: boolean): void;
  releaseReference(): void;
  /** [sockets, low watermarks, threads] of the whole process. */
  readLingerStats(): Float64Array;
}

function load(): Native {
  try {
    // dist/lib/native.js -> the package's root, where node-gyp-build looks for build/ and prebuilds/
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const find = createRequire(import.meta.url)('node-gyp-build') as (root: string) => Native;
    return find(root);
  } catch (cause) {
    // Thrown at the first call, not at the import: an application may import us and never need the addon.
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error = makeError('ERR_ADDON_NOT_LOADED', `${process.platform}-${process.arch}`, reason);
    return new Proxy({} as Native, {
      get() {
        throw error;
      },
    });
  }
}

export const native: Native = load();
