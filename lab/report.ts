// The report: one self-contained page, without scripts, that explains itself.
import { chartPatterns, deliveredChart, stallChart } from './charts.js';
import { markup, Markup } from './markup.js';
import { isComplete, resultsOf, type LabOutcome, type LabResult } from './outcome.js';
import { styles } from './report-styles.js';
import {
  closeText,
  conclusions,
  footnotes,
  leftOpen,
  list,
  lossMark,
  milliseconds,
  percent,
  sawText,
  verdictText,
  worstStalls,
} from './wording.js';

const bytes = new Intl.NumberFormat('en');

function stallCell(ms: number): Markup {
  return markup`<td class="number${ms < 100 ? '' : ' bad'}">${milliseconds(ms)}</td>`;
}

function glance(outcome: LabOutcome): Markup {
  const open = leftOpen(outcome);
  const stalls = worstStalls(outcome);
  const cell = (result: LabResult): Markup => {
    const kind = isComplete(result) ? 'whole' : lossMark(result) === '' ? 'cut' : 'lost';
    const mark = kind === 'lost' ? markup`<b>${lossMark(result)}</b>` : '';
    const honest = result.verdict.delivered === false ? markup`<small>and said so</small>` : '';
    return markup`<td class="${kind}">${percent(result)}${mark}${honest}</td>`;
  };
  const row = ({ id, label }: LabOutcome['strategies'][number], index: number): Markup => {
    const own = outcome.results.filter(({ strategy }) => strategy === id);
    const times = open[index]!.situations.length;
    return markup`<tr${id === 'linger-close' ? markup` class="own"` : ''}><th scope="row"><code>${label}</code></th>
${own.map(cell)}<td class="number${times === 0 ? '' : ' bad'}">${times === 0 ? '-' : `${times}x`}</td>${stallCell(stalls[index]!.result.longestStallMs)}</tr>`;
  };
  return markup`<div class="scroll" role="region" tabindex="0" aria-labelledby="glance">
<table class="glance">
<thead><tr><th scope="col">strategy</th>${outcome.situations.map(({ title }) => markup`<th scope="col">${title}</th>`)}
<th scope="col" class="number">left open</th><th scope="col" class="number">longest stall, ms</th></tr></thead>
<tbody>
${outcome.strategies.map(row)}
</tbody></table></div>`;
}

/** The bars alone would make end() the winner. */
function whyNotEnd(outcome: LabOutcome): Markup {
  const open = leftOpen(outcome).filter(({ situations }) => situations.length > 0);
  if (open.length === 0) return markup``;
  const names = open.map(({ label, situations }) => markup`<li><code>${label}</code>: ${list(situations)}</li>`);
  return markup`<aside><h3>Delivered, but never closed</h3>
<p>Full bars are not all. These were still open after ${outcome.settings.openAfterMs / 1000} s: they wait without any limit, for the
peer or for the application to read on. Each keeps its descriptor and its memory.</p>
<ul>${names}</ul></aside>`;
}

function panel(outcome: LabOutcome, situation: LabOutcome['situations'][number]): Markup {
  return markup`<figure><figcaption><h3>${situation.title}</h3><p>${situation.explanation}</p></figcaption>
${deliveredChart(outcome, situation)}</figure>`;
}

function fullTable(outcome: LabOutcome): Markup {
  const label = (id: string): string => outcome.strategies.find((strategy) => strategy.id === id)?.label ?? id;
  const row = (result: LabResult): Markup => markup`<tr${result.strategy === 'linger-close' ? markup` class="own"` : ''}>
<th scope="row"><code>${label(result.strategy)}</code></th><td class="number">${bytes.format(result.receivedBytes)}</td>
<td class="number">${percent(result)}</td><td class="mark">${lossMark(result)}</td><td>${sawText(result)}</td><td>${verdictText(result)}</td>
<td class="number">${closeText(result, outcome)}</td>
${stallCell(result.longestStallMs)}</tr>`;
  const group = ({ id, title }: LabOutcome['situations'][number]): Markup => {
    const results = resultsOf(outcome, id);
    return markup`<tbody>
<tr><th class="group" colspan="8" scope="rowgroup">${title} <span>${bytes.format(results[0]?.sentBytes ?? 0)} bytes sent</span></th></tr>
${results.map(row)}
</tbody>`;
  };
  return markup`<div class="scroll" role="region" tabindex="0" aria-labelledby="numbers">
<table class="full">
<thead><tr><th scope="col">strategy</th><th scope="col" class="number">bytes arrived</th><th scope="col" class="number">share</th>
<th scope="col"><span class="unseen">loss</span></th><th scope="col">peer saw</th><th scope="col">verdict</th>
<th scope="col" class="number">close, ms</th><th scope="col" class="number">stall, ms</th></tr></thead>
${outcome.situations.map(group)}
</table></div>`;
}

