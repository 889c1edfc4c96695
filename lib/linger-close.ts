// lingerClose(): the closing of one socket without losing the last byte.
import { abortError, onAbort } from './abort.js';
import { afterClose, setCloseMode } from './connection.js';
import { publishEnd, publishStart, type LingerStartMessage } from './diagnostics.js';
import { checkOwnSocket, isDead, isTls, writeBuffered, type SocketLike } from './handle.js';
import { takeOver } from './intercept.js';
import { LingerMachine } from './linger-machine.js';
import { checkLingerOptions, type CheckedLingerOptions, type LingerOptions } from './linger-options.js';
import { isLingering } from './lingering.js';
import type { LingerResult } from './verdict.js';

const promises = new WeakMap<SocketLike, Promise<LingerResult>>();

/**
 * Closes a socket so that the peer gets everything that was written:
 *
 * 1. end(): what was written goes out, then (TLS: close_notify and) FIN. Later writes are refused by their
 *    callback with ERR_STREAM_WRITE_AFTER_END.
 * 2. Input is thrown away, so that it can't turn the close into a reset, until the peer's FIN.
 * 3. It waits until the peer's kernel has acknowledged every byte and the FIN.
 * 4. It looks for input once more and closes; the promise resolves after 'close'.
 *
 * From the call on the socket belongs to it: no 'data', 'end' or 'error' event any more (`unread: 'deliver'`
 * keeps the first two), 'close' at the end. It never rejects for what the peer or the network does; the result
 * tells. A second call returns the first one's promise. destroy() in the middle closes at once. It
 * takes the place of setLinger().
 *
 * Rejects with ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE (nothing has happened to the socket
 * then), and AbortError.
 */
export function lingerClose(socket: SocketLike, options: LingerOptions = {}): Promise<LingerResult> {
  return lingerCloseFor({ socket, reason: 'lingerClose', server: undefined }, options);
}

/** lingerClose(), told to the diagnostics channels as somebody else's. */
export function lingerCloseFor(message: LingerStartMessage, options: LingerOptions): Promise<LingerResult> {
  const { socket } = message;
  const running = promises.get(socket);
  // A socket may be connected again after its close: that is another connection.
  if (running !== undefined && (socket.destroyed || isLingering(socket))) return running;
  let checked: CheckedLingerOptions;
  try {
    checkOwnSocket(socket);
    checked = checkLingerOptions(options);
  } catch (error) {
    return Promise.reject(error);
  }
  const promise = new Promise<LingerResult>((resolve, reject) => {
    publishStart(message);
    const end = (result: LingerResult): void => {
      publishEnd(message, result);
      resolve(result);
    };
    start(socket, checked, end, reject);
  });
  promises.set(socket, promise);
  return promise;
}

// What a stream reports when the application uses it after its end. That is no reason to drop the connection.
const lateUseCodes: ReadonlySet<string | undefined> = new Set(['ERR_STREAM_WRITE_AFTER_END', 'ERR_STREAM_ALREADY_FINISHED']);
const brokenCalls: ReadonlySet<string | undefined> = new Set(['read', 'write', 'shutdown']);

function isTlsFailure(socket: SocketLike, { code }: NodeJS.ErrnoException): boolean {
  return isTls(socket) && (code === 'EPROTO' || /^ERR_(SSL|TLS|OSSL)_/.test(code ?? ''));
}

function start(
  socket: SocketLike,
  options: CheckedLingerOptions,
  resolve: (result: LingerResult) => void,
  reject: (reason: Error) => void,
): void {
  if (options.signal?.aborted === true) {
    afterClose(socket, () => reject(abortError(options.signal)));
    // At once: not after setLinger()'s wait.
    setCloseMode(socket, 'plain');
    socket.destroy();
    return;
  }
  if (isDead(socket)) {
    resolveDead(socket, resolve);
    return;
  }

  let verdict: LingerResult | undefined;
  let aborted: Error | undefined;
  const linger = new LingerMachine(socket, options, (found) => {
    verdict = found;
    ignoreAbort?.();
    socket.destroy();
  });

  // destroySoon() may have been called before.
  socket.off('finish', destroyOf(socket));
  const giveBack = takeOver(socket, {
    takesInput: options.unread === 'discard',
    discarded: (bytes) => linger.noteDiscarded(bytes),
    ended: () => linger.noteEnd(),
    refusal: writeAfterEnd,
    reset: () => linger.abandon(null, true),
    destroyedAgain: () => linger.abandon(null),
    // No error is shown: the result has it.
    destroying(failure, proceed) {
      const error: NodeJS.ErrnoException | null = failure;
      const close = (): void => proceed(null);
      if (verdict !== undefined) {
        close();
      } else if (mayGoOn(socket, error)) {
        linger.watchDestroyed(close, error !== null && isTlsFailure(socket, error));
      } else if (error === null) {
        linger.abandon(null, false, close);
      } else if (!linger.isConnected() || brokenCalls.has(error.syscall)) {
        linger.fail(linger.isConnected() ? 'peer-reset' : 'already-closed', error, close);
      } else {
        linger.abandon(error, false, close);
      }
    },
  });
  const ignoreAbort = options.signal && onAbort(options.signal, () => {
    aborted = abortError(options.signal);
    linger.abandon(null);
  });
  socket.once('close', () => {
    giveBack();
    if (aborted !== undefined) reject(aborted);
    else resolve(verdict!);
  });
  socket.end();
  linger.watchStream();
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- as the listener that destroySoon() adds
const destroyOf = ({ destroy }: SocketLike): SocketLike['destroy'] => destroy;

/** destroy() came, but the connection can still be closed well. */
function mayGoOn(socket: SocketLike, error: NodeJS.ErrnoException | null): boolean {
  // Both sides have ended, so Node destroys the stream by itself; the acknowledgement is still to come.
  if (error === null) return socket.readableEnded && socket.writableFinished;
  return lateUseCodes.has(error.code) || isTlsFailure(socket, error);
}

function writeAfterEnd(): Error {
  // Node's own error for the same mistake
  return Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' });
}

/** A socket that is closed or was never opened: nothing to wait for but its 'close'. */
function resolveDead(socket: SocketLike, resolve: (result: LingerResult) => void): void {
  const startedAt = performance.now();
  const lost = !socket.destroyed && writeBuffered(socket) > 0;
  afterClose(socket, () =>
    resolve({
      outcome: 'already-closed',
      delivered: lost ? false : null,
      unackedBytes: null,
      discardedBytes: 0,
      durationMs: performance.now() - startedAt,
    }),
  );
  // A second destroy() would cut short the linger that an earlier one waits for.
  if (!socket.destroyed) socket.destroy();
}
