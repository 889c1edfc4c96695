// How long the event loop stood still.

const intervalMs = 1;

/** Asks to be called every millisecond, and notes by how much that came too late. */
export class StallMeter {
  private longestMs = 0;
  private lastAt = performance.now();
  private timer: NodeJS.Timeout = setTimeout(this.tick.bind(this), intervalMs);

  /** For how long nothing else could run, at the longest, since the meter was made. */
  stop(): number {
    clearTimeout(this.timer);
    this.note();
    return this.longestMs;
  }

  private tick(): void {
    this.note();
    this.timer = setTimeout(this.tick.bind(this), intervalMs);
  }

  private note(): void {
    const now = performance.now();
    this.longestMs = Math.max(this.longestMs, now - this.lastAt - intervalMs);
    this.lastAt = now;
  }
}
