// 3. Thousands of sockets that linger, with peers that say nothing: CPU, memory, event-loop delay.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

import type { Benchmark, Context, Findings } from './benchmark.js';
import { BenchError, NodeChild } from './child.js';
import { engines, noBackgroundEngine, type Engine } from './engines.js';
import type { HostAnswer, HostRequest, Memory } from './idle-host.js';
import { sleep } from './measure.js';
import { plainRow, type Row } from './report.js';
import type { PeersAnswer, PeersRequest } from './silent-peers.js';

type Host = NodeChild<HostRequest, HostAnswer>;
type Peers = NodeChild<PeersRequest, PeersAnswer>;

/** What a process has open besides, and what an engine may need while it takes over. */
const spareDescriptors = 1000;

function descriptorLimit(pid: number): number {
  // Node has raised its soft limit to the hard one.
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
  return hard === 'unlimited' ? Infinity : Number(hard);
}

/** Raises the processes' limits if they are too low and we may; gives the number of sockets that fit. */
async function makeRoom(wanted: number, pids: readonly number[]): Promise<number> {
  const needed = wanted + spareDescriptors;
  for (const pid of pids) {
    if (descriptorLimit(pid) >= needed) continue;
    await promisify(execFile)('prlimit', [`--pid=${pid}`, `--nofile=${needed}:${needed}`]).catch(() => undefined);
  }
  return Math.min(wanted, ...pids.map((pid) => descriptorLimit(pid) - spareDescriptors));
}

interface Cost {
  readonly cpuPercent: number;
  readonly delayMs: number;
}

interface Sample {
  readonly count: number;
  readonly open: Cost;
  readonly lingering: Cost;
  readonly memory: { readonly before: Memory; readonly open: Memory; readonly lingering: Memory };
}

async function measure(host: Host, peers: Peers, engine: Engine, wanted: number, restMs: number): Promise<Sample> {
  const { port } = await host.ask({ type: 'listen', engine });
  const count = await makeRoom(wanted, [host.pid, peers.pid]);
  const memory = async (): Promise<Memory> => (await host.ask({ type: 'memory' })).memory!;
  const cost = async (ms: number): Promise<Cost> => {
    const { cpuPercent } = await host.ask({ type: 'rest', ms });
    const { delayMs } = await host.ask({ type: 'watch', ms: ms / 4 });
    return { cpuPercent: cpuPercent!, delayMs: delayMs! };
  };
  const before = await memory();
  await peers.ask({ type: 'connect', port: port!, count });
  await host.ask({ type: 'accept', count });
  const openCost = await cost(restMs / 2);
  const open = await memory();
  await host.ask({ type: 'linger' });
  await sleep(1000);
  const lingeringCost = await cost(restMs);
  const lingering = await memory();
  const over = host.ask({ type: 'results' });
  await peers.ask({ type: 'close' });
  const { delivered } = await over;
  if (delivered !== count) throw new BenchError(`${delivered} of ${count} lingered until the peer's FIN`);
  return { count, open: openCost, lingering: lingeringCost, memory: { before, open, lingering } };
}

function makeRows(engine: Engine, { count, open, lingering, memory }: Sample): Row[] {
  const each = (kind: keyof Memory, to: Memory): number => (to[kind] - memory.before[kind]) / count;
  const compareMemory = (what: string, kind: keyof Memory, limit?: number): Row =>
    plainRow(
      `${what}, ${engine} : open`,
      'bytes',
      each(kind, memory.lingering),
      each(kind, memory.open),
      limit === undefined ? null : { of: 'value', is: '<', limit },
    );
  return [
    plainRow(`CPU, ${engine} : open`, '% of a core', lingering.cpuPercent, open.cpuPercent, { of: 'value', is: '<', limit: 1 }),
    plainRow(`loop delay, ${engine} : open`, 'ms', lingering.delayMs, open.delayMs),
    compareMemory('native each', 'native', 1024),
    compareMemory('JS heap each', 'heap'),
    compareMemory('RSS each', 'rss'),
  ];
}

async function run({ quick, say }: Context): Promise<Findings> {
  const available = await engines();
  const wanted = quick ? 1000 : 10_000;
  const restMs = quick ? 5000 : 20_000;
  const rows: Row[] = [];
  const notes = [
    `${wanted} sockets, ${restMs / 1000} s, one round. Open: the same sockets in the same process before lingerClose(). ` +
      "CPU: all threads, V8's memory reducer switched off. The loop delay is measured afterwards, since that takes CPU itself.",
    'Each: memory of the process, less what it had before the first connection, by the number of sockets, after a garbage ' +
      "collection. Native: malloc's bytes in use. The kernel's own memory for a socket is in none of these numbers.",
  ];
  for (const engine of available) {
    say(`${wanted} sockets linger for ${restMs / 1000} s, ${engine} engine`);
    // An idle process has V8 collect garbage some seconds later: more CPU than there is to be measured.
    const host: Host = new NodeChild('./idle-host.js', [], ['--expose-gc', '--no-memory-reducer']);
    const peers: Peers = new NodeChild('./silent-peers.js');
    try {
      const sample = await measure(host, peers, engine, wanted, restMs);
      rows.push(...makeRows(engine, sample));
      if (sample.count < wanted) notes.push(`The limit of descriptors can't be raised here: ${sample.count} sockets only.`);
    } finally {
      await Promise.all([host.stop(), peers.stop()]);
    }
  }
  if (!available.includes('background')) notes.push(noBackgroundEngine);
  // Rows of a unit stand together.
  const units = [...new Set(rows.map(({ unit }) => unit))];
  return { rows: units.flatMap((unit) => rows.filter((row) => row.unit === unit)), notes };
}

export const idle: Benchmark = {
  name: 'idle',
  title: 'thousands of sockets that linger against silent peers',
  run,
};
