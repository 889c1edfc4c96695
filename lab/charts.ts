// The report's charts: plain SVG, coloured by the page's style sheet.
import { markup, type Markup } from './markup.js';
import { isComplete, isLost, resultsOf, type LabOutcome, type LabResult } from './outcome.js';
import { lossMark, milliseconds, percent, worstStalls } from './wording.js';

// In the units of a view box that is about as wide as a chart is on the page.
const chartWidth = 400;
const rowHeight = 25;
const barHeight = 13;
const barX = 152;

function chart(id: string, title: string, description: string, height: number, content: Markup): Markup {
  return markup`<svg viewBox="0 0 ${chartWidth} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title>
<desc id="${id}-desc">${description}</desc>
${content}
</svg>`;
}

/** The pattern of what did not arrive, once for all charts of a page: it reads without colour as well. */
export function chartPatterns(): Markup {
  const hatch = (id: string): Markup =>
    markup`<pattern id="${id}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="${id}-ground" width="5" height="5"/><rect class="${id}-line" width="2" height="5"/></pattern>`;
  return markup`<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>
${[hatch('lost'), hatch('cut')]}
</defs></svg>`;
}

function rowLabel(text: string, y: number): Markup {
  const own = text === 'lingerClose()' ? ' own' : '';
  return markup`<text class="label${own}" x="${barX - 8}" y="${y + 10.5}" text-anchor="end">${text}</text>`;
}

/** How much of the reply arrived, one bar per strategy. */
export function deliveredChart(outcome: LabOutcome, situation: LabOutcome['situations'][number]): Markup {
  const fullWidth = 158;
  const results = resultsOf(outcome, situation.id);
  const labels = outcome.strategies.map(({ label }) => label);
  const bar = (result: LabResult, index: number): Markup => {
    const y = 4 + index * rowHeight;
    const share = Math.min(1, result.receivedBytes / result.sentBytes);
    const got = Math.round(fullWidth * share * 10) / 10;
    const rest = isLost(result) ? 'lost' : 'cut';
    return markup`${rowLabel(labels[index]!, y)}
<rect class="${isComplete(result) ? 'whole' : 'part'}" x="${barX}" y="${y}" width="${got}" height="${barHeight}"/>
<rect class="${rest}" x="${barX + got}" y="${y}" width="${fullWidth - got}" height="${barHeight}"/>
<text class="value" x="${barX + fullWidth + 42}" y="${y + 10.5}" text-anchor="end">${percent(result)}</text>
<text class="mark" x="${chartWidth}" y="${y + 10.5}" text-anchor="end">${lossMark(result)}</text>`;
  };
  const spoken = results.map((result, index) => `${labels[index]}: ${percent(result)} ${lossMark(result)}`.trim()).join('; ');
  return chart(
    `delivered-${situation.id}`,
    `Bytes delivered, ${situation.title}`,
    spoken,
    results.length * rowHeight,
    markup`${results.map(bar)}`,
  );
}

/** Each strategy's worst event-loop stall, on a logarithmic scale: from 1 ms (shorter ones are a thin line) to 10 s. */
export function stallChart(outcome: LabOutcome): Markup {
  const [lowest, highest] = [1, 10_000];
  const fullWidth = 188;
  const worst = worstStalls(outcome);
  const top = 20;
  const bottom = top + worst.length * rowHeight;
  const scale = (ms: number): number => {
    const clipped = Math.min(highest, Math.max(lowest, ms));
    return Math.round((Math.log(clipped / lowest) / Math.log(highest / lowest)) * fullWidth * 10) / 10;
  };
  const tick = (ms: number): Markup =>
    markup`<line class="grid" x1="${barX + scale(ms)}" x2="${barX + scale(ms)}" y1="${top - 4}" y2="${bottom - 6}"/>
<text class="tick" x="${barX + scale(ms)}" y="11" text-anchor="middle">${ms < 1000 ? `${ms} ms` : `${ms / 1000} s`}</text>`;
  const bar = ({ label, result: { longestStallMs: ms } }: (typeof worst)[number], index: number): Markup => {
    const y = top + 2 + index * rowHeight;
    return markup`${rowLabel(label, y)}
<rect class="${ms < 100 ? 'whole' : 'stalled'}" x="${barX}" y="${y}" width="${Math.max(1.5, scale(ms))}" height="${barHeight}"/>
<text class="value${ms < 100 ? '' : ' bad'}" x="${chartWidth}" y="${y + 10.5}" text-anchor="end">${milliseconds(ms)} ms</text>`;
  };
  return chart(
    'stall',
    'Longest event-loop stall of each strategy, logarithmic scale',
    worst.map(({ label, result }) => `${label}: ${milliseconds(result.longestStallMs)} ms`).join('; '),
    bottom,
    markup`${[1, 10, 100, 1000].map(tick)}
${worst.map(bar)}`,
  );
}
