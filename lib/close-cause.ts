// closeCause(): why a connection ended.
import { checkOwnSocket, type SocketLike } from './handle.js';
import { judgeClose, judgeLate, noteEnd, openRecord, recordOf, settle, wantCauses, type CloseCause } from './close-record.js';
import { remember, type Destroy } from './intercept.js';
import { isLingering } from './lingering.js';

// No listener, so nothing that the application could see or miss: own methods in front of the socket's. As in
// kept-sockets.ts they are plain properties, the same for all sockets, which V8 takes cheaply.

type End = (this: SocketLike, ...args: never[]) => SocketLike;

const hookDestroy = remember<Destroy>((inner) => function (error, callback) {
  const record = recordOf(this);
  if (record === undefined || record.isPending || record.result !== undefined) {
    inner.call(this, error, callback);
    return;
  }
  // The descriptor is gone afterwards; whether a linger holds the close back is known only then.
  const found = judgeClose(this, record, error);
  inner.call(this, error, callback);
  if (record.lingered === undefined && isLingering(this)) record.isPending = true;
  else settle(this, record, error, found);
});

// Who closes first: once both sides are closed the kernel does not know any more.
const hookEnd = remember<End>((inner) => function (...args) {
  const record = recordOf(this);
  if (record !== undefined) noteEnd(this, record);
  return inner.apply(this, args);
});

/** Has closeCause() know, from now on. */
export function trackClose(socket: SocketLike): void {
  if (recordOf(socket) !== undefined) return;
  openRecord(socket);
  const hooked = socket as { _destroy: Destroy; end: End };
  hooked._destroy = hookDestroy(hooked._destroy);
  hooked.end = hookEnd(hooked.end);
}

/**
 * Why the connection ended, and what was lost by it (see CloseCause); null while it is open, being opened, or lingers. The
 * first call begins to watch, so call it once when you get the socket; enableLingeringClose() does that for a server's
 * connections, and asks the kernel about clean closes once closeCause() has been called in this process: those before are
 * judged by what Node knows, and the numbers of what the kernel held are null. Of a socket that was closed before the first
 * call it knows what `socket.errored` says, else `'unknown'`. It adds no listener, keeps nothing alive, and changes no
 * event: an 'error' that nobody listens for is thrown as ever. A socket that is connected again starts anew.
 *
 * Errors: ERR_INVALID_ARG_TYPE.
 */
export function closeCause(socket: SocketLike): CloseCause | null {
  checkOwnSocket(socket);
  wantCauses();
  const record = recordOf(socket);
  if (record?.result !== undefined) return record.result;
  if (socket.destroyed && !isLingering(socket)) return judgeLate(socket);
  if (record === undefined && !socket.destroyed) trackClose(socket);
  return null;
}