export function renderReport(outcome: LabOutcome): string {
  const { node, platform, arch, kernel, startedAt, durationMs, settings } = outcome;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Close lab: which bytes survive the close of a socket</title>
<style>${new Markup(styles)}</style>
</head>
<body>
${chartPatterns()}
<main>
<h1>Which bytes survive the close of a socket?</h1>
<p class="lead">A server writes its reply and closes the connection. Has the client got the reply? Often not: a close can
throw away what the client has not fetched yet, and nobody tells the server. Here, ${outcome.strategies.length}
ways to close a TCP socket in Node.js were tried in ${outcome.situations.length} situations, on real connections with the
client in a process of its own, and the bytes that arrived were counted. A good close delivers everything, comes to an
end by itself, and does not stop the server's event loop meanwhile.</p>
<div class="finding">${conclusions(outcome).map((text) => markup`<p>${text}</p>`)}</div>

<h2 id="glance">At a glance</h2>
<p>The share of the reply that the peer received, how often the socket was still open after ${settings.openAfterMs / 1000} s, and for how long
the event loop stood still. In the last two situations the peer does not read, or breaks the connection itself: full
delivery can't be expected there, an honest answer can.</p>
${glance(outcome)}

<h2>Bytes delivered</h2>
<ul class="legend">
<li><i class="whole"></i>all of it arrived</li><li><i class="part"></i>the part that arrived</li>
<li><i class="lost"></i>lost by the close</li><li><i class="cut"></i>not delivered: the peer itself broke off</li>
</ul>
<div class="panels">
${outcome.situations.map((situation) => panel(outcome, situation))}
${whyNotEnd(outcome)}
</div>

<h2>Longest event-loop stall</h2>
<div class="beside">
<figure>${stallChart(outcome)}</figure>
<div>
<p>For how long the closing process could do <em>nothing else</em>: no other request, no timer. The worst of each
strategy's ${outcome.situations.length} closes. Every step of the scale is ten times the one before.</p>
<p>The kernel's own linger blocks inside <code>close()</code> until the peer has acknowledged everything, or until its
time is over: ${settings.lingerSeconds} s here, often 30 s in the field. A few milliseconds are the noise of a busy
machine.</p>
</div>
</div>

<h2 id="numbers">All numbers</h2>
<p><b>Bytes arrived</b>: what the peer received, compared byte by byte with what was sent. <b>Peer saw</b>: how the
connection ended for it. <b>Verdict</b>: what <code>lingerClose()</code> returned, its outcome and whether all was
delivered; for the others, how the socket ended. <b>Close</b>: from the call to the socket's end. <b>Stall</b>: the
closing process' longest event-loop stall.</p>
${fullTable(outcome)}
<ul class="notes">
${footnotes(outcome).map((text) => markup`<li>${text}</li>`)}
</ul>

<h2>The strategies</h2>
<dl>
${outcome.strategies.map(({ label, explanation }) => markup`<dt><code>${label}</code></dt><dd>${explanation}</dd>`)}
</dl>
<footer>Node.js ${node}, ${platform} ${arch}, kernel ${kernel}. ${startedAt}, ${outcome.results.length} runs in
${Math.round(durationMs / 1000)} s, on loopback; the peer begins to read ${settings.distanceMs} ms after the close, as if it were
that far away. Made by the close lab of socket-linger.</footer>
</main>
</body>
</html>
`;
  return page.text;
}
