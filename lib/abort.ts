// AbortSignals: one listener per signal, however many sockets wait for it, since one that shuts a whole server down would
// otherwise warn of a leak.
import { makeError } from './errors.js';

/** What a promise rejects with that the signal has ended. */
export function abortError(signal: AbortSignal | undefined): Error {
  return Object.assign(makeError('ABORT_ERR'), { cause: signal?.reason as unknown });
}

const callbacks = new WeakMap<AbortSignal, Set<() => void>>();

function callAll(this: AbortSignal): void {
  for (const callback of callbacks.get(this) ?? []) callback();
}

/** Calls back when the signal is aborted. The returned function takes that back. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let all = callbacks.get(signal);
  if (all === undefined) callbacks.set(signal, (all = new Set()));
  if (all.size === 0) signal.addEventListener('abort', callAll, { once: true });
  all.add(callback);
  return () => {
    all.delete(callback);
    if (all.size === 0) signal.removeEventListener('abort', callAll);
  };
}
