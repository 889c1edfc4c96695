// The options of a lingering close, and what is wrong with them.
import { describe, makeError } from './errors.js';
import type { LingerLimits } from './verdict.js';

export interface LingerOptions {
  /** Milliseconds in all; Infinity for no limit. Default 30 000. */
  timeout?: number;
  /** Milliseconds without progress in either direction; Infinity for no limit. Default 5 000. */
  idleTimeout?: number;
  /** Bytes of input that are discarded before lingering stops. Default: no limit. */
  maxBytes?: number;
  /**
   * What to wait for: the peer's FIN and the acknowledgement of ours (default), or the acknowledgement alone.
   */
  until?: 'peer-fin' | 'acked';
  /** Input: thrown away (default), or given to the application as before. */
  unread?: 'discard' | 'deliver';
  /**
   * At a limit (timeout, idleTimeout, maxBytes): a plain close (default; the kernel goes on sending what it has,
   * unless the peer sends more, which it answers by a reset), or a reset, which drops it.
   */
  onTimeout?: 'close' | 'reset';
  /** Closes at once and rejects with AbortError. */
  signal?: AbortSignal;
}

/** ERR_INVALID_ARG_TYPE for anything but an object. */
export function checkObject(options: unknown): void {
  if (typeof options === 'object' && options !== null) return;
  throw makeError('ERR_INVALID_ARG_TYPE', 'options', 'an object', describe(options));
}

/** ERR_INVALID_ARG_TYPE or ERR_OUT_OF_RANGE for anything but 0 or more, or Infinity. */
export function checkAmount(name: string, value: unknown): number {
  if (typeof value !== 'number') throw makeError('ERR_INVALID_ARG_TYPE', `options.${name}`, 'a number', describe(value));
  if (!(value >= 0)) throw makeError('ERR_OUT_OF_RANGE', `options.${name}`, '0 or more, or Infinity', describe(value));
  return value;
}

/** ERR_INVALID_ARG_VALUE for anything but one of `choices`, the first of which is the default. */
export function checkChoice<Choice extends string>(name: string, value: unknown, ...choices: [Choice, ...Choice[]]): Choice {
  const found = value === undefined ? choices[0] : choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const expected = choices.map((choice) => `'${choice}'`).join(' or ');
  throw makeError('ERR_INVALID_ARG_VALUE', `options.${name}`, expected, describe(value));
}

export function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw makeError('ERR_INVALID_ARG_TYPE', 'options.signal', 'an AbortSignal', describe(signal));
}

export interface CheckedLingerOptions extends LingerLimits {
  readonly signal: AbortSignal | undefined;
}

/** With the defaults filled in; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE. */
export function checkLingerOptions(options: LingerOptions): CheckedLingerOptions {
  checkObject(options);
  return {
    timeout: checkAmount('timeout', options.timeout ?? 30_000),
    idleTimeout: checkAmount('idleTimeout', options.idleTimeout ?? 5_000),
    maxBytes: checkAmount('maxBytes', options.maxBytes ?? Infinity),
    until: checkChoice('until', options.until, 'peer-fin', 'acked'),
    unread: checkChoice('unread', options.unread, 'discard', 'deliver'),
    resetAtLimit: checkChoice('onTimeout', options.onTimeout, 'close', 'reset') === 'reset',
    signal: checkSignal(options.signal),
  };
}
