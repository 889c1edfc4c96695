// What a benchmark finds out, as --json prints it and as the table shows it.
import os from 'node:os';

export type Unit = 'ns' | 'us' | 'ms' | 'ms/GB' | 'bytes' | '% of a core' | '/s';

export interface Bar {
  /** What is held against the limit. */
  readonly of: 'ratio' | 'value';
  readonly is: '<=' | '<' | '>=' | '>';
  readonly limit: number;
}

export interface Row {
  /** "ours : what it is compared with" */
  readonly what: string;
  readonly unit: Unit;
  readonly value: number;
  /** Of the same unit; null: there is nothing to compare with. */
  readonly baseline: number | null;
  /** The median of the rounds' own ratios, so not exactly value / baseline. */
  readonly ratio: number | null;
  readonly bar: Bar | null;
  /** null: there is no bar. */
  readonly ok: boolean | null;
  /** Every round's numbers, where there is more than one. */
  readonly rounds?: { readonly values: readonly number[]; readonly baselines: readonly number[] };
}

export interface BenchmarkReport {
  readonly name: string;
  readonly title: string;
  readonly rows: readonly Row[];
  /** What was left out and why, and what else has to be known. */
  readonly notes: readonly string[];
  readonly durationMs: number;
}

/** The object that `--json` prints. */
export interface BenchReport {
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly quick: boolean;
  readonly benchmarks: readonly BenchmarkReport[];
}

function meets({ of, is, limit }: Bar, value: number, ratio: number | null): boolean {
  const number = of === 'value' ? value : (ratio ?? NaN);
  switch (is) {
    case '<=':
      return number <= limit;
    case '<':
      return number < limit;
    case '>=':
      return number >= limit;
    case '>':
      return number > limit;
  }
}

export function makeRow(row: Omit<Row, 'ok'>): Row {
  return { ...row, ok: row.bar === null ? null : meets(row.bar, row.value, row.ratio) };
}

/** A row without rounds, or without a baseline. */
export function plainRow(what: string, unit: Unit, value: number, baseline: number | null = null, bar: Bar | null = null): Row {
  const ratio = baseline === null ? null : value / baseline;
  return makeRow({ what, unit, value, baseline, ratio, bar });
}

export function makeReport(benchmarks: readonly BenchmarkReport[], startedAt: Date, quick: boolean): BenchReport {
  const cpus = os.cpus();
  return {
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    kernel: os.release(),
    cpu: cpus[0]?.model ?? 'unknown',
    cpus: cpus.length,
    startedAt: startedAt.toISOString(),
    quick,
    benchmarks,
  };
}
