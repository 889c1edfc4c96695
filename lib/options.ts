// The option registry: one documented row per option. Types, "not supported" errors, the round-trip tests
// and the table in docs/API.md derive from it. The other place to touch for a new option is its row in
// native/sys/<system>.cc. Sorted by level, then by the C constant's name.
import { makeError } from './errors.js';
import { native, type NativeOption } from './native.js';

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

type NativeOptions = Readonly<Record<OptionName, NativeOption>>;

let found: NativeOptions | undefined;

/** Each option's row in the addon. One that this system lacks throws ERR_OPTION_NOT_SUPPORTED when it is used. */
export function nativeOptions(): NativeOptions {
  return (found ??= findNativeOptions());
}

function findNativeOptions(): NativeOptions {
  const names = Object.keys(registry) as OptionName[];
  const rows = names.map((name) => native.options.find((option) => option.name === name) ?? lacking(name));
  return Object.fromEntries(rows.map((row) => [row.name, row])) as NativeOptions;
}

function lacking(name: OptionName): NativeOption {
  const refuse = (): never => {
    throw makeError('ERR_OPTION_NOT_SUPPORTED', name, process.platform);
  };
  return { name, max: 0, get: refuse, set: refuse };
}
