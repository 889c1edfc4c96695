// What is combined with what, and what comes out.
import type { AbortCounters } from '../test/support/namespace.js';
import type { LinkName } from './link.js';
import type { Scheme } from './servers/server.js';

export const clientNames = ['curl', 'wget', 'python', 'java', 'fetch', 'node-http'] as const;
export type ClientName = (typeof clientNames)[number];

export const serverNames = ['node-http', 'express', 'fastify', 'koa', 'hono', 'nginx'] as const;
export type ServerName = (typeof serverNames)[number];

/** One cell of the table. */
export interface Combination {
  readonly link: LinkName;
  readonly server: ServerName;
  /** With us; nginx always, by its own `lingering_close`. */
  readonly lingers: boolean;
  readonly client: ClientName;
  readonly scheme: Scheme;
  readonly replyBytes: number;
}

export interface CombinationResult extends Combination {
  /** How many were made. */
  readonly tries: number;
  /** The first one took the client's patience: it waited for the server, and the server for it. No other was made. */
  readonly isStuck: boolean;
  /** Tries in which the client got the whole answer. */
  readonly complete: number;
  /** Tries in which every byte of the answer reached the client's socket, read or not; null: the server can't tell. */
  readonly reached: number | null;
  /** What the server's namespace has counted. */
  readonly counters: AbortCounters;
  /** Lingers that the client has ended with a reset. What it sent before that may come after it, and is answered by RST. */
  readonly resets: number;
  /** One line for each try that was not complete. */
  readonly losses: readonly string[];
}

/** "slow link, curl, 300000 bytes, https, express, with us" */
export function describeCombination({ link, client, replyBytes, scheme, server, lingers }: Combination): string {
  return `${link} link, ${client}, ${replyBytes} bytes, ${scheme}, ${server}, ${lingers ? 'with' : 'without'} us`;
}
