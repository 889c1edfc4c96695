// The whole proof: what can be combined on this machine, and the lanes that try it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { LineChild } from '../bench/child.js';
import { inNamespace, noNamespaceReason } from '../test/support/namespace.js';
import {
  clientNames,
  describeCombination,
  serverNames,
  type ClientName,
  type Combination,
  type CombinationResult,
  type ServerName,
} from './combination.js';
import type { Request } from './lane.js';
import { linkNames, type LinkName } from './link.js';
import { replySizes } from './reply.js';

export interface ProofOptions {
  readonly tries: number;
  readonly clients: readonly ClientName[];
  readonly servers: readonly ServerName[];
  readonly links: readonly LinkName[];
  readonly signal?: AbortSignal;
  /** Told of every result. */
  readonly progress?: (result: CombinationResult, done: number, all: number) => void;
}

export interface ProofReport {
  readonly node: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly tries: number;
  readonly results: readonly CombinationResult[];
  /** What is not here, and so was left out. */
  readonly skipped: readonly string[];
}

const uploadBytes = 100_000_000;
/** Most of the time of most tries is somebody's waiting. */
const lanes = 4;

/** Why nothing of it can be tried on this machine, if so. */
export function noProofReason(): string | undefined {
  return noNamespaceReason('nsenter', 'tc', 'nft');
}

function prints(pattern: RegExp, command: string, ...args: string[]): boolean {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return pattern.test(`${stdout}${stderr}`);
}

const needs: Partial<Record<ClientName | ServerName, [what: string, isHere: () => boolean]>> = {
  curl: ['curl', () => prints(/^curl/, 'curl', '--version')],
  wget: ['wget (GNU)', () => prints(/^GNU Wget 1/, 'wget', '--version')],
  python: ['python3', () => prints(/^Python 3/, 'python3', '--version')],
  java: ['a JDK', () => prints(/jdk\.compiler/, 'java', '--list-modules')],
  nginx: ['nginx with TLS, or setpriv', () => prints(/http_ssl_module/, 'setpriv', 'nginx', '-V')],
};

/** Those that are installed here; the others are noted. */
function available<Name extends ClientName | ServerName>(names: readonly Name[], skipped: string[]): Name[] {
  return names.filter((name) => {
    const need = needs[name];
    if (need === undefined || need[1]()) return true;
    skipped.push(`${name}: ${need[0]} is not installed`);
    return false;
  });
}

/** What one lane does in one go: everything with one server on one link. */
function group(link: LinkName, server: ServerName, lingers: boolean, clients: readonly ClientName[]): Combination[] {
  return clients.flatMap((client) =>
    replySizes.flatMap((replyBytes) =>
      (['http', 'https'] as const).map((scheme) => ({ link, server, lingers, client, scheme, replyBytes })),
    ),
  );
}

function combine(links: readonly LinkName[], servers: readonly ServerName[], clients: readonly ClientName[]): Combination[][] {
  return servers.flatMap((server) =>
    [false, true].flatMap((lingers) =>
      server === 'nginx' && !lingers ? [] : links.map((link) => group(link, server, lingers, clients)),
    ),
  );
}

/** A lane and everything that it starts make their files in the folder: they may be killed before they can tidy up. */
function makeLane(folder: string, upload: string): LineChild {
  const lane = fileURLToPath(new URL('lane.js', import.meta.url));
  return new LineChild('unshare', inNamespace('env', `TMPDIR=${folder}`, process.execPath, lane, upload));
}

/** noProofReason() has to be asked before. */
export async function prove({ tries, clients, servers, links, signal, progress }: ProofOptions): Promise<ProofReport> {
  const startedAt = new Date();
  const skipped: string[] = [];
  const groups = combine(links, available(servers, skipped), available(clients, skipped));
  const all = groups.flat().length;
  const results: CombinationResult[] = [];

  const folder = mkdtempSync(path.join(tmpdir(), 'socket-linger-proof-'));
  const upload = path.join(folder, 'upload');
  writeFileSync(upload, '');
  truncateSync(upload, uploadBytes);

  const work = async (): Promise<void> => {
    const lane = makeLane(folder, upload);
    try {
      for (let mine = groups.shift(); mine !== undefined; mine = groups.shift()) {
        for (const combination of mine) {
          signal?.throwIfAborted();
          const request: Request = { combination, tries };
          const [line] = await lane.ask(JSON.stringify(request), tries * 60_000).catch((error: unknown) => {
            throw new Error(describeCombination(combination), { cause: error });
          });
          const result = JSON.parse(line!) as CombinationResult;
          results.push(result);
          progress?.(result, results.length, all);
        }
      }
    } finally {
      groups.length = 0; // where one lane fails the others need not go on
      await lane.stop();
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, work));
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  const durationMs = Date.now() - startedAt.getTime();
  return { node: process.version, startedAt: startedAt.toISOString(), durationMs, tries, results, skipped };
}

export const everything = { clients: clientNames, servers: serverNames, links: linkNames } as const;
