// 7. What enableLingeringClose() costs requests that have no use for it; and how long ordinary requests take while a
// thousand connections upload for ever.
import type { Benchmark, Context, Findings } from './benchmark.js';
import { BenchError, LineChild, NodeChild } from './child.js';
import { compile, hasCompiler, noCompiler } from './compile.js';
import { interleave, quantile } from './measure.js';
import type { Bar, Row } from './report.js';
import { compare } from './rounds.js';
import type { ServerAnswer, ServerRequest } from './server-host.js';

interface Server {
  readonly child: NodeChild<ServerRequest, ServerAnswer>;
  readonly port: number;
}

/** 'close': a connection for each. */
type Kind = 'get' | 'post' | 'close';

const kinds: readonly { readonly kind: Kind; readonly title: string; readonly limit: number }[] = [
  { kind: 'get', title: 'GET, kept', limit: 1.01 },
  { kind: 'post', title: 'POST, kept', limit: 1.01 },
  { kind: 'close', title: 'GET, close', limit: 1.03 },
];

const atATime = 32;
const uploads = 1000;

async function startServer(enable: boolean, drain: 'linger' | 'read'): Promise<Server> {
  const child = new NodeChild<ServerRequest, ServerAnswer>('./server-host.js');
  const { port } = await child.ask({ type: 'listen', enable, drain });
  return { child, port: port! };
}

interface Rate {
  readonly perSecond: number;
  readonly cpuUs: number;
}

async function measureRate({ child, port }: Server, peer: LineChild, kind: Kind, count: number): Promise<Rate> {
  await child.ask({ type: 'start' });
  const [complete] = await peer.ask(`requests ${port} ${atATime} ${count} ${kind}`);
  const { wallMs, cpuMs } = await child.ask({ type: 'stop' });
  if (Number(complete) !== count) throw new BenchError(`${complete} of ${count} answers arrived`);
  return { perSecond: (count / wallMs!) * 1000, cpuUs: (cpuMs! / count) * 1000 };
}

type Rates = Record<'on' | 'off', Rate[]>;

/** Pairs of new processes, since what V8 makes of the same code differs a little from one to the next. */
async function measureOverhead(peer: LineChild, { quick, signal, say }: Context): Promise<Record<Kind, Rates>> {
  const pairs = quick ? 2 : 5;
  const rounds = quick ? 5 : 10;
  const count = quick ? 5000 : 10_000;
  const all: Record<Kind, Rates> = { get: { on: [], off: [] }, post: { on: [], off: [] }, close: { on: [], off: [] } };
  say(`${pairs} pairs of processes, ${rounds + 2} rounds of ${count} requests of each kind: on, off`);
  for (let pair = 0; pair < pairs; pair += 1) {
    const servers = { off: await startServer(false, 'linger'), on: await startServer(true, 'linger') };
    try {
      for (const { kind } of kinds) {
        const share = kind === 'close' ? count / 2 : count;
        const variant = (name: 'on' | 'off') => (): Promise<Rate> => measureRate(servers[name], peer, kind, share);
        const made = await interleave({ off: variant('off'), on: variant('on') }, { rounds, warmups: 2, signal });
        for (const name of ['on', 'off'] as const) all[kind][name].push(...made[name]);
      }
    } finally {
      await Promise.all([servers.on.child.stop(), servers.off.child.stop()]);
    }
  }
  return all;
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
  /** MB per second that the uploads sent meanwhile. */
  readonly uploaded: number;
}

async function measureLatency({ child, port }: Server, peer: LineChild, uploader: LineChild | undefined, count: number): Promise<Latency> {
  const [answered] = uploader === undefined ? [] : await uploader.ask(`upload ${port} ${uploads}`);
  await child.ask({ type: 'start' });
  const times = (await peer.ask(`latency ${port} ${count} 1000`)).map((time) => Number(time) / 1000);
  const { wallMs } = await child.ask({ type: 'stop', open: true });
  const [open, sent] = uploader === undefined ? [] : await uploader.ask('stop');
  await child.ask({ type: 'stop' }); // all of them are gone
  if (uploader !== undefined && (Number(answered) !== uploads || Number(open) !== uploads)) {
    throw new BenchError(`${answered} of ${uploads} uploads were answered, ${open} were open to the end`);
  }
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), uploaded: (Number(sent ?? 0) / wallMs!) * 1000 };
}

async function measureLatencies(peer: LineChild, program: string, { quick, signal, say }: Context): Promise<Row[]> {
  const rounds = quick ? 3 : 5;
  const count = quick ? 100 : 300;
  say(`${rounds + 1} rounds of ${count} requests, with ${uploads} uploads that linger, that Node reads, and without any`);
  const uploader = new LineChild(program);
  const servers = { linger: await startServer(true, 'linger'), read: await startServer(false, 'read') };
  try {
    const made = await interleave(
      {
        quiet: () => measureLatency(servers.linger, peer, undefined, count),
        linger: () => measureLatency(servers.linger, peer, uploader, count),
        read: () => measureLatency(servers.read, peer, uploader, count),
      },
      { rounds, warmups: 1, signal },
    );
    const of = (name: keyof typeof made, what: keyof Latency): number[] => made[name].map((latency) => latency[what]);
    return (['p50', 'p99'] as const).flatMap((what) => [
      compare(`${what}, uploads linger : are read`, 'us', of('linger', what), of('read', what)),
      compare(`${what}, uploads linger : no uploads`, 'us', of('linger', what), of('quiet', what)),
    ]);
  } finally {
    await Promise.all([uploader.stop(), servers.linger.child.stop(), servers.read.child.stop()]);
  }
}

async function run(context: Context): Promise<Findings> {
  if (!(await hasCompiler())) return { rows: [], notes: [`${noCompiler} Left out: a Node peer would be the slower side.`] };
  const program = await compile('http-peer');
  const peer = new LineChild(program);
  try {
    const rates = await measureOverhead(peer, context);
    const column = (kind: Kind, what: keyof Rate) => [rates[kind].on, rates[kind].off].map((all) => all.map((rate) => rate[what])) as [number[], number[]];
    const bar = (limit: number): Bar => ({ of: 'ratio', is: '<=', limit });
    const rows = [
      ...kinds.map(({ kind, title, limit }) => compare(`CPU, ${title}: on : off`, 'us', ...column(kind, 'cpuUs'), bar(limit))),
      ...(await measureLatencies(peer, program, context)),
      ...kinds.map(({ kind, title }) => compare(`requests, ${title}: on : off`, '/s', ...column(kind, 'perSecond'))),
    ];
    return {
      rows,
      notes: [
        `CPU: of the server process, all threads, for each request, ${atATime} at a time: kept connections, or one for each ` +
          '("close"). The bar is on it, since the requests per second depend on the client and on who else has the processors.',
        `p50, p99: of single requests on a kept connection, a millisecond apart, while ${uploads} connections upload as fast as ` +
          'one process can after their answer 413: into lingering closes, or into what node:http does for a connection that it ' +
          'keeps, which is to read all of it.',
      ],
    };
  } finally {
    await peer.stop();
  }
}

export const server: Benchmark = {
  name: 'server',
  title: 'enableLingeringClose(): ordinary requests, and requests beside uploads',
  run,
};
