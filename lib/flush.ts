// What a destroyed stream had still to send.
import { halfCloseNow, hasDescriptor, isWriting, takeQueuedWrites, writeNow, type SocketLike } from './handle.js';

/**
 * Sends what Node had queued for a stream that has been destroyed while its handle is still open, then half-closes
 * (TLS: close_notify first). To be called within `_destroy`: a tick later the queue is gone. `done(true)` when the kernel
 * has it all, `done(null)` if it can't be given the rest.
 *
 * The returned function is to be called now and then: nobody tells when a write that was under way is over.
 */
export function flushDestroyed(socket: SocketLike, done: (complete: true | null) => void): () => void {
  const queued = takeQueuedWrites(socket);
  let started = false;
  const halfClose = (error?: Error | null): void => {
    if (error == null && hasDescriptor(socket)) halfCloseNow(socket, () => done(true));
    else done(null);
  };
  const start = (): void => {
    // TLS takes one write at a time.
    if (started || !hasDescriptor(socket) || isWriting(socket)) return;
    started = true;
    if (queued.length > 0) writeNow(socket, queued, halfClose);
    else halfClose();
  };
  start();
  return start;
}
