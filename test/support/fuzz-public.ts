// Random calls of the package's public functions. Started by fuzz.test.ts.
import type net from 'node:net';

import fc from 'fast-check';
import * as api from 'socket-linger';

import { datagram, ignoreErrors, Made, sockets } from './fuzz-descriptors.js';
import { callOf, fuzz, judgeError, type Call } from './fuzz-run.js';
import { boolean, bytes, number, oneOf, strange as anyStrange, strangeNumber, Value } from './fuzz-values.js';
import { track, until } from './pair.js';

// Options are enumerated, which V8 refuses for the largest.
const strange = anyStrange.filter(({ name }) => name !== 'a huge Uint8Array' && name !== 'a sparse array');

const isObject = (result: unknown): boolean => typeof result === 'object' && result !== null;
const isUndefined = (result: unknown): boolean => result === undefined;

/** Objects with keys of `known`, and what is no object. */
function optionsOf(known: Record<string, fc.Arbitrary<Value>>): fc.Arbitrary<Value> {
  const wild = Object.fromEntries(Object.entries(known).map(([key, value]) => [key, fc.oneof({ arbitrary: value, weight: 5 }, { arbitrary: strange, weight: 1 })]));
  return fc
    .record(wild, { requiredKeys: [] })
    .map(
      (values) =>
        new Value(`{ ${Object.entries(values).map(([key, value]) => `${key}: ${value?.name}`).join(', ')} }`, () =>
          Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value?.make()])),
        ),
    );
}

const amount = fc.oneof(oneOf(0, 1, 20), strangeNumber);
const signal = oneOf(null).map(() => new Value('an AbortSignal', () => AbortSignal.timeout(5)));
const linger = {
  timeout: oneOf(0, 1, 20),
  idleTimeout: amount,
  maxBytes: amount,
  until: oneOf('peer-fin', 'acked', 'never'),
  unread: oneOf('discard', 'deliver'),
  onTimeout: oneOf('close', 'reset'),
  signal,
};

const optionName = fc.oneof(oneOf(...api.supportedOptions()), strange);
const optionValue = fc.oneof(boolean, number, oneOf(null, 'reno', 'lo'), strange);
const raw = [oneOf(1, 6, 41, -1), fc.oneof(oneOf(...Array.from({ length: 50 }, (_, option) => option)), strange)];

interface Signature {
  readonly args: fc.Arbitrary<Value>[];
  /** What comes first. */
  readonly takes: 'socket' | 'server' | 'nothing';
  readonly isResult: (result: unknown) => boolean;
}

const seconds = fc.oneof(oneOf(null, 0, 1), number);

const signatures: Record<string, Signature> = {
  closeCause: { takes: 'socket', args: [], isResult: (result) => typeof result === 'object' },
  closeServer: { takes: 'server', args: [optionsOf({ timeout: oneOf(0, 1, 20), streams: oneOf('linger', 'wait'), signal })], isResult: isObject },
  connect: {
    takes: 'nothing',
    args: [optionsOf({ host: oneOf('127.0.0.1', '::1'), port: oneOf(1, 65_536, -1), path: oneOf('/nowhere'), socketOptions: optionsOf({ noDelay: boolean, ttl: number, nothing: number }), signal })],
    isResult: isObject,
  },
  doctor: { takes: 'nothing', args: [], isResult: isObject },
  explainError: { takes: 'nothing', args: [fc.oneof(strange, number)], isResult: isObject },
  getLinger: { takes: 'socket', args: [], isResult: (result) => result === null || typeof result === 'number' },
  getNoDelay: { takes: 'socket', args: [], isResult: (result) => typeof result === 'boolean' },
  getOption: { takes: 'socket', args: [optionName], isResult: (result) => result !== undefined },
  getRawOption: { takes: 'socket', args: [...raw, fc.oneof(oneOf(0, 4, 64, 65_536, 65_537), number)], isResult: (result) => Buffer.isBuffer(result) },
  lingerClose: { takes: 'socket', args: [optionsOf(linger)], isResult: isObject },
  enableLingeringClose: {
    takes: 'server',
    args: [optionsOf({ ...linger, mode: oneOf('on', 'always'), maxLingering: amount, closingTimeout: oneOf(0, 20), upgraded: boolean })],
    isResult: isObject,
  },
  pendingBytes: { takes: 'socket', args: [], isResult: isObject },
  resetClose: { takes: 'socket', args: [], isResult: isUndefined },
  setLinger: { takes: 'socket', args: [seconds, optionsOf({ blocking: oneOf(false) })], isResult: isUndefined },
  setNoDelay: { takes: 'socket', args: [boolean], isResult: isUndefined },
  setOption: { takes: 'socket', args: [optionName, optionValue], isResult: isUndefined },
  setRawOption: { takes: 'socket', args: [...raw, fc.oneof(number, bytes)], isResult: isUndefined },
  shutdown: { takes: 'socket', args: [oneOf('read', 'write', 'both')], isResult: isUndefined },
  shutdownRead: { takes: 'socket', args: [], isResult: isUndefined },
  shutdownWrite: { takes: 'socket', args: [], isResult: isUndefined },
  supportedOptions: { takes: 'nothing', args: [], isResult: Array.isArray },
  tcpInfo: { takes: 'socket', args: [], isResult: isObject },
};

