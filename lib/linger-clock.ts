// The time of a linger: what is left of it, and how long a look at the socket can wait. Milliseconds of performance.now().
import type { LingerLimits } from './verdict.js';

const firstPause = 10;
const longestPause = 250;
/** For so long after the beginning looks are frequent: most lingers are over by then. */
const hurriedTime = 100;

export class LingerClock {
  private readonly startedAt = performance.now();
  /** From when `timeout` counts. */
  private countsFrom = this.startedAt;
  private lastProgressAt = this.startedAt;

  constructor(private readonly limits: LingerLimits) {}

  get elapsed(): number {
    return performance.now() - this.startedAt;
  }

  /** `timeout` begins anew. */
  restart(now = performance.now()): void {
    this.countsFrom = now;
  }

  noteProgress(now = performance.now()): void {
    this.lastProgressAt = now;
  }

  idle(now: number): number {
    return now - this.lastProgressAt;
  }

  /** Of `timeout`. */
  left(now: number): number {
    return this.limits.timeout - (now - this.countsFrom);
  }

  limitReached(now: number): 'timeout' | 'idle-timeout' | undefined {
    if (this.left(now) <= 0) return 'timeout';
    return this.idle(now) >= this.limits.idleTimeout ? 'idle-timeout' : undefined;
  }

  untilLimit(now: number): number {
    return Math.min(this.left(now), this.limits.idleTimeout - this.idle(now));
  }

  /** How long a socket is left to libuv before anybody looks, or it is handed over. */
  get firstPause(): number {
    return Math.min(firstPause, this.limits.timeout, this.limits.idleTimeout);
  }

  /** Until the next look where nobody tells us: longer the longer nothing has moved. */
  pause(now: number, isUrgent: boolean): number {
    const isHurried = isUrgent || now - this.startedAt < hurriedTime;
    return Math.min(longestPause, Math.max(isHurried ? 1 : 5, this.idle(now) / 4));
  }
}
