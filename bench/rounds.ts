// Rounds -> row.
import { median, medianRatio } from './measure.js';
import { makeRow, type Bar, type Row, type Unit } from './report.js';

/** What the rounds gave, each variant as its median, their ratio as the median of the rounds' ratios. */
export function compare(what: string, unit: Unit, values: readonly number[], baselines: readonly number[], bar: Bar | null = null): Row {
  return makeRow({
    what,
    unit,
    value: median(values),
    baseline: median(baselines),
    ratio: medianRatio(values, baselines),
    bar,
    rounds: { values, baselines },
  });
}
