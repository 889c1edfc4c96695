// Runs every strategy in every situation, a few at a time.
import { Child, LabError } from './child.js';
import type { FromCloser, FromPeer, RunResult, ToCloser, ToPeer } from './protocol.js';
import { labLimitMs, lanes } from './settings.js';
import { situations, type Situation } from './situations.js';
import { strategies, type Strategy } from './strategies.js';

export interface Run {
  readonly situation: Situation;
  readonly strategy: Strategy;
}

export const runs: readonly Run[] = situations.flatMap((situation) =>
  strategies.map((strategy) => ({ situation, strategy })),
);

/** A closing process and a peer; they serve one run after the other. */
interface Lane {
  readonly closer: Child<ToCloser, FromCloser>;
  readonly peer: Child<ToPeer, FromPeer>;
}

/** Results in the order of `runs`. `signal` ends it early: its reason is what is thrown then. */
export async function runAll(onResult: (run: Run, done: number) => void, signal: AbortSignal): Promise<RunResult[]> {
  const results: RunResult[] = [];
  const waiting = runs.entries();
  let done = 0;

  const work = async (lane: Lane): Promise<void> => {
    const { port } = await lane.closer.next('listening');
    await lane.peer.next('started');
    for (const [index, run] of waiting) {
      results[index] = await runOne(run, lane, port);
      done += 1;
      onResult(run, done);
    }
  };

  const started: Lane[] = Array.from({ length: lanes }, () => ({
    closer: new Child('The closing process', './closer.js'),
    peer: new Child("The peer's process", './peer.js'),
  }));
  try {
    await Promise.race([ending(signal), Promise.all(started.map(work))]);
  } finally {
    await Promise.all(started.flatMap(({ closer, peer }) => [closer.stop(), peer.stop()]));
  }
  return results;
}

/** Rejects when the lab has to end before it is done. */
function ending(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const late = new LabError(`not done after ${labLimitMs / 1000} s`);
    setTimeout(() => reject(late), labLimitMs).unref();
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

async function runOne({ situation, strategy }: Run, { closer, peer }: Lane, port: number): Promise<RunResult> {
  closer.send({ type: 'prepare', strategy: strategy.id, situation: situation.id });
  await closer.next('prepared');
  peer.send({ type: 'connect', situation: situation.id, port });
  await closer.next('closing');
  peer.send({ type: 'closing' });
  const closed = await closer.next('closed');
  peer.send({ type: 'closer-done' });
  const received = await peer.next('result');
  closer.send({ type: 'release' });
  await closer.next('released');
  return {
    strategy: strategy.id,
    situation: situation.id,
    sentBytes: situation.replyBytes,
    ...received.report,
    ...closed.report,
  };
}
