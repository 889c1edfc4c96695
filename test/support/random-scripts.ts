// What a connection goes through in the randomized test: plain data, so that fast-check can print and shrink it.
import fc from 'fast-check';

import type { LingerOptions } from 'socket-linger';

import type { Family } from './pair.js';

/** setLinger()'s: more than anything here waits for. */
export const lingerSeconds = 3600;

/** Where the steps have no partner (a socket that is closed by then, an option that unix sockets lack) they do nothing. */
export type NearStep =
  | { near: 'write'; bytes: number }
  | { near: 'pipe from'; chunks: number; bytes: number }
  | { near: 'setLinger'; seconds: 0 | typeof lingerSeconds | null }
  | {
      near:
        | 'cork'
        | 'uncork'
        | 'pause'
        | 'resume'
        | 'silence'
        | 'listen'
        | 'pipe'
        | 'unpipe'
        | 'read'
        | 'unref'
        | 'end'
        | 'shutdown'
        | 'shutdownWrite'
        | 'shutdownRead'
        | 'destroy'
        | 'destroySoon'
        | 'resetClose';
    };

export type FarStep =
  | { far: 'write'; bytes: number }
  | { far: 'read all' | 'read slowly' | 'stop reading' | 'end' | 'reset' | 'destroy' };

/** Milliseconds at least; 'tick' and 'immediate' are what Node calls so. */
export interface WaitStep {
  wait: 'tick' | 'immediate' | number;
}

/** After the close has begun. */
export interface LateStep {
  late: 'write' | 'destroySoon' | 'destroy' | 'resetClose' | 'abort' | 'lingerClose';
}

export type EarlyStep = NearStep | FarStep | WaitStep;

export type Close =
  | { by: 'lingerClose'; options: Omit<LingerOptions, 'signal'>; signal: 'none' | 'live' | 'aborted' }
  /** 'linger': setLinger() and destroy() */
  | { by: 'linger' | 'destroy' | 'destroySoon' | 'end' | 'resetClose' };

/**
 * What the peer does in the end: reads and then ends; ends and then reads; reads and never ends; never reads (before
 * the near socket has closed); uploads until it can't any more; resets; closes with what it has not read.
 */
export type Finale = 'read, end' | 'end, read' | 'read' | 'stop reading' | 'upload' | 'reset' | 'destroy';

export interface Script {
  family: Family;
  /** Which end is closed: the accepted one, the connecting one, or the connecting one from before it is connected. */
  near: 'accepted' | 'connecting' | 'unconnected';
  allowHalfOpen: boolean;
  reads: 'data' | 'readable' | 'never';
  early: EarlyStep[];
  close: Close;
  late: (LateStep | FarStep | WaitStep)[];
  finale: Finale;
}

function weighted<T>(...choices: [weight: number, value: T][]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));
}

const bytes = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 2000 }) },
  { weight: 3, arbitrary: fc.constantFrom(1, 16_384, 65_536) },
  { weight: 2, arbitrary: fc.integer({ min: 2000, max: 400_000 }) },
  // More than the kernel takes from a peer that does not read
  { weight: 1, arbitrary: fc.constantFrom(3_000_000, 8_000_000) },
);
const fewBytes = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 300_000 }));

const wait: fc.Arbitrary<WaitStep> = fc.record({
  wait: weighted<WaitStep['wait']>([3, 'tick'], [3, 'immediate'], [2, 1], [2, 5], [1, 20]),
});

