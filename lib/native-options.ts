// The registry's options in the addon: what this system has of them.
import { makeError } from './errors.js';
import { native, type NativeOption } from './native.js';
import { registry, type OptionName } from './options.js';

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

function findNativeOption(name: OptionName): NativeOption {
  const row = native.options.find((option) => option.name === name);
  const refuse = (why: string) => (): never => {
    throw makeError('ERR_OPTION_NOT_SUPPORTED', name, why);
  };
  const lacking = refuse(`${process.platform} does not have it`);
  if (row === undefined) return { name, min: 0, max: 0, get: lacking, set: lacking };
  return { ...row, get: row.get ?? refuse('it can only be set'), set: row.set ?? refuse('it can only be read') };
}

/** ERR_OPTION_NOT_SUPPORTED for what this system does not have, or can only read. */
export function checkSettable(name: OptionName): void {
  const isSettable = native.options.some((option) => option.name === name && option.set !== undefined);
  if (!isSettable) nativeOptions()[name].set(-1, undefined); // its refusal
}

/** The options that this system has, sorted. */
export function supportedOptions(): readonly OptionName[] {
  return native.options.map(({ name }) => name as OptionName).sort();
}
