// Random calls of the addon's functions. Started by fuzz.test.ts.
import { types } from 'node:util';

import fc from 'fast-check';

import { native } from '#lib/native.js';
import { registry, type OptionName } from '#lib/options.js';

import { descriptorNames, makeDescriptor, Made } from './fuzz-descriptors.js';
import { callOf, fuzz, judgeError, type Call } from './fuzz-run.js';
import { boolean, bytes, number, numbers, oneOf, strange, strangeNumber, Value } from './fuzz-values.js';

interface Signature {
  /** What comes behind the descriptor, or all of it where there is none. */
  readonly args: fc.Arbitrary<Value>[];
  readonly takesDescriptor?: boolean;
  /** The documented type of the result. */
  readonly isResult: (result: unknown, args: readonly unknown[]) => boolean;
}

const isUndefined = (result: unknown): boolean => result === undefined;
const isIndex = (most: number) => (result: unknown) => Number.isInteger(result) && (result as number) >= 0 && (result as number) < most;
const isCount = isIndex(Infinity);

/** Few, so that one is used twice. */
const token = oneOf(0, 1, 2, 2 ** 53 - 1);

const signatures: Record<string, Signature> = {
  getRawOption: {
    takesDescriptor: true,
    args: [oneOf(0, 1, 6, 17, 41, 255), oneOf(...Array.from({ length: 90 }, (_, option) => option)), bytes],
    isResult: (result, args) => isCount(result) && (result as number) <= (args[3] as Uint8Array).length,
  },
  setRawOption: {
    takesDescriptor: true,
    args: [oneOf(0, 1, 6, 17, 41, 255), oneOf(...Array.from({ length: 90 }, (_, option) => option)), bytes],
    isResult: isUndefined,
  },
  openSocket: { args: [boolean], isResult: isCount },
  closeSocket: { takesDescriptor: true, args: [], isResult: isUndefined },
  ...(native.findDescriptors === null ? {} : { findDescriptors: { args: [numbers, strange], isResult: isUndefined } }),
  shutdown: { takesDescriptor: true, args: [oneOf(0, 1, 2, 3, -1, 0.5)], isResult: isUndefined },
  readQueues: { takesDescriptor: true, args: [boolean, boolean, numbers], isResult: isUndefined },
  readUnread: { takesDescriptor: true, args: [], isResult: Number.isInteger },
  readTcpState: { takesDescriptor: true, args: [], isResult: isIndex(native.tcpStates.length) },
  describeTcpInfo: { args: [], isResult: Array.isArray },
  readTcpInfo: {
    takesDescriptor: true,
    args: [bytes],
    isResult: (result, args) => isCount(result) && (result as number) <= (args[1] as Uint8Array).length,
  },
  toTcpState: { args: [number], isResult: isIndex(native.tcpStates.length) },
  takeError: { takesDescriptor: true, args: [], isResult: isCount },
  discard: { takesDescriptor: true, args: [number, numbers], isResult: isUndefined },
  makeError: { args: [number, oneOf('recv', '', '\0', '\ud800')], isResult: types.isNativeError },
  listenForVerdicts: { args: [strange], isResult: isUndefined },
  startLinger: { takesDescriptor: true, args: [token, numbers, boolean], isResult: isUndefined },
  stopLinger: { args: [token, boolean], isResult: isUndefined },
  releaseReference: { args: [], isResult: isUndefined },
  readLingerStats: { args: [], isResult: (result) => result instanceof Float64Array && result.length === 3 },
};

const resultsByKind: Record<string, (result: unknown) => boolean> = {
  boolean: (result) => typeof result === 'boolean',
  integer: Number.isInteger,
  rate: (result) => result === null || Number.isInteger(result),
  bigint: (result) => typeof result === 'bigint',
  string: (result) => typeof result === 'string',
  bytes: (result) => Buffer.isBuffer(result),
  error: (result) => result === null || (typeof result === 'string' && result !== 'UNKNOWN'),
  linger: (result) => result === null || Number.isInteger(result),
  credentials: (result) => typeof (result as { pid?: unknown } | null)?.pid === 'number',
  address: (result) => typeof (result as { address?: unknown } | null)?.address === 'string',
};

const functions = new Map<string, { readonly call: (...args: unknown[]) => unknown; readonly signature: Signature }>();

function add(name: string, call: unknown, signature: Signature | undefined): void {
  // A new one must not be forgotten.
  if (signature === undefined) throw new Error(`the addon exports ${name}, which has no signature in fuzz-native.ts`);
  functions.set(name, { call: call as () => unknown, signature });
}

