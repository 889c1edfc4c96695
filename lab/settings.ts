// The limits that the lab closes with: short, so that 56 runs take half a minute. In production they are longer.

/** Milliseconds, unless the name says otherwise. */
export const settings = {
  /** What setLinger() and the bare kernel option are given. */
  lingerSeconds: 2,
  /** lingerClose()'s limits. */
  lingerCloseTimeoutMs: 3000,
  lingerCloseIdleTimeoutMs: 1500,
  /** The half-close by hand gives up after this. The classic advice knows no limit at all. */
  byHandLimitMs: 2500,
  /**
   * Loopback has no distance: the peer looks at a reply only after this, as if it were that far away. On a real
   * network, too, a reset overtakes what the peer has not read yet.
   */
  distanceMs: 20,
  /** A socket that has not closed after this counts as open. */
  openAfterMs: 3500,
  /** The peer sees "nothing" if nothing comes for this long after the closing side is done. */
  peerPatienceMs: 2000,
} as const;

/** A single run takes at most this long, else something is broken. */
export const runLimitMs = 15_000;
/** The whole lab, likewise. */
export const labLimitMs = 55_000;

/** Strategies at a time. Each is two processes that mostly wait; more would show up as event-loop stalls. */
export const lanes = 2;
