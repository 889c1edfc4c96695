// What runs inside the namespace: `node scenarios.js NAME` prints { result, counters } as JSON.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import net from 'node:net';

import { lingerClose, pendingBytes, resetClose, setLinger, shutdown, shutdownWrite, type LingerResult } from 'socket-linger';

import { readAbortCounters, type AbortCounters } from './namespace.js';
import { closed, closeTracked, connectPair, payload, readAll, silence, sleep, until, type Family, type Pair } from './pair.js';

/** What the peer got of what was sent. */
export interface Delivery {
  complete: boolean;
  /** The peer has a proper start of it, at least. */
  prefix: boolean;
  receivedBytes: number;
  sentBytes: number;
  saw: string;
  lingered?: LingerResult;
}

type Close = (near: net.Socket) => unknown;

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

const answer = payload(1_000_000);

/**
 * Writes the answer, closes by `close` in the situation that `prepare` makes, and has the peer read only then.
 * `late`: what the peer still sends after the close.
 */
async function deliver(close: Close, prepare: (pair: Pair) => Promise<void>, late?: Buffer): Promise<Delivery> {
  const pair = await connectPair({ farSilent: true });
  const { near, far } = pair;
  near.on('error', () => undefined);
  await prepare(pair);
  near.write(answer);
  await until('the kernel has the answer', () => near.writableLength === 0);
  const closing = close(near);
  await sleep(50);
  if (late) far.write(late);
  await sleep(50);
  const { data, saw } = await readAll(far);
  if (!far.destroyed) far.end();
  const lingered = (await closing) as LingerResult | undefined;
  await closed(near);
  return {
    complete: digest(data) === digest(answer),
    prefix: digest(data) === digest(answer.subarray(0, data.length)),
    receivedBytes: data.length,
    sentBytes: answer.length,
    saw,
    ...(lingered ? { lingered } : {}),
  };
}

const nothing = (): Promise<void> => Promise.resolve();

async function unreadInput({ near, far }: Pair): Promise<void> {
  silence(near);
  far.write(payload(1000));
  await until('it has arrived', () => pendingBytes(near).unread === 1000);
}

async function unreadInputAndFin(pair: Pair): Promise<void> {
  silence(pair.near);
  pair.far.end(payload(1000));
  await until('it has arrived', () => pendingBytes(pair.near).unread === 1000);
}

const destroy: Close = (near) => void near.destroy();
const halfCloseAndDestroy: Close = (near) => {
  shutdown(near, 'write');
  near.destroy();
};
const late = Buffer.from('late');

async function vanished(): Promise<Delivery> {
  const { near, far } = await connectPair({ farSilent: true });
  near.on('error', () => undefined);
  near.write('before');
  await until('it is acknowledged', () => pendingBytes(near).unacked === 0);
  dropPackets('drop');
  near.write(payload(50_000));
  const lingered = await lingerClose(near, { idleTimeout: 400 });
  execFileSync('nft', ['delete', 'table', 'inet', 'drops']);
  silence(far);
  return { complete: false, prefix: true, receivedBytes: pendingBytes(far).unread ?? 0, sentBytes: 50_006, saw: '', lingered };
}

/** Drops on the way in: dropped on the way out, the sender gets an error of its own and waits for probes that back off. */
function dropPackets(rule: string): void {
  execFileSync('nft', ['add', 'table', 'inet', 'drops']);
  execFileSync('nft', ['add', 'chain', 'inet', 'drops', 'in', '{ type filter hook input priority 0; }']);
  execFileSync('nft', ['add', 'rule', 'inet', 'drops', 'in', 'meta', 'l4proto', 'tcp', ...rule.split(' ')]);
}

async function withLoss(close: Close): Promise<Delivery> {
  return deliver(close, (pair) => {
    // Not before: a handshake that has to be repeated counts as a round trip of seconds, and so does each timer after it.
    dropPackets('numgen random mod 100 < 10 drop');
    return unreadInput(pair);
  });
}

async function reset(family: Family, ended: boolean): Promise<null> {
  const { near, far } = await connectPair({ family });
  far.on('error', () => undefined);
  if (ended) await shutdownWrite(near);
  await resetClose(near);
  await until('the peer knows', () => far.destroyed || far.readableEnded);
  return null;
}

/** The rows of FACTS' table "Why bytes get lost", each with the bare close and with lingerClose. */
const scenarios: Record<string, () => Promise<unknown>> = {
  'unread: close': () => deliver(destroy, unreadInput),
  'unread: SHUT_WR, close': () => deliver(halfCloseAndDestroy, unreadInput),
  'unread and FIN: close': () => deliver(destroy, unreadInputAndFin),
  'drained: SHUT_WR, close': () => deliver(halfCloseAndDestroy, nothing),
  'drained: SHUT_WR, close, late input': () => deliver(halfCloseAndDestroy, nothing, late),
  'linger 0: close': () =>
    deliver((near) => {
      setLinger(near, 0);
      near.destroy();
    }, nothing),
  'unread: lingerClose': () => deliver(lingerClose, unreadInput),
  'unread and FIN: lingerClose': () => deliver(lingerClose, unreadInputAndFin),
  'drained: lingerClose': () => deliver(lingerClose, nothing),
  'drained: lingerClose, late input': () => deliver(lingerClose, nothing, late),
  'unread: lingerClose until acked': () => deliver((near) => lingerClose(near, { until: 'acked' }), unreadInput),
  'unread: setLinger(30), destroy': () =>
    deliver((near) => {
      setLinger(near, 30);
      near.destroy();
    }, unreadInput),
  // Retransmissions back off: at this loss rate more than the default five idle seconds now and then.
  'packet loss: lingerClose': () => withLoss((near) => lingerClose(near, { idleTimeout: 30_000 })),
  'packets dropped: lingerClose': vanished,
};
for (const family of ['ipv4', 'tls1.2', 'tls1.3'] as const) {
  scenarios[`resetClose, ${family}`] = () => reset(family, false);
  scenarios[`end, resetClose, ${family}`] = () => reset(family, true);
}

const scenario = scenarios[process.argv[2] ?? ''];
if (scenario === undefined) throw new Error(`no scenario ${process.argv[2]}`);
const before = readAbortCounters();
const result = await scenario();
await sleep(50); // a reset that a straggler provokes
const after = readAbortCounters();
await closeTracked();
const counters: AbortCounters = {
  abortOnClose: after.abortOnClose - before.abortOnClose,
  abortOnData: after.abortOnData - before.abortOnData,
  outRsts: after.outRsts - before.outRsts,
};
console.log(JSON.stringify({ result, counters }));
