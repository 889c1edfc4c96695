// A fuzz test's process: random calls until one does what it must not. See fuzz.test.ts, which starts it.
import { writeSync } from 'node:fs';
import os from 'node:os';

import fc from 'fast-check';

import { errorCodes, type ErrorCode } from '#lib/errors.js';
import { native } from '#lib/native.js';

import { openDescriptors } from './descriptors.js';
import { closeTracked, until } from './pair.js';
import { hostile, isGoodError, Value } from './fuzz-values.js';
import { replay, seed } from './seed.js';
import { isWine } from './windows.js';

const systemCodes = new Map(Object.entries(os.constants.errno).map(([code, number]) => [code, number]));
const systemNumbers = new Set(systemCodes.values());

/** Documented, or the system's: where the system has a name for its number, the error has that name. */
export function hasKnownCode({ code, errno }: NodeJS.ErrnoException): boolean {
  if (errorCodes.includes(code as ErrorCode)) return true;
  if (code === 'UNKNOWN') return errno !== undefined && !systemNumbers.has(-errno);
  return systemCodes.has(code!);
}

export class Call {
  constructor(
    readonly name: string,
    readonly target: string,
    readonly args: readonly Value[],
  ) {}

  [fc.toStringMethod](): string {
    return `${this.name}(${[this.target, ...this.args.map(({ name }) => name)].filter((one) => one !== '').join(', ')})`;
  }
}

export function callOf(name: string, targets: fc.Arbitrary<string>, args: fc.Arbitrary<Value>[], strange: fc.Arbitrary<Value>): fc.Arbitrary<Call> {
  // Now and then something else, and more or fewer of them.
  const each = args.map((arg) => fc.oneof({ arbitrary: arg, weight: 9 }, { arbitrary: strange, weight: 1 }));
  const right = fc.tuple(...each);
  const wrong = fc.array(strange, { maxLength: 6 });
  return fc
    .tuple(targets, fc.oneof({ arbitrary: right, weight: 7 }, { arbitrary: wrong, weight: 1 }))
    .map(([target, values]) => new Call(name, target, values));
}

function describeError(error: unknown): string {
  return error instanceof Error ? `${error.stack} ${JSON.stringify(error)}` : fc.stringify(error);
}

/** What a call has thrown, if it may not. */
export function judgeError(call: Call, error: unknown): void {
  if (!isGoodError(error, hasKnownCode)) throw new Error(`${fc.stringify(call)} fails with ${describeError(error)}`);
}

const uncaught: unknown[] = [];

function catchAll(): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      if (error !== hostile) uncaught.push(error);
    });
  }
}

// Its epoll set and eventfd, which come and go.
const enginesOwn = 2;

/** The parent reads it if this process dies. */
const lastInput = Number(process.argv[2]);

function noteInput(calls: readonly Call[]): void {
  const text = Buffer.alloc(16_384, ' ');
  text.write(fc.stringify(calls));
  writeSync(lastInput, text, 0, text.length, 0);
}

export interface Fuzzing {
  readonly numRuns: number;
  readonly calls: fc.Arbitrary<Call>;
  /** Makes the calls of a run, on sockets of its own. */
  readonly run: (calls: readonly Call[]) => Promise<void>;
}

/** Prints what was found, and exits with 1 then. */
export async function fuzz({ numRuns, calls, run }: Fuzzing): Promise<void> {
  catchAll();
  let made = 0;
  let descriptors = Infinity;
  const property = fc.asyncProperty(fc.array(calls, { minLength: 1, maxLength: 40, size: 'max' }), async (sequence) => {
    noteInput(sequence);
    made += sequence.length;
    try {
      await run(sequence);
    } finally {
      await closeTracked();
    }
    if (native.hasLingerEngine) await until('the engine has nothing', () => native.readLingerStats()[0] === 0);
    await until('every descriptor is closed', () => (openDescriptors() ?? 0) <= descriptors);
    descriptors = Math.min(descriptors, (openDescriptors() ?? 0) + enginesOwn);
    await new Promise(setImmediate);
    const error = uncaught.shift();
    if (error !== undefined) throw new Error(`uncaught: ${describeError(error)}`);
  });
  // Each call of a socket takes Wine some ten times as long: it goes through a server of its own.
  const found = await fc.check(property, { ...replay, numRuns: isWine ? numRuns / 4 : numRuns });
  if (found.failed) {
    console.log(`SOCKET_LINGER_SEED=${seed} SOCKET_LINGER_PATH=${found.counterexamplePath}`);
    console.log(fc.stringify(found.counterexample));
    console.log(found.errorInstance instanceof Error ? found.errorInstance.stack : fc.stringify(found.errorInstance));
  } else {
    console.log(`${made} calls`);
  }
  process.exit(found.failed ? 1 : 0);
}
