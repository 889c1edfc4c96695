// A TCP handle of Node's that connects by a descriptor of ours. libuv makes one in the first call that needs it; ours
// come before those calls.
import { native } from './native.js';

/** Both answer a negative error number if they fail: Node reports it as it does libuv's. */
export interface Opener {
  /** A descriptor. */
  open(isIPv6: boolean): number;
  /** The handle has it now; 0 has Node go on. */
  opened(descriptor: number, isIPv6: boolean): number;
}

interface TcpHandle {
  readonly fd: number;
  open(descriptor: number): number;
}

type Call = (...args: unknown[]) => number;

/** The calls that need a descriptor. They also tell the family. */
const openingCalls = ['bind', 'bind6', 'connect', 'connect6'] as const;

/** False: the handle has a descriptor already, or is not made as Node's are. */
export function openBy(handle: object, opener: Opener): boolean {
  const { fd, open } = handle as Partial<TcpHandle>;
  if (typeof open !== 'function' || fd !== -1) return false;
  const calls = handle as Record<(typeof openingCalls)[number], Call>;
  for (const name of openingCalls) {
    calls[name] = (...args) => {
      for (const each of openingCalls) Reflect.deleteProperty(handle, each); // the class' own are behind them
      const error = give(handle as TcpHandle, opener, name.endsWith('6'));
      return error === 0 ? calls[name](...args) : error;
    };
  }
  return true;
}

function give(handle: TcpHandle, opener: Opener, isIPv6: boolean): number {
  const descriptor = opener.open(isIPv6);
  if (descriptor < 0) return descriptor;
  const error = handle.open(descriptor);
  if (error === 0) return opener.opened(descriptor, isIPv6);
  native.closeSocket(descriptor);
  return error;
}
