// The descriptor of a handle that does not show it: Windows. The addon finds it among libuv's handles; it is kept with the
// handle for as long as that is open.
import { isMainThread } from 'node:worker_threads';

import { native } from './native.js';
import { nativeOptions } from './native-options.js';
import { otherRuntime } from './runtime.js';

type Call = (this: Closable, ...args: unknown[]) => unknown;

/** Whether a handle keeps its loop alive. */
interface Referenced {
  hasRef(): boolean;
  ref(): void;
  unref(): void;
}

/** A handle of Node's, of a TCP socket or listener, or of a dgram socket. */
interface Closable extends Partial<Referenced> {
  close?: Call;
  reset?: Call;
  [descriptorKey]?: number;
}

const descriptorKey = Symbol('socket-linger.descriptor');

/**
 * Node shows no descriptor. `fd` is -1, or the SOCKET that open() was given (connect.ts); that one stays when the handle is
 * closed, and the number may be somebody else's by then.
 *
 * Bun and Deno have handles and loops of their own. To call a function of libuv's that they lack would end the process.
 */
export const isHidden = process.platform === 'win32' && otherRuntime === undefined;

/**
 * A worker that ends closes what it has open without these calls. (The main thread ends with its process, and Windows closes
 * all then.)
 */
const openInWorker = new Set<number>();

if (isHidden && !isMainThread) {
  process.once('exit', () => {
    for (const descriptor of openInWorker) endKernelLinger(descriptor);
  });
}

/** The calls that close a handle. Node's own code makes them as everybody does: by name, on the handle. */
const closingCalls = ['close', 'reset'] as const;

/**
 * The handle's descriptor; -1: it has none (any more), or it is no socket's. Where handles show theirs: always -1.
 *
 * It can't be stale. A handle has one descriptor for life, and whoever closes the handle has it forgotten first.
 */
export function hiddenDescriptorOf(handle: object): number {
  if (!isHidden) return -1;
  const closable: Closable = handle;
  if (closable[descriptorKey] === undefined) findDescriptors([closable]);
  return closable[descriptorKey] ?? -1;
}

/**
 * Has the descriptors of all of these at hand. To find one takes as long as the loop has handles, and to find n of them as
 * long as log2(n).
 */
export function findDescriptors(handles: readonly object[]): void {
  const wanted = [...new Set(handles)].filter(canBeFound);
  if (wanted.length === 0) return;
  const referenced = wanted.map((handle) => handle.hasRef());
  const descriptors = new Float64Array(wanted.length).fill(-1);
  try {
    // Which handle is referenced is for the loop to ask when it goes round, and it does not in between.
    native.findDescriptors?.(descriptors, (bit) => {
      wanted.forEach((handle, index) => {
        if ((((index + 1) >>> bit) & 1) === 1) refer(handle, !handle.hasRef());
      });
    });
  } finally {
    wanted.forEach((handle, index) => refer(handle, referenced[index]!));
  }
  wanted.forEach((handle, index) => {
    if (descriptors[index]! >= 0) keep(handle, descriptors[index]!);
  });
}

/** Of a unix-domain socket, or of a named pipe, which has no SOCKET. */
export function isPipeHandle(handle: object): boolean {
  return handle.constructor.name === 'Pipe';
}

function canBeFound(handle: Closable): handle is Closable & Referenced {
  if (handle[descriptorKey] !== undefined || isPipeHandle(handle)) return false;
  return typeof handle.hasRef === 'function' && typeof handle.ref === 'function' && typeof handle.unref === 'function';
}

function refer(handle: Referenced, isReferenced: boolean): void {
  if (isReferenced) handle.ref();
  else handle.unref();
}

function keep(handle: Closable, descriptor: number): void {
  handle[descriptorKey] = descriptor;
  if (!isMainThread) openInWorker.add(descriptor);
  for (const name of closingCalls) {
    const close = handle[name];
    if (typeof close !== 'function') continue;
    handle[name] = function (...args) {
      const kept = this[descriptorKey] ?? -1;
      this[descriptorKey] = -1;
      if (kept >= 0) endKernelLinger(kept);
      openInWorker.delete(kept);
      return Reflect.apply(close, this, args);
    };
  }
}

/**
 * closesocket() answers WSAEWOULDBLOCK on a non-blocking socket that would have to linger, and does nothing. libuv does not
 * look, so the socket would stay open as long as the process lives.
 */
function endKernelLinger(descriptor: number): void {
  const { linger } = nativeOptions();
  try {
    if (((linger.get(descriptor) as number | null) ?? 0) > 0) linger.set(descriptor, null);
  } catch {
    // UDP has no such option.
  }
}
