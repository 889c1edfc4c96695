// One listener per AbortSignal, however many sockets wait for it: a signal that shuts a whole server down would
// otherwise warn of a leak.

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
