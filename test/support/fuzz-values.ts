// Arguments for the fuzz tests: of every type, by a name that a report can show.
import { types } from 'node:util';

import fc from 'fast-check';

/** Thrown by hostile values when they are touched. Whoever passes it on has a code to show for it. */
export const hostile = Object.assign(new Error('a hostile value was touched'), { code: 'ERR_HOSTILE' });

function refuse(): never {
  throw hostile;
}

const traps = Object.fromEntries(Reflect.ownKeys(Reflect).filter((key) => typeof key === 'string').map((key) => [key, refuse]));

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function detached<T extends { readonly buffer: ArrayBufferLike }>(array: T): T {
  structuredClone(array, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

/** A view on a buffer that has become shorter than the view. */
function outOfBounds(): Uint8Array {
  const buffer = new (ArrayBuffer as new (length: number, options: object) => ArrayBuffer & { resize?(length: number): void })(16, {
    maxByteLength: 32,
  });
  const view = new Uint8Array(buffer, 8, 8);
  buffer.resize?.(4);
  return view;
}

/** Made once: a sanitizer takes seconds and gigabytes for each. */
let huge: Uint8Array | undefined;

const makers: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  'a bigint': () => 2n ** 64n,
  'a symbol': () => Symbol('fuzz'),
  "''": () => '',
  "'\\0'": () => '\0',
  "'lo\\0lo'": () => 'lo\0lo',
  'a lone surrogate': () => '\ud800',
  "'reno'": () => 'reno',
  "'3'": () => '3',
  "'both'": () => 'both',
  "'linger'": () => 'linger',
  "'noDelay'": () => 'noDelay',
  "'__proto__'": () => '__proto__',
  'a long string': () => 'x'.repeat(70_000),
  'a function': () => () => undefined,
  'an async function': () => async () => Promise.resolve(),
  'a throwing function': () => refuse,
  '{}': () => ({}),
  'Object.create(null)': () => Object.create(null) as unknown,
  '{ toString() { throw } }': () => ({ toString: refuse, valueOf: refuse, [Symbol.toPrimitive]: refuse }),
  '{ get throws }': () =>
    Object.defineProperties({}, Object.fromEntries(['timeout', 'code', '_handle', 'blocking', 'host', 'length'].map((key) => [key, { get: refuse, enumerable: true }]))),
  '{ _handle: { fd: -1 } }': () => ({ _handle: { fd: -1 }, destroyed: false }),
  'a proxy': () => new Proxy({}, {}),
  'a hostile proxy': () => new Proxy({}, traps),
  'a hostile function proxy': () => new Proxy(() => undefined, traps),
  'a revoked proxy': revoked,
  '[]': () => [],
  '[[[1]]]': () => [[[1]]],
  'a Date': () => new Date(NaN),
  'an Error': () => new Error('fuzz'),
  'an AbortSignal': () => new AbortController().signal,
  'an aborted AbortSignal': () => AbortSignal.abort(),
  'a Promise': () => Promise.resolve(),
  'an ArrayBuffer': () => new ArrayBuffer(64),
  'a detached ArrayBuffer': () => detached(new Uint8Array(64)).buffer,
  'a SharedArrayBuffer': () => new SharedArrayBuffer(64),
  'a DataView': () => new DataView(new ArrayBuffer(64)),
  'a Uint8Array of a SharedArrayBuffer': () => new Uint8Array(new SharedArrayBuffer(64)),
  'a Float64Array of a SharedArrayBuffer': () => new Float64Array(new SharedArrayBuffer(64)),
  'a Uint8Array at an odd place': () => new Uint8Array(new ArrayBuffer(64), 3, 17),
  'a huge Uint8Array': () => (huge ??= new Uint8Array(2 ** 31 + 8)),
  'a huge array': () => Array.from({ length: 10_000 }),
  'a sparse array': () => new Array<unknown>(2 ** 32 - 1),
  'a detached Uint8Array': () => detached(new Uint8Array(64)),
  'a detached Float64Array': () => detached(new Float64Array(64)),
  'a Uint8Array out of bounds': outOfBounds,
  'a proxy of a Uint8Array': () => new Proxy(new Uint8Array(8), {}),
  'an object of Uint8Array.prototype': () => Object.create(Uint8Array.prototype) as unknown,
};
const arrays = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array];
for (const type of arrays) {
  makers[`${type.name}(8)`] = () => new type(8);
  makers[`${type.name}(0)`] = () => new type(0);
}

/** A value that is made anew for each call, since some can be used up. */
export class Value {
  constructor(
    readonly name: string,
    readonly make: () => unknown,
  ) {}

  [fc.toStringMethod](): string {
    return this.name;
  }
}

export const strange: fc.Arbitrary<Value> = fc.constantFrom(...Object.entries(makers).map(([name, make]) => new Value(name, make)));

function showNumber(number: number): string {
  return Object.is(number, -0) ? '-0' : String(number);
}

/** Numbers that can't be a descriptor of this process. */
export const strangeNumber: fc.Arbitrary<Value> = fc
  .oneof(
    fc.constantFrom(NaN, -0, -1, 0.5, Infinity, -Infinity, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 2 ** 63, 1e308, 5e-324),
    fc.double().filter((number) => !(number >= 0 && number < 2 ** 30)),
  )
  .filter((number) => !Object.is(number, -0)) // a descriptor after all: 0
  .map((number) => new Value(showNumber(number), () => number));

export const number: fc.Arbitrary<Value> = fc
  .oneof(fc.integer({ min: 0, max: 20 }), fc.integer(), fc.double(), fc.constantFrom(-0, 1e9))
  .map((one) => new Value(showNumber(one), () => one));

export const boolean: fc.Arbitrary<Value> = fc.boolean().map((flag) => new Value(String(flag), () => flag));

export function oneOf(...choices: (string | number | boolean | null)[]): fc.Arbitrary<Value> {
  return fc.constantFrom(...choices.map((choice) => new Value(JSON.stringify(choice), () => choice)));
}

export const bytes: fc.Arbitrary<Value> = fc
  .oneof(fc.uint8Array({ maxLength: 32 }), fc.nat({ max: 2048 }).map((length) => new Uint8Array(length)), fc.constantFrom(new Uint8Array(65_536), new Uint8Array(65_537)))
  .map((array) => new Value(array.length > 32 ? `Uint8Array(${array.length})` : `Uint8Array[${String(array)}]`, () => Uint8Array.from(array)));

export const numbers: fc.Arbitrary<Value> = fc
  .array(fc.oneof(fc.nat({ max: 20 }), fc.constantFrom(NaN, -1, -0, 0.5, 1e9, 2 ** 53, 1e300, Infinity)), { maxLength: 8 })
  .map((array) => new Value(`Float64Array[${String(array)}]`, () => Float64Array.from(array)));

/** What is thrown is no mistake of ours: an error with a code, or what a hostile value has thrown itself. */
export function isGoodError(error: unknown, isKnownCode: (error: NodeJS.ErrnoException) => boolean): boolean {
  if (error === hostile) return true;
  // V8's own word for a hostile object, of options for example.
  if (error instanceof TypeError && error.message.endsWith('on a proxy that has been revoked')) return true;
  return types.isNativeError(error) && typeof (error as NodeJS.ErrnoException).code === 'string' && isKnownCode(error);
}
