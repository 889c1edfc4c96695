// lingerClose(): the closing of one socket without losing the last byte.
import { onAbort } from './abort.js';
import { afterClose } from './connection.js';
import { describe, makeError } from './errors.js';
import { checkOwnSocket, isDead, isTls, writeBuffered, type SocketLike } from './handle.js';
import { takeOver } from './intercept.js';
import { isLingering, LingerMachine } from './linger-machine.js';
import type { LingerLimits, Outcome, Verdict } from './verdict.js';

export interface LingerOptions {
  /** Milliseconds in all; Infinity for no limit. Default 30 000. */
  timeout?: number;
  /** Milliseconds without progress in either direction; Infinity for no limit. Default 5 000. */
  idleTimeout?: number;
  /** Bytes of input that are discarded before lingering stops. Default: no limit. */
  maxBytes?: number;
  /**
   * What to wait for: the peer's FIN and the acknowledgement of ours (default), or the acknowledgement alone.
   */
  until?: 'peer-fin' | 'acked';
  /** Input: thrown away (default), or given to the application as before. */
  unread?: 'discard' | 'deliver';
  /**
   * At a limit (timeout, idleTimeout, maxBytes): a plain close (default; the kernel goes on sending what it has,
   * unless the peer sends more, which it answers by a reset), or a reset, which drops it.
   */
  onTimeout?: 'close' | 'reset';
  /** Closes at once and rejects with AbortError. */
  signal?: AbortSignal;
}

/** How a lingering close went. */
export interface LingerResult {
  /**
   * - `'peer-fin'`: the peer has closed its side, and has acknowledged everything including our FIN
   * - `'acked'`: everything is acknowledged including our FIN (only with `until: 'acked'`)
   * - `'timeout'`, `'idle-timeout'`, `'byte-limit'`: the limit was reached first
   * - `'peer-reset'`: the connection broke; `error` says how (ECONNRESET, EPIPE, ETIMEDOUT ...)
   * - `'already-closed'`: it was closed before the call, or destroy() came in the middle
   */
  outcome: Outcome;
  /**
   * true: the peer's kernel has acknowledged every byte that was written. That is not yet its application: only an
   * answer, or the FIN of `'peer-fin'` to some extent, speaks for that. null: this system can't say (unix-domain
   * sockets, a socket that had no descriptor any more).
   */
  delivered: boolean | null;
  /**
   * Bytes written and not acknowledged at the end, those that never reached the kernel included (TLS: with the
   * records around them). null: can't say.
   */
  unackedBytes: number | null;
  /**
   * Bytes of input that were thrown away: the stream's buffer and whatever came later. TLS: plaintext until our FIN
   * is sent, ciphertext after it; a record that was received in part at that moment (16 KiB at most) is left out.
   */
  discardedBytes: number;
  durationMs: number;
  error?: Error;
}

const choices = {
  until: ['peer-fin', 'acked'],
  unread: ['discard', 'deliver'],
  onTimeout: ['close', 'reset'],
} as const;

function checkAmount(name: string, value: unknown): number {
  if (typeof value !== 'number') throw makeError('ERR_INVALID_ARG_TYPE', `options.${name}`, 'a number', describe(value));
  if (!(value >= 0)) throw makeError('ERR_OUT_OF_RANGE', `options.${name}`, '0 or more, or Infinity', describe(value));
  return value;
}

function checkChoice<Name extends keyof typeof choices>(name: Name, value: unknown): (typeof choices)[Name][number] {
  const allowed: readonly unknown[] = choices[name];
  if (!allowed.includes(value)) {
    const expected = choices[name].map((choice) => `'${choice}'`).join(' or ');
    throw makeError('ERR_INVALID_ARG_VALUE', `options.${name}`, expected, describe(value));
  }
  return value as (typeof choices)[Name][number];
}

interface CheckedOptions extends LingerLimits {
  readonly signal: AbortSignal | undefined;
}

function checkOptions(options: LingerOptions): CheckedOptions {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw makeError('ERR_INVALID_ARG_TYPE', 'options', 'an object', describe(options));
  }
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw makeError('ERR_INVALID_ARG_TYPE', 'options.signal', 'an AbortSignal', describe(signal));
  }
  return {
    timeout: checkAmount('timeout', options.timeout ?? 30_000),
    idleTimeout: checkAmount('idleTimeout', options.idleTimeout ?? 5_000),
    maxBytes: checkAmount('maxBytes', options.maxBytes ?? Infinity),
    until: checkChoice('until', options.until ?? 'peer-fin'),
    unread: checkChoice('unread', options.unread ?? 'discard'),
    resetAtLimit: checkChoice('onTimeout', options.onTimeout ?? 'close') === 'reset',
    signal,
  };
}

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
  const running = promises.get(socket);
  // A socket may be connected again after its close: that is another connection.
  if (running !== undefined && (socket.destroyed || isLingering(socket))) return running;
  let checked: CheckedOptions;
  try {
    checkOwnSocket(socket);
    checked = checkOptions(options);
  } catch (error) {
    return Promise.reject(error);
  }
  const promise = new Promise<LingerResult>((resolve, reject) => start(socket, checked, resolve, reject));
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
  options: CheckedOptions,
  resolve: (result: LingerResult) => void,
  reject: (reason: Error) => void,
): void {
  if (options.signal?.aborted === true) {
    afterClose(socket, () => reject(abortError(options.signal)));
    socket.destroy();
    return;
  }
  if (isDead(socket)) {
    resolveDead(socket, resolve);
    return;
  }

  let verdict: Verdict | undefined;
  let aborted: Error | undefined;
  const linger = new LingerMachine(socket, options, (found) => {
    verdict = found;
    ignoreAbort?.();
    socket.destroy();
  });

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

/** destroy() came, but the connection can still be closed well. */
function mayGoOn(socket: SocketLike, error: NodeJS.ErrnoException | null): boolean {
  // Both sides have ended, so Node destroys the stream by itself; the acknowledgement is still to come.
  if (error === null) return socket.readableEnded && socket.writableFinished;
  return lateUseCodes.has(error.code) || isTlsFailure(socket, error);
}

function abortError(signal: AbortSignal | undefined): Error {
  return Object.assign(makeError('ABORT_ERR'), { cause: signal?.reason as unknown });
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
  socket.destroy();
}
