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
}

export interface Verdict {
  readonly outcome: Outcome;
  readonly delivered: boolean | null;
  readonly unackedBytes: number | null;
  readonly discardedBytes: number;
  readonly durationMs: number;
  readonly error?: Error;
}

export const limitOutcomes: ReadonlySet<Outcome> = new Set(['timeout', 'idle-timeout', 'byte-limit']);
