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
  /**
   * Segments with RST that the client's kernel has sent. What it sent before may come after it, and is answered by RST. How the
   * lingers have ended would not tell: wget and Python reset as soon as they have the answer over TLS (they don't read our
   * close_notify), with 2 MB before the server's last write is done and a linger can begin.
   */
  readonly resets: number;
  /** One line for each try that was not complete. */
  readonly losses: readonly string[];
}

/** "slow link, curl, 300000 bytes, https, express, with us" */
export function describeCombination({ link, client, replyBytes, scheme, server, lingers }: Combination): string {
  return `${link} link, ${client}, ${replyBytes} bytes, ${scheme}, ${server}, ${lingers ? 'with' : 'without'} us`;
}
