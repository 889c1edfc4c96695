// The table for people, 80 columns at most.
import { clientNames, describeCombination, serverNames, type CombinationResult, type ServerName } from './combination.js';
import { linkNames, linkTitles, type LinkName } from './link.js';
import type { ProofReport } from './proof.js';
import { replySizes } from './reply.js';

const sizeTexts: Record<(typeof replySizes)[number], string> = { 200: '200 B', 300_000: '300 kB', 2_000_000: '2 MB' };

/** "12": complete answers. "3+17": as many more have reached the client's socket. "0w": see the legend. */
function countText({ complete, reached, isStuck }: CombinationResult): string {
  const unread = (reached ?? complete) - complete;
  return `${complete}${unread > 0 ? `+${unread}` : ''}${isStuck ? 'w' : ''}`;
}

function cellText(results: readonly CombinationResult[], server: ServerName): string {
  const texts = [false, true].map((lingers) => {
    const result = results.find((one) => one.server === server && one.lingers === lingers);
    return result === undefined ? '' : countText(result);
  });
  return server === 'nginx' ? texts[1]! : texts.join('|');
}

function line(label: readonly [string, string, string], cells: readonly string[]): string {
  const [client, size, scheme] = label;
  const columns = cells.map((text) => text.padStart(9)).join('');
  return `${client.padEnd(9)} ${size.padStart(6)} ${scheme.padEnd(5)} ${columns}`.trimEnd();
}

function renderLink(link: LinkName, results: readonly CombinationResult[]): string[] {
  const ofLink = results.filter((result) => result.link === link);
  if (ofLink.length === 0) return [];
  const servers = serverNames.filter((server) => ofLink.some((result) => result.server === server));
  const lines = ['', linkTitles[link], line(['client', 'answer', ''], servers)];
  for (const client of clientNames) {
    for (const size of replySizes) {
      for (const scheme of ['http', 'https'] as const) {
        const ofRow = ofLink.filter((one) => one.client === client && one.replyBytes === size && one.scheme === scheme);
        const cells = servers.map((server) => cellText(ofRow, server));
        if (ofRow.length > 0) lines.push(line([client, sizeTexts[size], scheme], cells));
      }
    }
  }
  return lines;
}

function sum(results: readonly CombinationResult[], value: (result: CombinationResult) => number): number {
  return results.reduce((total, result) => total + value(result), 0);
}

function renderTotal(title: string, results: readonly CombinationResult[]): string[] {
  if (results.length === 0) return [];
  const complete = sum(results, (result) => result.complete);
  const tries = sum(results, (result) => result.tries);
  const onClose = sum(results, ({ counters }) => counters.abortOnClose);
  const onData = sum(results, ({ counters }) => counters.abortOnData);
  const resets = sum(results, ({ counters }) => counters.outRsts);
  return [`${title}: ${complete} of ${tries} complete; AbortOnClose ${onClose}, AbortOnData ${onData}, OutRsts ${resets}`];
}

export function renderProof({ node, startedAt, durationMs, tries, results, skipped }: ProofReport): string {
  const ours = results.filter(({ server, lingers }) => server !== 'nginx' && lingers);
  const bare = results.filter(({ lingers }) => !lingers);
  const lost = ours.filter(({ losses }) => losses.length > 0);
  const lines = [
    `Complete answers of ${tries}, without us|with us, to an upload of 100 MB.`,
    `Node ${node}, ${startedAt.slice(0, 16).replace('T', ' ')} UTC, ${Math.round(durationMs / 1000)} s`,
    ...linkNames.flatMap((link) => renderLink(link, results)),
    '',
    'n+m: m more have reached the socket of a client that has not read them.',
    'nw: tried no further, client and server wait for each other.',
    ...renderTotal('Without us', bare),
    ...renderTotal('With us', ours),
    ...renderTotal('nginx', results.filter(({ server }) => server === 'nginx')),
    ...lost.flatMap((result) => [`${describeCombination(result)}:`, ...result.losses.map((text) => `  ${text}`)]),
    ...skipped.map((text) => `Left out: ${text}`),
  ];
  return `${lines.join('\n')}\n`;
}
