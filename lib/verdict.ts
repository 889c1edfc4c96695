// How a linger ends, and what bounds it.

export type Outcome =
  | 'peer-fin'
  | 'acked'
  | 'timeout'
  | 'idle-timeout'
  | 'byte-limit'
  | 'peer-reset'
  | 'already-closed';

/** Milliseconds and bytes; Infinity: no limit. */
export interface LingerLimits {
  readonly until: 'peer-fin' | 'acked';
  readonly unread: 'discard' | 'deliver';
  readonly timeout: number;
  readonly idleTimeout: number;
  readonly maxBytes: number;
  /** A limit ends in a reset instead of a plain close. */
  readonly resetAtLimit: boolean;
  /**
   * `timeout` counts from the moment when everything that was written is in the kernel. Until then it limits the time in
   * which nothing of it could be sent: a peer may be slow, but not hold the connection by dripping input.
   */
  readonly fromFlush?: boolean;
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
  readonly outcome: Outcome;
  /**
   * true: the peer's kernel has acknowledged every byte that was written. That is not yet its application: only an
   * answer, or the FIN of `'peer-fin'` to some extent, speaks for that. null: this system can't say (unix-domain
   * sockets, a socket that had no descriptor any more).
   */
  readonly delivered: boolean | null;
  /**
   * Bytes written and not acknowledged at the end, those that never reached the kernel included (TLS: with the
   * records around them). null: can't say.
   */
  readonly unackedBytes: number | null;
  /**
   * Bytes of input that were thrown away: the stream's buffer and whatever came later. TLS: plaintext until our FIN
   * is sent, ciphertext after it; a record that was received in part at that moment (16 KiB at most) is left out.
   */
  readonly discardedBytes: number;
  readonly durationMs: number;
  readonly error?: Error;
}

export const limitOutcomes: ReadonlySet<Outcome> = new Set(['timeout', 'idle-timeout', 'byte-limit']);
