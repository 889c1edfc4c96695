// 5. How long the event loop stands still for SO_LINGER: the kernel's own wait against setLinger()'s.
import type { Benchmark, Context, Findings } from './benchmark.js';
import { NodeChild } from './child.js';
import { engines, noBackgroundEngine, type Engine } from './engines.js';
import { interleave } from './measure.js';
import { compare } from './rounds.js';
import type { PeersAnswer, PeersRequest } from './silent-peers.js';
import type { CloserAnswer, CloserRequest } from './stall-closer.js';

/** The bare kernel's linger is kept short: it is known beforehand to last as long as it is told to. */
const kernelSeconds = { quick: 1, full: 2 };
const seconds = 30;
const watchMs = 500;

/** The longest delay of the event loop, in ms. Both ends are ended right after: ours would go on for 30 s. */
async function measure(how: Engine | 'kernel', lingerSeconds: number): Promise<number> {
  const closer = new NodeChild<CloserRequest, CloserAnswer>('./stall-closer.js');
  const peer = new NodeChild<PeersRequest, PeersAnswer>('./silent-peers.js');
  try {
    const { port } = await closer.ask({ type: 'listen' });
    await peer.ask({ type: 'connect', port: port!, count: 1 });
    const { stallMs } = await closer.ask({ type: 'close', how, seconds: lingerSeconds, watchMs });
    return stallMs!;
  } finally {
    await Promise.all([closer.stop(), peer.stop()]);
  }
}

async function run({ quick, signal, say }: Context): Promise<Findings> {
  const available = await engines();
  const short = quick ? kernelSeconds.quick : kernelSeconds.full;
  const variants: Record<string, () => Promise<number>> = { kernel: () => measure('kernel', short) };
  for (const engine of available) variants[engine] = () => measure(engine, seconds);
  const rounds = quick ? 3 : 5;
  say(`${rounds} rounds: ${Object.keys(variants).join(', ')}`);
  const results = await interleave(variants, { rounds, warmups: 0, signal });
  const notes = [
    `8 MB written to a peer that does not read, then destroy(). setLinger(s, ${seconds}) is compared with the bare kernel's ` +
      `option at ${short} s; at ${seconds} s that stands still for ${seconds} s. Each in a new process.`,
  ];
  if (!available.includes('background')) notes.push(noBackgroundEngine);
  return {
    rows: available.map((engine) =>
      compare(`loop delay, ${engine} : kernel`, 'ms', results[engine]!, results.kernel!, { of: 'value', is: '<', limit: 20 }),
    ),
    notes,
  };
}

export const stall: Benchmark = {
  name: 'stall',
  title: 'how long the event loop stands still for SO_LINGER',
  run,
};
