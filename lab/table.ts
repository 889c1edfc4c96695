// The table for people, 80 columns wide.
import { styleText } from 'node:util';

import { wrap } from '../cli/wrap.js';
import { isComplete, resultsOf, type LabOutcome, type LabResult } from './outcome.js';
import { closeText, conclusions, footnotes, lossMark, milliseconds, percent, sawText, verdictText } from './wording.js';

const width = 79;

type Style = Parameters<typeof styleText>[0];

interface Column {
  readonly head: string;
  readonly width: number;
  readonly right?: boolean;
  readonly text: (result: LabResult, outcome: LabOutcome) => string;
  readonly style?: (result: LabResult) => Style | undefined;
}

const columns: readonly Column[] = [
  {
    head: 'strategy',
    width: 20,
    text: ({ strategy }, { strategies }) => strategies.find(({ id }) => id === strategy)?.label ?? strategy,
    style: ({ strategy }) => (strategy === 'linger-close' ? 'bold' : undefined),
  },
  { head: 'arrived', width: 7, right: true, text: ({ receivedBytes }) => String(receivedBytes) },
  {
    head: '',
    width: 4,
    right: true,
    text: percent,
    style: (result) => (isComplete(result) ? 'green' : undefined),
  },
  { head: '', width: 4, text: lossMark, style: () => ['bold', 'red'] },
  { head: 'peer saw', width: 10, text: sawText },
  { head: 'verdict', width: 16, text: verdictText },
  { head: 'close', width: 5, right: true, text: closeText },
  {
    head: 'stall',
    width: 5,
    right: true,
    text: ({ longestStallMs }) => milliseconds(longestStallMs),
    style: ({ longestStallMs }) => (longestStallMs >= 100 ? ['bold', 'red'] : undefined),
  },
];

/** With `colour`, the same text with escape sequences around parts of it. */
export function renderTable(outcome: LabOutcome, colour: boolean): string {
  const paint = (style: Style | undefined, text: string): string =>
    // validateStream would look at stdout, whatever was asked for
    colour && style !== undefined && text.trim() !== '' ? styleText(style, text, { validateStream: false }) : text;
  const pad = (text: string, column: Column): string => {
    const cut = text.slice(0, column.width);
    return column.right === true ? cut.padStart(column.width) : cut.padEnd(column.width);
  };
  const head = columns.map((column) => pad(column.head, column)).join(' ');

  const lines = [
    ...wrap(
      'arrived: bytes that the peer got, and their share of those sent. verdict: what lingerClose() returned (outcome, ' +
        'delivered?); of the others, how the socket ended. close: from the call to the close, ms. stall: how long the ' +
        "closing process' event loop stood still at the longest, ms.",
      width,
    ),
    '',
    paint('bold', head),
  ];
  for (const { id, title, explanation } of outcome.situations) {
    const results = resultsOf(outcome, id);
    lines.push('', paint('bold', `${title.toUpperCase()}: ${results[0]?.sentBytes} bytes sent`), ...wrap(explanation, width));
    for (const result of results) {
      const cells = columns.map((column) => paint(column.style?.(result), pad(column.text(result, outcome), column)));
      lines.push(cells.join(' ').trimEnd());
    }
  }
  lines.push('');
  for (const text of conclusions(outcome)) lines.push(...wrap(text, width));
  lines.push('');
  for (const text of footnotes(outcome)) lines.push(...wrap(text, width, '  '));
  return `${lines.join('\n')}\n`;
}
