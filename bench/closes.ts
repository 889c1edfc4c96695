// 4. Connections closed per second with a prompt peer, against destroySoon(); and how long after the last packet the
// promise resolves.
import type { Benchmark, Context, Findings } from './benchmark.js';
import { BenchError, LineChild, NodeChild } from './child.js';
import type { Closer, ServerAnswer, ServerRequest } from './closes-server.js';
import { compile, hasCompiler, noCompiler } from './compile.js';
import { engines, noBackgroundEngine, type Engine } from './engines.js';
import { interleave, quantile } from './measure.js';
import { plainRow, type Row } from './report.js';
import { compare } from './rounds.js';

interface Server {
  readonly child: NodeChild<ServerRequest, ServerAnswer>;
  readonly port: number;
}

const atATime = 64;
const answerBytes = 200;
/** More than the peer's window (256 KiB), less than our kernel takes at once: the FIN waits behind it there. */
const longAnswerBytes = 768 * 1024;

async function startServer(closer: Closer): Promise<Server> {
  const child = new NodeChild<ServerRequest, ServerAnswer>('./closes-server.js');
  const { port } = await child.ask({ type: 'listen', closer });
  return { child, port: port! };
}

interface Rate {
  readonly perSecond: number;
  readonly cpuUs: number;
}

async function measureRate({ child, port }: Server, peer: LineChild, count: number): Promise<Rate> {
  await child.ask({ type: 'expect', count, bytes: answerBytes, until: 'peer-fin' });
  const [complete] = await peer.ask(`rate ${port} ${count} ${atATime} ${answerBytes}`);
  const { wallMs, cpuMs } = await child.ask({ type: 'finished' });
  if (Number(complete) !== count) throw new BenchError(`${complete} of ${count} answers arrived`);
  return { perSecond: (count / wallMs!) * 1000, cpuUs: (cpuMs! / count) * 1000 };
}

/** Microseconds from what the peer did last to the promise, one for each connection. */
async function measureLatency({ child, port }: Server, peer: LineChild, until: 'peer-fin' | 'acked', count: number): Promise<number[]> {
  const bytes = until === 'acked' ? longAnswerBytes : answerBytes;
  await child.ask({ type: 'expect', count, bytes, until });
  const times = await peer.ask(`${until === 'acked' ? 'acked' : 'fin'} ${port} ${count} ${bytes}`);
  const { closedAt } = await child.ask({ type: 'finished' });
  return times.map((time, number) => Number(BigInt(closedAt![number]!) - BigInt(time)) / 1000);
}

async function run({ quick, signal, say }: Context): Promise<Findings> {
  if (!(await hasCompiler())) return { rows: [], notes: [`${noCompiler} Left out: a Node peer would be the slower side.`] };
  const available = await engines();
  const count = quick ? 4000 : 10_000;
  const peer = new LineChild(await compile('peer'));
  const servers = new Map<Closer, Server>();
  const rows: Row[] = [];
  try {
    const closers: Closer[] = ['destroySoon', 'end', ...available];
    for (const closer of closers) servers.set(closer, await startServer(closer));
    const rounds = quick ? 3 : 9;
    say(`${rounds + 1} rounds of ${count} connections: ${closers.join(', ')}`);
    const variants = closers.map((closer) => [closer, () => measureRate(servers.get(closer)!, peer, count)] as const);
    const results = await interleave<string, Rate>(Object.fromEntries(variants), { rounds, warmups: 1, signal });
    const rate = (closer: Closer): number[] => results[closer]!.map(({ perSecond }) => perSecond);
    const cpu = (closer: Closer): number[] => results[closer]!.map(({ cpuUs }) => cpuUs);
    for (const engine of available) {
      const bar = { of: 'ratio', is: '>=', limit: 0.9 } as const;
      rows.push(compare(`closes, ${engine} : destroySoon()`, '/s', rate(engine), rate('destroySoon'), bar));
    }
    rows.push(compare('closes, end() : destroySoon()', '/s', rate('end'), rate('destroySoon')));
    for (const engine of available) {
      rows.push(compare(`CPU each, ${engine} : destroySoon()`, 'us', cpu(engine), cpu('destroySoon')));
    }
    rows.push(compare('CPU each, end() : destroySoon()', 'us', cpu('end'), cpu('destroySoon')));
    for (const engine of available) {
      const busy = (closer: Closer): number[] => rate(closer).map((perSecond, round) => (perSecond * cpu(closer)[round]!) / 1e4);
      rows.push(compare(`busy, ${engine} : destroySoon()`, '% of a core', busy(engine), busy('destroySoon')));
    }
    for (const engine of available) rows.push(...(await latencies(engine, servers.get(engine)!)));
  } finally {
    await Promise.all([peer.stop(), ...[...servers.values()].map(({ child }) => child.stop())]);
  }
  const notes = [
    `${atATime} connections at a time, from accept to the end of lingering, by one server process; the peer (C, epoll) ` +
      'closes at our FIN. CPU each: of the server process, all threads, for the whole life of a connection.',
    'Busy: the share of a core that this is. Well below 100 %, the peer was the slower side, and the ratio of the rates ' +
      'flatters; that of the CPU does not. end(): half-close and read to the peer\'s FIN, all by Node, which is the ' +
      'least that waiting for it takes.',
    "FIN to promise: from the peer's close(), 0-20 ms after our FIN, to the moment when the code after the promise runs. " +
      "ACK to promise: until 'acked', from the moment when the peer, which has left our FIN waiting behind 10-30 ms of full " +
      'window, has its kernel acknowledge it (TCP_QUICKACK). One connection at a time.',
  ];
  if (!available.includes('background')) notes.push(noBackgroundEngine);
  return { rows, notes };

  async function latencies(engine: Engine, server: Server): Promise<Row[]> {
    const samples = quick ? 50 : 300;
    const made: Row[] = [];
    for (const until of ['peer-fin', 'acked'] as const) {
      say(`${samples} times, ${engine}: from the last ${until === 'acked' ? 'ACK' : 'FIN'} to the promise`);
      const times = await measureLatency(server, peer, until, samples);
      const from = until === 'acked' ? 'ACK' : 'FIN';
      made.push(plainRow(`${from} to promise, ${engine}: p50`, 'us', quantile(times, 0.5)));
      made.push(plainRow(`${from} to promise, ${engine}: p99`, 'us', quantile(times, 0.99)));
    }
    return made;
  }
}

export const closes: Benchmark = {
  name: 'closes',
  title: 'connections closed per second with a prompt peer; latency of the promise',
  run,
};
