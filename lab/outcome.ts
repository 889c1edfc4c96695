// What the lab found out, as --json prints it and as the table and the report show it.
import os from 'node:os';

import type { RunResult, Seen } from './protocol.js';
import { settings } from './settings.js';
import { situations, type Situation } from './situations.js';
import { strategies, type Strategy } from './strategies.js';

/** The object that `--json` prints. Times are milliseconds. */
export interface LabOutcome {
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  readonly kernel: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly settings: typeof settings;
  readonly strategies: readonly { readonly id: string; readonly label: string; readonly explanation: string }[];
  readonly situations: readonly Pick<Situation, 'id' | 'title' | 'explanation' | 'deliverable'>[];
  /** One per situation and strategy, in the order of the two lists. */
  readonly results: readonly LabResult[];
}

export interface LabResult extends Omit<RunResult, 'saw'> {
  /** `errno`: this system's number for the error (Windows: Winsock's). */
  readonly peerSaw: Seen & { readonly errno?: number };
}

function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** This system's own name and number for an error code of Node's. */
export function systemError(code: string): { name: string; errno: number } | undefined {
  const numbers: Partial<Record<string, number>> = os.constants.errno;
  for (const name of [`WSA${code}`, code]) {
    const errno = numbers[name];
    if (errno !== undefined) return { name, errno };
  }
  return undefined;
}

function withErrno(saw: Seen): LabResult['peerSaw'] {
  const known = saw.code === undefined ? undefined : systemError(saw.code);
  return known === undefined ? saw : { ...saw, errno: known.errno };
}

export function makeOutcome(results: readonly RunResult[], startedAt: Date, durationMs: number): LabOutcome {
  return {
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    kernel: os.release(),
    startedAt: startedAt.toISOString(),
    durationMs: roundMs(durationMs),
    settings,
    strategies: strategies.map(({ id, label, explanation }: Strategy) => ({ id, label, explanation })),
    situations: situations.map(({ id, title, explanation, deliverable }) => ({ id, title, explanation, deliverable })),
    results: results.map(({ strategy, situation, sentBytes, receivedBytes, intact, saw, verdict, closeMs, longestStallMs }) => ({
      strategy,
      situation,
      sentBytes,
      receivedBytes,
      intact,
      peerSaw: withErrno(saw),
      verdict,
      closeMs: closeMs === null ? null : roundMs(closeMs),
      longestStallMs: roundMs(longestStallMs),
    })),
  };
}

/** The results of one situation, in the order of the strategies. */
export function resultsOf({ results }: LabOutcome, situation: string): LabResult[] {
  return results.filter((result) => result.situation === situation);
}

export function isComplete({ sentBytes, receivedBytes, intact }: LabResult): boolean {
  return intact && receivedBytes === sentBytes;
}

/** The close lost bytes. What a peer that resets does without is its own doing. */
export function isLost(result: LabResult): boolean {
  return !isComplete(result) && result.peerSaw.kind !== 'own-reset';
}
