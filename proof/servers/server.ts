// What every server of the proof has in common.
import type http from 'node:http';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** What a module of this folder exports; fastify's server has to be waited for. */
export interface ServerModule {
  createServer(certificate?: Certificate): http.Server | Promise<http.Server>;
}

export type Scheme = 'http' | 'https';

/** The answer to "listen". */
export type Ports = Readonly<Record<Scheme, number>>;

/** The answer to "settle": how the connections have ended since the last time. */
export interface Tally {
  /** Connections that were accepted. */
  readonly connections: number;
  /** Those that lingered until the client's kernel had acknowledged every byte of the answer; null: nobody can tell. */
  readonly delivered: number | null;
  /** The results of those that lingered, in words. */
  readonly results: readonly string[];
}
