// explainError(): what an error of a connection means.
import { getSystemErrorName } from 'node:util';

import { errorTable, type ErrorRow, type KnownErrorCode } from './error-table.js';

/** What an error means, why it comes, and what to do. */
export interface Explanation {
  /** null: none that is known here. */
  readonly code: KnownErrorCode | null;
  /** The kernels' numbers for it, as positive as the kernels count; null: it has none. Windows' is Winsock's. */
  readonly errno: { readonly linux: number; readonly macos: number; readonly windows: number | null } | null;
  /** 'WSAECONNRESET'; null: it has none. */
  readonly windowsName: string | null;
  /** Who has made it: the operating system, or Node (or undici) with a code of the same name; null: can't tell. */
  readonly origin: 'system' | 'node' | null;
  /** The call that failed: 'read', 'write', 'connect' ...; null: not known. */
  readonly syscall: string | null;
  readonly summary: string;
  /** Likely causes, the likeliest first. */
  readonly causes: readonly string[];
  readonly advice: readonly string[];
  /** What was explained: `err` itself, or what it wraps. */
  readonly error: unknown;
  /** Other codes that are in it: happy eyeballs fails in several ways at once. */
  readonly others: readonly KnownErrorCode[];
}

const rows: Readonly<Record<string, ErrorRow>> = errorTable;
const codes = Object.keys(errorTable) as KnownErrorCode[];

/** Errors that are looked at: causes may go round in circles, or never end. */
const most = 64;

/** Getters and proxies may throw. */
function get(object: unknown, key: string): unknown {
  try {
    return object === null || (typeof object !== 'object' && typeof object !== 'function')
      ? undefined
      : (object as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function known(code: string): KnownErrorCode | undefined {
  const plain = code.startsWith('WSAE') ? code.slice(3) : code;
  if (Object.hasOwn(errorTable, plain)) return plain as KnownErrorCode;
  return codes.find((one) => rows[one]!.windowsName === code);
}

function fromText(text: string): KnownErrorCode | undefined {
  const direct = known(text);
  if (direct !== undefined) return direct;
  // A hostile text may be of any length.
  for (const word of text.slice(0, 1000).match(/\b[A-Z][A-Z_]{3,}\b/g) ?? []) {
    const code = known(word);
    if (code !== undefined) return code;
  }
  return undefined;
}

function fromNumber(number: number): KnownErrorCode | undefined {
  if (!Number.isInteger(number) || number === 0) return undefined;
  const positive = Math.abs(number);
  try {
    const here = known(getSystemErrorName(-positive));
    if (here !== undefined) return here;
  } catch {
    // not a number of this system's
  }
  // Another system's: a log may come from anywhere. Linux' before macOS', whose numbers are smaller and mean much else.
  const matches = (test: (row: ErrorRow) => boolean): KnownErrorCode | undefined => codes.find((code) => test(rows[code]!));
  return (
    matches((row) => row.numbers?.windows === positive || row.uvWindows === -positive) ??
    matches((row) => row.numbers?.linux === positive) ??
    matches((row) => row.numbers?.macos === positive)
  );
}

function codeOf(value: unknown): KnownErrorCode | undefined {
  if (typeof value === 'string') return fromText(value);
  if (typeof value === 'number') return fromNumber(value);
  const code = get(value, 'code');
  if (typeof code === 'string') return known(code);
  const errno = get(value, 'errno');
  if (typeof errno === 'number') return fromNumber(errno);
  const message = get(value, 'message');
  return typeof message === 'string' ? fromText(message) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  try {
    return Array.isArray(value) ? Array.from({ length: Math.min(value.length, most) }, (_, index) => get(value, String(index))) : [];
  } catch {
    return []; // a revoked proxy
  }
}

/** Everything that is in an error, in the order in which it explains: an AggregateError has only its first one's code. */
function unwrap(value: unknown): unknown[] {
  const found: unknown[] = [];
  const seen = new Set<unknown>();
  const visit = (one: unknown): void => {
    if (one == null || seen.has(one) || seen.size >= most) return;
    seen.add(one);
    listOf(get(one, 'errors')).forEach(visit);
    found.push(one);
    visit(get(one, 'cause'));
  };
  visit(value);
  return found;
}

const unknown: ErrorRow = {
  summary: 'Not an error that this package knows: it says nothing about the connection.',
  causes: [],
  advice: ["its own message, and docs/CAUSES.md for what is known", "closeCause() of the socket, if it has one"],
};

/**
 * What an error of a connection means: the kernels' numbers for it, its likely causes in order, and what to do; from the
 * table that docs/CAUSES.md shows. Takes an Error, what wraps one (`cause`, AggregateError), a code ('ECONNRESET',
 * 'WSAECONNRESET'), or a number (104, -4077, 10054). It never throws: of what it does not know it says that (`code: null`).
 */
export function explainError(err: unknown): Explanation {
  const found = unwrap(err).flatMap((error) => {
    const code = codeOf(error);
    return code === undefined ? [] : [{ code, error }];
  });
  const first = found[0];
  const row: ErrorRow = first === undefined ? unknown : rows[first.code]!;
  const call = first === undefined ? undefined : get(first.error, 'syscall');
  const syscall = typeof call === 'string' ? call : null;
  const origin = first === undefined ? null : originOf(first.error, row);
  return {
    code: first?.code ?? null,
    errno: row.numbers ?? null,
    windowsName: row.windowsName ?? (row.numbers?.windows == null ? null : `WSA${first?.code}`),
    origin,
    syscall,
    summary: row.summary,
    causes: (origin === 'node' ? row.madeByNode : syscall === 'connect' ? row.connecting : undefined) ?? row.causes,
    advice: row.advice,
    error: first === undefined ? err : first.error,
    others: [...new Set(found.map(({ code }) => code))].filter((code) => code !== first?.code),
  };
}

function originOf(error: unknown, row: ErrorRow): 'system' | 'node' | null {
  if (row.numbers === undefined) return 'node';
  if (typeof error !== 'object' || typeof get(error, 'code') !== 'string') return null;
  return get(error, 'errno') === undefined ? 'node' : 'system';
}