const functions = api as unknown as Record<string, (...args: unknown[]) => unknown>;
const forgotten = Object.keys(functions).filter((name) => !Object.hasOwn(signatures, name));
// A new one must not be forgotten.
if (forgotten.length > 0) throw new Error(`no signature in fuzz-public.ts for ${forgotten.join(', ')}`);

const targetNames = [...Object.keys(sockets), 'destroyed', 'datagram'];
// What is no socket is a value of callOf()'s, in its place.
const noSocket = '';
const targets = {
  socket: fc.constantFrom(...targetNames, noSocket),
  server: fc.constantFrom('listener', 'listener', 'ipv4', noSocket),
  nothing: fc.constant(noSocket),
};

async function makeTarget(name: string, made: Made): Promise<unknown> {
  if (name === 'datagram') return datagram(made);
  if (name !== 'destroyed') return sockets[name]!();
  const socket = await sockets.ipv4!();
  (socket as net.Socket).destroy();
  return socket;
}

/** As in fuzz-native.ts; a public setRawOption() takes a TCP or unix-domain socket, a listener or a dgram one. */
function isLeftOut({ name }: Call, [, level, option]: readonly unknown[]): boolean {
  if (name === 'setOption') return level === 'congestion' && option !== 'reno';
  if (!name.endsWith('RawOption')) return false;
  if (process.platform !== 'linux') return true;
  return (level === 41 && option === 27) || (level === 6 && [13, 31, 35].includes(option as number)) || (level === 1 && option === 13);
}

async function run(calls: readonly Call[]): Promise<void> {
  const made = new Made();
  const found = new Map<string, unknown>();
  for (const { target } of calls) {
    if (target !== noSocket && !found.has(target)) found.set(target, await makeTarget(target, made));
  }
  const promises: Promise<void>[] = [];
  const failures: unknown[] = [];
  try {
    for (const call of calls) {
      const args = call.args.map((value) => value.make());
      if (call.target !== noSocket) args[0] = found.get(call.target);
      if (isLeftOut(call, args)) continue;
      promises.push(makeCall(call, args).catch((error: unknown) => void failures.push(error)));
      if (call.name.length % 3 === 0) await new Promise(setImmediate);
    }
    // Those that wait for the peer end by their timeouts, or when their socket is closed.
    let settled = false;
    const all = Promise.all(promises).finally(() => (settled = true));
    const giveUp = setTimeout(() => {
      for (const socket of found.values()) (socket as { destroy?: () => void }).destroy?.();
    }, 100);
    try {
      await Promise.race([all, until('every call has its answer', () => settled)]);
    } finally {
      clearTimeout(giveUp);
    }
    if (failures.length > 0) throw failures[0];
  } finally {
    made.close();
  }
}

async function makeCall(call: Call, args: unknown[]): Promise<void> {
  let result: unknown;
  try {
    result = functions[call.name]!(...args);
    if (call.name === 'connect') track(ignoreErrors(result as net.Socket));
    result = await result;
  } catch (error) {
    // What net.connect() throws is passed on, and what a socket died of.
    const { code } = (error ?? {}) as { code?: unknown };
    const isNodes = (call.name === 'connect' || call.name === 'shutdownWrite') && /^ERR_[A-Z_]+$/.test(String(code));
    if (!isNodes) judgeError(call, error);
    return;
  }
  if (!signatures[call.name]!.isResult(result)) throw new Error(`${fc.stringify(call)} returns ${fc.stringify(result)}`);
}

const calls = Object.entries(signatures).map(([name, { takes, args }]) =>
  callOf(name, targets[takes], takes === 'nothing' ? args : [strange, ...args], strange),
);
await fuzz({ numRuns: 400, calls: fc.oneof(...calls), run });
