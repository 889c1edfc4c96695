// How results are put into words; the table and the report say the same.
import { isComplete, isLost, systemError, type LabOutcome, type LabResult } from './outcome.js';

/** Never rounded up to "100%", nor down to "0%". */
export function percent({ receivedBytes, sentBytes }: LabResult): string {
  if (receivedBytes === 0) return '0%';
  return `${Math.max(1, Math.floor((receivedBytes / sentBytes) * 100))}%`;
}

export function lossMark(result: LabResult): string {
  if (!result.intact) return 'BAD';
  return isLost(result) ? 'LOST' : '';
}

export function sawText({ peerSaw }: LabResult): string {
  if (peerSaw.kind === 'own-reset') return 'it reset';
  return peerSaw.kind === 'error' ? (peerSaw.code ?? 'error') : peerSaw.kind;
}

const answers = new Map<boolean | null, string>([
  [true, 'yes'],
  [false, 'no'],
  [null, '?'],
]);

/** Of lingerClose(): the outcome, and whether it says that all was delivered. Of the others: how they ended. */
export function verdictText({ verdict: { outcome, delivered, errorCode } }: LabResult): string {
  if (delivered !== undefined) return `${outcome}, ${answers.get(delivered)}`;
  if (outcome === 'gave-up') return 'gave up';
  return outcome === 'closed' && errorCode !== undefined ? errorCode : outcome;
}

export function milliseconds(ms: number): string {
  return ms < 9.95 ? ms.toFixed(1) : String(Math.round(ms));
}

export function closeText({ closeMs }: LabResult, { settings }: LabOutcome): string {
  return closeMs === null ? `>${settings.openAfterMs}` : milliseconds(closeMs);
}

/** The strategies' worst stalls, in their order. */
export function worstStalls({ strategies, results }: LabOutcome): { label: string; result: LabResult }[] {
  return strategies.map(({ id, label }) => {
    const own = results.filter(({ strategy }) => strategy === id);
    return { label, result: own.reduce((worst, one) => (one.longestStallMs > worst.longestStallMs ? one : worst)) };
  });
}

/** The situations that left the strategy's socket open until the lab stopped waiting: in the order of strategies. */
export function leftOpen({ strategies, situations, results }: LabOutcome): { label: string; situations: string[] }[] {
  return strategies.map(({ id, label }) => {
    const open = results.filter(({ strategy, verdict }) => strategy === id && verdict.outcome === 'open');
    const titles = open.map((result) => situations.find((situation) => situation.id === result.situation)?.title ?? '');
    return { label, situations: titles };
  });
}

export function list(words: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'conjunction' }).format(words);
}

/** What to read out of the numbers, two sentences. Made from them: if they are bad, it says so. */
export function conclusions(outcome: LabOutcome): string[] {
  const { strategies, situations, results } = outcome;
  const fair = new Set(situations.filter(({ deliverable }) => deliverable).map(({ id }) => id));
  const lossesOf = (id: string): LabResult[] =>
    results.filter((result) => result.strategy === id && fair.has(result.situation) && !isComplete(result));
  const stallOf = (id: string): string => {
    const stalls = results.filter(({ strategy }) => strategy === id).map(({ longestStallMs }) => longestStallMs);
    return `${milliseconds(Math.max(...stalls))} ms`;
  };
  const own = lossesOf('linger-close');
  const kept = own.length === 0 ? 'every byte' : `not every byte (${own.map(({ situation }) => situation).join(', ')})`;
  const losers = strategies
    .filter(({ id }) => id !== 'linger-close')
    .map(({ id, label }) => ({ label, count: lossesOf(id).length }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .map(({ label, count }) => `${label} in ${count}`);
  const open = leftOpen(outcome).filter(({ situations: titles }) => titles.length > 0);
  const openers = open.map(({ label, situations: titles }) => `${label} in ${titles.length} of ${situations.length}`);
  return [
    `In the ${fair.size} situations where delivery is possible, lingerClose() delivered ${kept}, and its event loop ` +
      `never stood still for more than ${stallOf('linger-close')}; the bare kernel linger stopped its own for ${stallOf('kernel-linger')}.`,
    (losers.length === 0 ? 'No other strategy lost bytes there' : `Bytes were lost there by ${list(losers)}`) +
      (open.length === 0 ? '.' : `; the socket was left open by ${list(openers)}.`),
  ];
}

/** Whether the peer's Node shows some resets as a plain end: libuv before 1.52 does, after a short read. */
function hidesResets({ node }: LabOutcome): boolean {
  return Number.parseInt(node.slice(1)) < 24;
}

/** What needs an explanation in these results, and no other. */
export function footnotes(outcome: LabOutcome): string[] {
  const { results, settings } = outcome;
  const notes = [];
  const codes = new Set(results.flatMap(({ peerSaw }) => peerSaw.code ?? []));
  const named = [...codes].map((code) => {
    const known = systemError(code);
    if (known === undefined) return code;
    return known.name === code ? `${code} is errno ${known.errno}` : `${code} is ${known.name} ${known.errno}`;
  });
  if (named.length > 0) notes.push(`${named.join(', ')} here.`);
  if (results.some((result) => isLost(result) && result.peerSaw.kind === 'end')) {
    const hidden = hidesResets(outcome) ? ' (Node before 24 also shows some resets as an end.)' : '';
    notes.push(`LOST with 'end' is the worst case: the peer takes the part for the whole.${hidden}`);
  }
  if (results.some(({ verdict }) => verdict.outcome === 'open')) {
    notes.push(`open: not closed after ${settings.openAfterMs / 1000} s; such a close waits without any limit.`);
  }
  return notes;
}