for (const [name, value] of Object.entries(native)) if (typeof value === 'function') add(name, value, signatures[name]);
for (const { name, min, max, get, set } of native.options) {
  const { kind } = registry[name as OptionName];
  const isResult = resultsByKind[kind];
  if (get !== undefined) add(`${name}.get`, get, isResult && { takesDescriptor: true, args: [], isResult });
  const value = fc.oneof(boolean, oneOf(null, min, max, min - 1, max + 1, 'reno', 'lo', ''), number, strange);
  if (set !== undefined) add(`${name}.set`, set, { takesDescriptor: true, args: [value], isResult: isUndefined });
}
const missing = Object.keys(signatures).filter((name) => !functions.has(name));
if (missing.length > 0) throw new Error(`the addon does not export ${missing.join(', ')}`);

const setLinger = native.options.find(({ name }) => name === 'linger')?.set;
const [SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_IPV6] = [1, 0, 6, 41];

/**
 * Raw options that reach beyond the test's sockets, if root sets them: from 64 on those of IPPROTO_IP and IPPROTO_IPV6 are
 * the tables of iptables, multicast routing and IPVS, 27 (IPV6_JOIN_ANYCAST) is an address of the machine's; TCP's 13 and 31
 * (TCP_CONGESTION, TCP_ULP) load kernel modules by name. 35 (TCP_ZEROCOPY_RECEIVE) writes to a pointer, and SOL_SOCKET's
 * 77 (SO_PEERPIDFD) returns a descriptor. Where the numbers are not Linux' none is tried.
 */
function isLeftOut([, level, option]: readonly unknown[]): boolean {
  if (process.platform !== 'linux') return true;
  if (typeof option !== 'number') return false; // refused
  if (level === IPPROTO_IP || level === IPPROTO_IPV6) return option >= 64 || option === 27;
  if (level === IPPROTO_TCP) return [13, 31, 35].includes(option);
  return level === SOL_SOCKET && option === 77;
}

const otherDescriptors = 'anything else';
const closedDescriptor = 'a closed one';
const targets = fc.constantFrom(...descriptorNames, closedDescriptor, otherDescriptors);
const tokens = [0, 1, 2, 2 ** 53 - 1];

function callsOf(name: string, { takesDescriptor = false, args }: Signature): fc.Arbitrary<Call> {
  if (!takesDescriptor) return callOf(name, fc.constant(''), args, strange);
  // The first value is for where the descriptor is something else.
  return callOf(name, targets, [fc.oneof(strangeNumber, strange), ...args], strange);
}

// As often as all those of the options together.
const named = [...functions].map(([name, { signature }]) => ({ isOption: name.includes('.'), calls: callsOf(name, signature) }));
const [ofOptions, ofOthers] = [true, false].map((isOption) => fc.oneof(...named.filter((one) => one.isOption === isOption).map(({ calls }) => calls)));

async function run(calls: readonly Call[]): Promise<void> {
  const made = new Made();
  const descriptors = new Map<string, number>();
  for (const { target } of calls) {
    if (descriptorNames.includes(target) && !descriptors.has(target)) descriptors.set(target, await makeDescriptor(target, made));
  }
  try {
    for (const call of calls) {
      makeCall(call, descriptors, made);
      // What the calls have set off has its turn now and then.
      if (call.name === 'shutdown' || call.name === 'startLinger') await new Promise(setImmediate);
    }
  } finally {
    for (const token of tokens) native.stopLinger(token, true);
    for (const descriptor of descriptors.values()) {
      try {
        setLinger?.(descriptor, null); // set by a raw option: close() would wait
      } catch {
        // not a socket, or closed already
      }
    }
    made.close();
  }
}

function makeCall(call: Call, descriptors: ReadonlyMap<string, number>, made: Made): void {
  const { signature, call: callNative } = functions.get(call.name)!;
  const args = call.args.map((value) => value.make());
  if (call.target === closedDescriptor) {
    // The number of nobody: nothing is opened until the call.
    const one = native.openSocket(false);
    args[0] = one;
    native.closeSocket(one);
  } else if (descriptors.has(call.target)) {
    args[0] = descriptors.get(call.target);
  }
  if (call.name.endsWith('RawOption') && isLeftOut(args)) return;
  // Whose it would be: the others are closed by those who have them.
  if (call.name === 'closeSocket' && call.target !== closedDescriptor && Number.isInteger(args[0]) && Math.abs(args[0] as number) < 2 ** 20) return;
  // Root would have the kernel look for a module of that name.
  if (call.name === 'congestion.set' && typeof args[1] === 'string' && args[1] !== 'reno') return;
  let result: unknown;
  try {
    result = callNative(...args);
  } catch (error) {
    judgeError(call, error);
    return;
  }
  if (call.name === 'openSocket') made.ownSocket(result as number);
  if (!signature.isResult(result, args)) throw new Error(`${fc.stringify(call)} returns ${fc.stringify(result)}`);
}

await fuzz({ numRuns: 500, calls: fc.oneof(ofOptions!, ofOthers!), run });
