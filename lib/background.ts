// The background linger engine's JavaScript half: native/linger/ waits, this hands over and is told.
import { selectedEngine } from './engine.js';
import { native } from './native.js';

/** What the engine is to do with a half-closed descriptor. Milliseconds and bytes; Infinity: no limit. */
export interface BackgroundLimits {
  readonly timeout: number;
  readonly idleTimeout: number;
  /** How long there has been no progress already. */
  readonly idleSoFar: number;
  readonly maxBytes: number;
  readonly untilAcked: boolean;
  readonly resetAtLimit: boolean;
}

// The order of linger::Outcome.
const outcomes = [
  'peer-fin',
  'acked',
  'timeout',
  'idle-timeout',
  'byte-limit',
  'peer-reset',
  'already-closed',
] as const;

export interface BackgroundVerdict {
  readonly outcome: (typeof outcomes)[number];
  /** Without the FIN; null: can't tell. */
  readonly unacked: number | null;
  readonly discarded: number;
  readonly error: NodeJS.ErrnoException | undefined;
}

type Listener = (verdict: BackgroundVerdict) => void;

interface Waiting {
  readonly listener: Listener;
  readonly referenced: boolean;
}

const waiting = new Map<number, Waiting>();
let lastToken = 0;
let isListening = false;

const limitNumbers = new Float64Array(6);
const verdictLength = 5;

function readVerdict(numbers: Float64Array, offset: number): BackgroundVerdict {
  const unacked = numbers[offset + 2]!;
  const error = numbers[offset + 4]!;
  return {
    outcome: outcomes[numbers[offset + 1]!]!,
    unacked: unacked === -1 ? null : unacked,
    discarded: numbers[offset + 3]!,
    error: error === 0 ? undefined : native.makeError(error, 'recv'),
  };
}

/** What waits for the token, which is over with this. */
function settle(token: number): Waiting | undefined {
  const found = waiting.get(token);
  waiting.delete(token);
  if (found?.referenced === true) native.releaseReference();
  return found;
}

function deliver(numbers: Float64Array): void {
  for (let offset = 0; offset < numbers.length; offset += verdictLength) {
    try {
      settle(numbers[offset]!)?.listener(readVerdict(numbers, offset));
    } catch (error) {
      // Somebody's destroy() threw: an uncaught exception, but not at the cost of the other verdicts.
      process.nextTick(() => {
        throw error;
      });
    }
  }
}

export interface BackgroundLinger {
  /** Closes soon; the listener is called as ever. */
  stop(reset: boolean): void;
}

/**
 * Hands a descriptor over. The engine works on a duplicate: the caller may close his own. null if it can't be:
 * there is no such engine on this system, or no descriptor or thread to be had.
 */
export function lingerInBackground(
  descriptor: number,
  limits: BackgroundLimits,
  referenced: boolean,
  listener: Listener,
): BackgroundLinger | null {
  if (selectedEngine() === 'portable' || !native.hasLingerEngine) return null;
  if (!isListening) {
    native.listenForVerdicts(deliver);
    isListening = true;
  }
  limitNumbers[0] = limits.timeout;
  limitNumbers[1] = limits.idleTimeout;
  limitNumbers[2] = limits.idleSoFar;
  limitNumbers[3] = limits.maxBytes;
  limitNumbers[4] = limits.untilAcked ? 1 : 0;
  limitNumbers[5] = limits.resetAtLimit ? 1 : 0;
  const token = (lastToken += 1);
  try {
    native.startLinger(descriptor, token, limitNumbers, referenced);
  } catch {
    return null;
  }
  waiting.set(token, { listener, referenced });
  return { stop: (reset) => native.stopLinger(token, reset) };
}
