// The option registry: one documented row per option. Types, "not supported" errors, the round-trip tests
// and the table in docs/API.md derive from it. The other place to touch for a new option is its row in
// native/sys/<system>.cc. Sorted by level, then by the C constant's name.
import { makeError } from './errors.js';
import { native } from './native.js';

interface OptionRow {
  readonly kind: 'boolean' | 'linger';
  readonly level: string;
  readonly constant: string;
  readonly doc: string;
}

export const registry = {
  linger: {
    kind: 'linger',
    level: 'SOL_SOCKET',
    constant: 'SO_LINGER',
    doc: 'What a close does with unsent output: null leaves it to the kernel, 0 resets, n waits up to n seconds',
  },
  noDelay: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_NODELAY',
    doc: "Small writes go out at once instead of waiting for the last one's acknowledgement (Nagle)",
  },
} as const satisfies Record<string, OptionRow>;

export type OptionName = keyof typeof registry;

interface KindValues {
  boolean: boolean;
  linger: number | null;
}

/** What an option's value is in JavaScript. */
export type OptionValue<Name extends OptionName> = KindValues[(typeof registry)[Name]['kind']];

interface NativeRow {
  readonly index: number;
  readonly max: number;
}

const nativeRows: Partial<Record<OptionName, NativeRow>> = {};

/** The option's row in the addon, or ERR_OPTION_NOT_SUPPORTED if this system has none. */
export function nativeRow(name: OptionName): NativeRow {
  return nativeRows[name] ?? findNativeRow(name);
}

function findNativeRow(name: OptionName): NativeRow {
  const index = native.options.findIndex((option) => option.name === name);
  const found = native.options[index];
  if (found === undefined) throw makeError('ERR_OPTION_NOT_SUPPORTED', name, process.platform);
  return (nativeRows[name] = { index, max: found.max });
}
