// Servers of node:http and node:https, and raw clients that do what real ones rarely do.
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import { connect } from 'node:net';
import tls from 'node:tls';

import { certificate, listen, readAll, silence, track, until } from './pair.js';

export const protocols = ['http', 'https'] as const;
export type Protocol = (typeof protocols)[number];

const halfOpen = { allowHalfOpen: true };

export interface Host {
  readonly server: http.Server;
  /** Waits until that many requests have come, in all. */
  readonly requested: (count: number) => Promise<void>;
  /** Connects and does not read until it is told to. */
  readonly connect: () => Promise<net.Socket>;
}

export async function startHost(protocol: Protocol, handler?: http.RequestListener, options: http.ServerOptions = {}): Promise<Host> {
  const server =
    protocol === 'http' ? http.createServer(options, handler) : https.createServer({ ...certificate, ...options }, handler);
  let requests = 0;
  server.on('request', () => (requests += 1));
  const target = await listen(server);
  return {
    server: server,
    requested: (count) => until(`${count} requests have come`, () => requests >= count),
    connect: async () => {
      const socket = track(
        protocol === 'http'
          ? connect({ ...target, ...halfOpen })
          : tls.connect({ ...target, ...halfOpen, rejectUnauthorized: false }),
      );
      await once(socket, protocol === 'http' ? 'connect' : 'secureConnect');
      silence(socket);
      return socket;
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
  /** What came after the last byte: 'end', or an error's code. */
  readonly saw: string;
}

/** Reads until the connection ends, and takes what came for one answer. */
export async function readAnswer(socket: net.Socket): Promise<Answer> {
  const { data, saw } = await readAll(socket);
  const split = data.indexOf('\r\n\r\n');
  const head = data.toString('latin1', 0, Math.max(0, split));
  return { status: Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1] ?? 0), head, body: data.subarray(split + 4), saw };
}

export function postHead(path: string, bytes: number | 'chunked', version = '1.1'): string {
  const length = bytes === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`;
  return `POST ${path} HTTP/${version}\r\nHost: test\r\n${length}\r\n\r\n`;
}

/** Writes and waits until the kernel has it all. */
export async function send(socket: net.Socket, data: string | Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => socket.write(data, (error) => (error ? reject(error) : resolve())));
}
