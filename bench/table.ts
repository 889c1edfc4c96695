// The table for people, 79 columns wide.
import type { Bar, BenchmarkReport, BenchReport, Row } from './report.js';

const width = 79;

interface Column {
  readonly head: string;
  readonly width: number;
  readonly left?: boolean;
  readonly text: (row: Row) => string;
}

function amount(number: number | null): string {
  if (number === null) return '';
  if (!Number.isFinite(number)) return '?';
  const digits = Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : Math.abs(number) >= 1 ? 2 : 3;
  return number.toFixed(digits);
}

function barText({ of, is, limit }: Bar): string {
  return of === 'ratio' ? `${is} ${limit.toFixed(2)}` : `v ${is} ${limit}`;
}

const columns: readonly Column[] = [
  { head: 'what : compared with', width: 37, left: true, text: ({ what }) => what },
  { head: 'value', width: 7, text: ({ value }) => amount(value) },
  { head: 'compared', width: 8, text: ({ baseline }) => amount(baseline) },
  { head: 'ratio', width: 6, text: ({ ratio }) => (ratio === null ? '' : ratio.toFixed(ratio < 0.1 ? 3 : 2)) },
  { head: 'bar', width: 8, text: ({ bar }) => (bar === null ? '' : barText(bar)) },
  { head: 'ok?', width: 3, text: ({ ok }) => (ok === null ? '' : ok ? 'yes' : 'NO') },
];

function wrap(text: string, first: string, rest = first): string[] {
  const lines = [first];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    const longer = line === first || line === rest ? line + word : `${line} ${word}`;
    if (longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(rest + word);
  }
  return lines;
}

function line(cell: (column: Column) => string): string {
  return columns
    .map((column) => (column.left === true ? cell(column).slice(0, column.width).padEnd(column.width) : cell(column).padStart(column.width)))
    .join(' ')
    .trimEnd();
}

/** One benchmark; rows of a unit stand together. */
export function renderBenchmark({ name, title, rows, notes, durationMs }: BenchmarkReport): string {
  const lines = ['', ...wrap(`${name.toUpperCase()}: ${title} (${Math.round(durationMs / 1000)} s)`, '')];
  let unit: string | undefined;
  for (const row of rows) {
    if (row.unit !== unit) lines.push(`  [${row.unit}]`);
    ({ unit } = row);
    lines.push(line(({ text }) => text(row)));
  }
  for (const note of notes) lines.push(...wrap(note, '  * ', '    '));
  return `${lines.join('\n')}\n`;
}

export function renderHead({ node, platform, arch, kernel, cpu, cpus, startedAt, quick }: BenchReport): string {
  const where = `Node ${node}, ${platform} ${kernel} ${arch}, ${cpus} x ${cpu}, ${startedAt.slice(0, 16).replace('T', ' ')} UTC`;
  const explained =
    'Medians; ratio: median of the rounds of value / compared. A bar is about the ratio, or (v) about the value.' +
    (quick ? ' --quick: short runs, rough numbers.' : '');
  return `${[...wrap(where, ''), ...wrap(explained, ''), '', line(({ head }) => head)].join('\n')}\n`;
}
