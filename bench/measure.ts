// Rounds side by side, their medians, CPU time and the event loop's delay.
import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

/** The value below which the given share of the numbers lies; 0.5 is the median. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  return sorted[below]! + (sorted[Math.ceil(place)]! - sorted[below]!) * (place - below);
}

export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** One number per round, of each variant. */
export type Rounds<Name extends string, Result> = Record<Name, Result[]>;

export interface RoundOptions {
  readonly rounds: number;
  readonly warmups: number;
  readonly signal: AbortSignal;
}

/**
 * Runs every variant in every round, in an order that turns around each time, so that whatever else the machine
 * does meets all of them alike. The warm-up rounds are thrown away.
 */
export async function interleave<Name extends string, Result>(
  variants: Record<Name, () => Result | Promise<Result>>,
  { rounds, warmups, signal }: RoundOptions,
): Promise<Rounds<Name, Result>> {
  const names = Object.keys(variants) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as Result[]])) as Rounds<Name, Result>;
  for (let round = -warmups; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      signal.throwIfAborted();
      const result = await variants[name]();
      if (round >= 0) results[name].push(result);
    }
  }
  return results;
}

/** The median of the ratios of the rounds: what slows a whole round down cancels out. */
export function medianRatio(values: readonly number[], baselines: readonly number[]): number {
  return median(values.map((value, round) => value / baselines[round]!));
}

/** Milliseconds of CPU that this process has used, in all of its threads. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Clock ticks per second in /proc: USER_HZ, which is 100 on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** Milliseconds of CPU of another process, in all of its threads; proc(5). Its step is 10 ms. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

export function threads(): number {
  return readdirSync('/proc/self/task').length;
}

/** How late the event loop is, as Node measures it by a timer. */
export class LoopDelay {
  private readonly histogram: IntervalHistogram;

  /** The finer the resolution, the more CPU the measurement itself takes: some 5 us per interval. */
  constructor(private readonly resolutionMs: number) {
    this.histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    this.histogram.enable();
  }

  /** The longest delay since the start, in ms. */
  stop(): number {
    this.histogram.disable();
    // The histogram has the time from one call to the next, the interval itself included.
    return Math.max(0, this.histogram.max / 1e6 - this.resolutionMs);
  }
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
