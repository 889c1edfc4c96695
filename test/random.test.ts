// Thousands of sockets through random scripts, in random order and many at a time, held against a model: see
// support/random-model.ts for what must be true. To repeat a run: SOCKET_LINGER_SEED (and, to go straight to one case,
// SOCKET_LINGER_PATH; a failure prints both); SOCKET_LINGER_RUNS is the number of batches for each engine.
import assert from 'node:assert/strict';
import v8 from 'node:v8';
import vm from 'node:vm';

import fc from 'fast-check';

import { native } from '#lib/native.js';

import { openSockets } from './support/descriptors.js';
import { describeEngines } from './support/engines.js';
import { closeTracked, until } from './support/pair.js';
import { RandomConnection } from './support/random-connection.js';
import { seen } from './support/random-near.js';
import { script, type Script } from './support/random-scripts.js';
import { replay, seed } from './support/seed.js';

const { SOCKET_LINGER_RUNS } = process.env;
const numRuns = Number(SOCKET_LINGER_RUNS ?? 50);
/** Milliseconds for each engine. A slow machine gets through fewer batches then, unless it was told how many. */
const timeForRuns = SOCKET_LINGER_RUNS === undefined ? 8000 : Infinity;
/** And this for making smaller what has failed. */
const timeForShrinking = 60_000;
/** More would fill the memory that the kernel has for TCP, and it breaks connections then. */
const connectionsAtATime = 50;

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

/** Whatever is thrown where nobody can catch it belongs to the batch that is running: mocha would not know its script. */
function catchUncaught(): { first: () => unknown; stop: () => void } {
  const uncaught: unknown[] = [];
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const usual = events.map((event) => process.listeners(event as 'uncaughtException'));
  const note = (error: unknown): void => void uncaught.push(error);
  for (const event of events) process.removeAllListeners(event).on(event, note);
  return {
    first: () => uncaught[0],
    stop: () => {
      events.forEach((event, index) => {
        process.removeAllListeners(event);
        for (const listener of usual[index]!) process.on(event, listener);
      });
    },
  };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack! : String(error);
}

async function runTogether(scripts: readonly Script[]): Promise<void> {
  const before = { sockets: openSockets() ?? 0, timers: timers() };
  const uncaught = catchUncaught();
  try {
    const runs = await Promise.allSettled(scripts.map((one) => new RandomConnection(one).run()));
    await closeTracked();
    runs.forEach((run, index) => {
      if (run.status === 'rejected') throw new Error(`${stackOf(run.reason)}\nin ${fc.stringify(scripts[index])}`);
    });
    await until('every descriptor is closed', () => (openSockets() ?? 0) <= before.sockets);
    await until('no timer is left', () => timers() <= before.timers + 1); // until()'s own
    if (native.hasLingerEngine) assert.deepEqual([...native.readLingerStats().subarray(0, 2)], [0, 0], 'what the engine has left');
    const error = uncaught.first();
    if (error !== undefined) throw new Error(`uncaught: ${stackOf(error)}`);
  } finally {
    uncaught.stop();
  }
}

/** Batch after batch. fast-check's own report would show all of the scripts that ran together. */
async function runBatches(): Promise<number> {
  let connections = 0;
  let failed = false;
  let stopAt = Date.now() + timeForRuns;
  const batch = fc.array(script, { minLength: 1, maxLength: connectionsAtATime, size: 'max' });
  const property = fc.asyncProperty(batch, async (scripts) => {
    if (Date.now() > stopAt) return;
    connections += scripts.length;
    try {
      await runTogether(scripts);
    } catch (error) {
      if (!failed) stopAt = Date.now() + timeForShrinking;
      failed = true;
      throw error;
    }
  });
  const found = await fc.check(property, { ...replay, numRuns, unbiased: true });
  if (found.failed) {
    throw new Error(`SOCKET_LINGER_SEED=${seed} SOCKET_LINGER_PATH=${found.counterexamplePath}\n${stackOf(found.errorInstance)}`);
  }
  return connections;
}

function collectGarbage(): void {
  v8.setFlagsFromString('--expose-gc');
  (vm.runInNewContext('gc') as () => void)();
}

describeEngines('random scripts', function () {
  // The last resort: whatever hangs is found by its own connection long before.
  this.timeout(timeForShrinking + 60_000 + numRuns * 10_000);

  before(() => {
    console.log(`      SOCKET_LINGER_SEED=${seed} SOCKET_LINGER_RUNS=${numRuns}`);
    seen.length = 0;
  });

  it('what is called delivered has arrived, and everything comes to an end', async () => {
    const connections = await runBatches();
    console.log(`        ${connections * 2} sockets`);
  });

  it('nothing keeps a socket, nor a record of it', async () => {
    await until('they are collected', () => {
      collectGarbage();
      // The connections of the last batch may still be on a stack or in a cache.
      return seen.filter((near) => near.deref() !== undefined).length <= connectionsAtATime;
    });
  });
});