const nearWrite: fc.Arbitrary<NearStep> = fc.record({ near: fc.constant('write' as const), bytes });
const plainNear: fc.Arbitrary<NearStep> = fc.record({
  near: weighted<Exclude<NearStep['near'], 'write' | 'pipe from' | 'setLinger'>>(
    ...(['cork', 'uncork', 'pause', 'resume', 'silence', 'listen', 'pipe', 'unpipe', 'read', 'unref'] as const).map(
      (step) => [6, step] as [number, typeof step],
    ),
    [4, 'end'],
    [3, 'shutdown'],
    [3, 'shutdownWrite'],
    [2, 'shutdownRead'],
    [1, 'destroy'],
    [1, 'destroySoon'],
    [1, 'resetClose'],
  ),
});
const pipeFrom: fc.Arbitrary<NearStep> = fc.record({
  near: fc.constant('pipe from' as const),
  chunks: fc.integer({ min: 1, max: 20 }),
  bytes: fewBytes,
});
const linger: fc.Arbitrary<NearStep> = fc.record({
  near: fc.constant('setLinger' as const),
  seconds: fc.constantFrom(0 as const, lingerSeconds, lingerSeconds, null),
});
const farWrite: fc.Arbitrary<FarStep> = fc.record({ far: fc.constant('write' as const), bytes });
const plainFar: fc.Arbitrary<FarStep> = fc.record({
  far: weighted<Exclude<FarStep['far'], 'write'>>(
    [8, 'read all'],
    [6, 'read slowly'],
    [8, 'stop reading'],
    [4, 'end'],
    [1, 'reset'],
    [1, 'destroy'],
  ),
});

const earlyStep = fc.oneof(
  { weight: 6, arbitrary: nearWrite },
  { weight: 6, arbitrary: plainNear },
  { weight: 1, arbitrary: pipeFrom },
  { weight: 2, arbitrary: linger },
  { weight: 4, arbitrary: farWrite },
  { weight: 3, arbitrary: plainFar },
  { weight: 4, arbitrary: wait },
);

/** What costs most servers their last bytes: input that nobody has read, and a peer that reads later. */
const unread: fc.Arbitrary<EarlyStep[]> = fc.tuple(fewBytes, fc.boolean()).map(([amount, isSilent]) => [
  { near: isSilent ? 'silence' : 'pause' },
  { far: 'stop reading' },
  { far: 'write', bytes: amount },
  { wait: 5 },
]);
const early = fc
  .tuple(fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: unread }), fc.array(earlyStep, { maxLength: 12 }))
  .map(([first, rest]) => [...first, ...rest]);

const late: fc.Arbitrary<LateStep> = fc.record({
  late: weighted<LateStep['late']>(
    [6, 'write'],
    [2, 'destroySoon'],
    [1, 'destroy'],
    [1, 'resetClose'],
    [2, 'abort'],
    [3, 'lingerClose'],
  ),
});

const lingerOptions = fc.record(
  {
    timeout: fc.constantFrom(0, 1, 50, 300, 30_000, Infinity),
    idleTimeout: fc.constantFrom(0, 1, 20, 100, 5000, Infinity),
    maxBytes: fc.constantFrom(0, 1, 1000, 65_536, 1_000_000, Infinity),
    until: fc.constantFrom('peer-fin' as const, 'acked' as const),
    unread: fc.constantFrom('discard' as const, 'deliver' as const),
    onTimeout: fc.constantFrom('close' as const, 'reset' as const),
  },
  { requiredKeys: [] },
);

const close: fc.Arbitrary<Close> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      by: fc.constant('lingerClose' as const),
      options: lingerOptions,
      signal: weighted<'none' | 'live' | 'aborted'>([20, 'none'], [5, 'live'], [1, 'aborted']),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      by: fc.constantFrom('linger' as const, 'linger' as const, 'destroy' as const, 'destroySoon' as const, 'end' as const, 'resetClose' as const),
    }),
  },
);

export const script: fc.Arbitrary<Script> = fc.record({
  family: weighted<Family>([6, 'ipv4'], [2, 'ipv6'], [4, 'unix'], [2, 'tls1.2'], [2, 'tls1.3']),
  near: weighted<Script['near']>([8, 'accepted'], [3, 'connecting'], [2, 'unconnected']),
  allowHalfOpen: weighted([4, true], [1, false]),
  reads: weighted<Script['reads']>([4, 'data'], [1, 'readable'], [2, 'never']),
  early,
  close,
  late: fc.array(
    fc.oneof(
      { weight: 2, arbitrary: late },
      { weight: 3, arbitrary: plainFar },
      { weight: 3, arbitrary: farWrite },
      { weight: 4, arbitrary: wait },
    ),
    { maxLength: 6 },
  ),
  finale: weighted<Finale>(
    [8, 'read, end'],
    [6, 'end, read'],
    [3, 'read'],
    [5, 'stop reading'],
    [2, 'upload'],
    [2, 'reset'],
    [2, 'destroy'],
  ),
});
