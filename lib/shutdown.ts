// Half-close.
import { noteShutRead } from './connection.js';
import { describe, makeError } from './errors.js';
import { isFastOpening } from './fast-open.js';
import { checkSocket, descriptorOf, inputEnded, isPipe, isTls, stopReading, writeBuffered, type SocketLike } from './handle.js';
import { How, native } from './native.js';

/**
 * shutdown(2), now.
 *
 * - `'write'`: sends FIN; the peer reads end-of-file after what was sent before. What is still queued above the
 *   kernel could not be sent any more, so that is refused with ERR_WRITES_PENDING: use shutdownWrite(). The
 *   stream counts as ended: a later write() reports write-after-end. TLS: close_notify goes first, and the FIN
 *   follows within this turn of the event loop.
 * - `'read'`: the stream ends after what has arrived; the peer is told nothing and nothing is dropped. Linux
 *   still accepts what arrives later, but resets the connection for it once we have half-closed as well
 *   (tcp_rcv_state_process()); Windows resets at once, and drops what Node has not read yet. Not a part of a safe close.
 * - `'both'`: the two at once.
 *
 * Errors: ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_WRITES_PENDING, ERR_SOCKET_NOT_CONNECTED,
 * ERR_SOCKET_CLOSED, and shutdown(2)'s own as system errors.
 */
export function shutdown(socket: SocketLike, how: 'read' | 'write' | 'both'): void {
  checkSocket(socket);
  // hasOwn() would ask an object what its name is.
  if (typeof how !== 'string' || !Object.hasOwn(How, how)) {
    throw makeError('ERR_INVALID_ARG_VALUE', 'how', "'read', 'write' or 'both'", describe(how));
  }
  const descriptor = descriptorOf(socket);
  // On Linux shutdown(2) would cancel a connect that is under way.
  if (socket.connecting || isFastOpening(socket)) throw makeError('ERR_SOCKET_NOT_CONNECTED');
  if (how === 'read') {
    shutdownInput(socket, descriptor);
    return;
  }
  const pending = writeBuffered(socket);
  if (pending > 0) throw makeError('ERR_WRITES_PENDING', String(pending));
  if (isTls(socket)) {
    socket.end();
    if (how === 'both') shutdownInput(socket, descriptor);
    return;
  }
  native.shutdown(descriptor, How[how]);
  if (how === 'both') noteInputShut(socket);
  // Node's own shutdown() follows from this and finds nothing left to do.
  socket.end();
}

function shutdownInput(socket: SocketLike, descriptor: number): void {
  native.shutdown(descriptor, How.read);
  noteInputShut(socket);
}

function noteInputShut(socket: SocketLike): void {
  noteShutRead(socket);
  // On Windows a read after SHUT_RD is an error (WSAESHUTDOWN), not the end.
  if (process.platform !== 'win32' || inputEnded(socket)) return;
  stopReading(socket);
  socket.push(null);
}

/** SHUT_RD, now; see shutdown(). */
export function shutdownRead(socket: SocketLike): void {
  shutdown(socket, 'read');
}

/**
 * Sends what was written, then FIN (TLS: close_notify, then FIN), and resolves when the kernel has both; the
 * peer's acknowledgement is not waited for. Reading goes on. The stream counts as ended from the call on.
 *
 * Rejects, if the socket dies first, with the error that it died of (or ERR_SOCKET_CLOSED): then the peer may
 * not have all. A second call resolves with the first.
 */
export async function shutdownWrite(socket: SocketLike): Promise<void> {
  checkSocket(socket);
  // What descriptorOf() refuses; a named pipe of Windows has none, and can do without.
  if (!socket.connecting && !isPipe(socket)) descriptorOf(socket);
  if (socket.writableFinished) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      socket.off('finish', settle).off('close', settle);
      if (socket.writableFinished) resolve();
      else reject(reasonOf(socket));
    };
    socket.on('finish', settle).on('close', settle);
    socket.end();
  });
}

/** What the socket died of. */
function reasonOf(socket: SocketLike): Error {
  const error: NodeJS.ErrnoException | null = socket.errored;
  // Node 22 and later give a plain destroy() the error of the write that it cancelled.
  return error === null || error.code === 'ECANCELED' ? makeError('ERR_SOCKET_CLOSED') : error;
}
