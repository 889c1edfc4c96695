// The registry's options in the addon: what this system has of them.
import { makeError } from './errors.js';
import { native, type Native, type NativeOption } from './native.js';
import { registry, type OptionName } from './options.js';

type NativeRow = Native['options'][number];
type NativeOptions = Readonly<Record<OptionName, NativeOption>>;

let found: NativeOptions | undefined;

/**
 * Each option's row in the addon. One that this system lacks throws ERR_OPTION_NOT_SUPPORTED when it is used, and so
 * does the wrong direction of one that can only be read, or only be set.
 */
export function nativeOptions(): NativeOptions {
  return (found ??= findNativeOptions());
}

function findNativeOptions(): NativeOptions {
  const names = Object.keys(registry) as OptionName[];
  return Object.fromEntries(names.map((name) => [name, findNativeOption(name)])) as NativeOptions;
}

function rowOf(name: OptionName): NativeRow | undefined {
  return native.options.find((row) => row.name === name);
}

function findNativeOption(name: OptionName): NativeOption {
  const row = rowOf(name);
  const refuse = (): never => {
    throw refusal(name, row);
  };
  return { name, min: 0, max: 0, get: refuse, set: refuse, ...row };
}

/** Why an option can't be used, or not in the direction that its row lacks. */
function refusal(name: OptionName, row: NativeRow | undefined): Error {
  const direction = row?.get === undefined ? 'set' : 'read';
  const why = row === undefined ? `${process.platform} does not have it` : `it can only be ${direction}`;
  return makeError('ERR_OPTION_NOT_SUPPORTED', name, why);
}

/** ERR_OPTION_NOT_SUPPORTED for what this system does not have, or can only read. */
export function checkSettable(name: OptionName): void {
  const row = rowOf(name);
  if (row?.set === undefined) throw refusal(name, row);
}

/** The options that this system has, sorted. */
export function supportedOptions(): readonly OptionName[] {
  return native.options.map(({ name }) => name as OptionName).sort();
}
