// The examples as modules. They are plain JavaScript, to be pasted; these are their types.
import type net from 'node:net';

import { exampleUrl } from './examples-programs.js';

export interface ConnectionLostError extends Error {
  readonly code: 'ERR_CONNECTION_LOST';
  readonly cause?: NodeJS.ErrnoException;
}

interface Messages {
  readonly ConnectionLostError: new (cause?: Error) => ConnectionLostError;
  readonly readExactly: (socket: net.Socket, n: number) => Promise<Buffer>;
  readonly readMessage: (socket: net.Socket, longest?: number) => Promise<Buffer>;
  readonly writeMessage: (socket: net.Socket, message: Buffer) => Promise<void>;
}

export interface ClientOptions {
  connect: () => net.Socket;
  tries?: number;
  backOff?: number;
  silence?: number;
  onLost?: (error: ConnectionLostError, attempt: number) => void;
}

export interface Client {
  request(message: Buffer): Promise<Buffer>;
  close(): void;
}

type Answer = (message: Buffer) => Buffer | Promise<Buffer>;

export const { readExactly, readMessage, writeMessage } = (await import(exampleUrl('messages.mjs'))) as Messages;

export const { createClient } = (await import(exampleUrl('exact-client.mjs'))) as {
  readonly createClient: (options: ClientOptions) => Client;
};

export const { createTolerantServer } = (await import(exampleUrl('tolerant-server.mjs'))) as {
  readonly createTolerantServer: (answer: Answer, options?: { silence?: number; log?: (line: string) => void }) => net.Server;
};
