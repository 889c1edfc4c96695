// Thousands of HTTP clients in a process of their own: some ask and read, some upload for ever.
import { once } from 'node:events';
import net from 'node:net';

import { serve } from '../../bench/child.js';
import { answer } from './load-answer.js';

export type LoadClientRequest =
  /**
   * Connects them all at once. The answer comes when the ordinary ones have got theirs. The others go on uploading
   * until the server cuts them.
   */
  | { readonly type: 'load'; readonly port: number; readonly ordinary: number; readonly uploading: number }
  /** The answer comes when every upload has been cut. */
  | { readonly type: 'uploads' }
  /**
   * So many requests in all, by connections that are kept, every other one of which pipelines. They stay open until 'close'.
   */
  | { readonly type: 'keep-alive'; readonly port: number; readonly connections: number; readonly requests: number }
  | { readonly type: 'close' };

export interface LoadClientAnswer {
  /** How many clients got the whole answer, by status. */
  readonly complete: Readonly<Record<number, number>>;
  /** How connections broke that were to get an answer. */
  readonly errors: Readonly<Record<string, number>>;
  readonly bytesSent: number;
}

const block = Buffer.alloc(64 * 1024);
const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';
const last = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n0123456789';
const upload = 'POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000000000\r\n\r\n';
/** Of those that pipeline. */
const ahead = 8;

let complete: Record<number, number> = {};
let errors: Record<string, number> = {};
let bytesSent = 0;
let uploads: Promise<void>[] = [];
let kept: Kept[] = [];

function count(where: Record<string | number, number>, key: string | number): void {
  where[key] = (where[key] ?? 0) + 1;
}

/** Connects from one of sixteen addresses: the ports of one may be used up by earlier tests. */
async function connect(port: number, number: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${1 + (number % 16)}`, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** What has come is one whole answer and nothing else: counts it. */
function countIfComplete(chunks: readonly Buffer[]): boolean {
  const data = Buffer.concat(chunks);
  const head = data.indexOf('\r\n\r\n');
  if (head < 0 || !data.subarray(head + 4).equals(answer)) return false;
  count(complete, Number(data.toString('latin1', 9, 12)));
  return true;
}

/** Two requests on a connection, the second of which has it closed. */
async function ask(port: number, number: number): Promise<void> {
  const socket = await connect(port, number);
  let chunks: Buffer[] = [];
  let answers = 0;
  socket.write(number % 2 === 0 ? get : post);
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    if (!countIfComplete(chunks)) return;
    chunks = [];
    answers += 1;
    if (answers === 1) socket.write(last);
  });
  await once(socket, 'end');
  if (answers !== 2 || chunks.length > 0) count(errors, 'incomplete');
  socket.end();
}

/** Uploads as fast as it can until the connection breaks, whatever the server says, FIN included. */
async function uploadForEver(port: number, number: number): Promise<void> {
  const socket = await connect(port, number);
  const chunks: Buffer[] = [];
  let answers = 0;
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    if (countIfComplete(chunks)) answers += 1;
  });
  const pump = (): void => {
    if (!socket.writable) return;
    bytesSent += block.length;
    // In the next turn of the event loop: a server that takes everything at once would leave no time for anybody else.
    socket.write(block, () => setImmediate(pump));
  };
  socket.write(upload);
  socket.on('error', () => undefined); // the cut
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  pump();
  await closed;
  if (answers !== 1) count(errors, 'incomplete');
}

async function load({ port, ordinary, uploading }: LoadClientRequest & { type: 'load' }): Promise<void> {
  const failed = (error: NodeJS.ErrnoException): void => count(errors, error.code ?? error.message);
  uploads = Array.from({ length: uploading }, (_, number) => uploadForEver(port, number).catch(failed));
  await Promise.all(Array.from({ length: ordinary }, (_, number) => ask(port, number).catch(failed)));
}

/** A connection that is kept, and sends its next requests when the answers to those before have come. */
interface Kept {
  readonly socket: net.Socket;
  /** Asks so many times. */
  readonly ask: (requests: number) => Promise<void>;
}

async function keep(port: number, number: number): Promise<Kept> {
  const socket = await connect(port, number);
  const batch = number % 2 === 0 ? 1 : ahead;
  let length = 0; // of an answer with its head
  let received = 0;
  let open = 0;
  let left = 0;
  let done: () => void = () => undefined;
  const next = (): void => {
    received = 0;
    open = Math.min(batch, left);
    left -= open;
    if (open === 0) done();
    else socket.write((left % 2 === 0 ? get : post).repeat(open));
  };
  socket.on('data', (chunk) => {
    if (length === 0) length = chunk.indexOf('\r\n\r\n') + 4 + answer.length;
    received += chunk.length;
    if (received > open * length) throw new Error(`more than ${open} answers`);
    if (received < open * length) return;
    complete[200] = (complete[200] ?? 0) + open;
    next();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => count(errors, error.code ?? error.message));
  return {
    socket,
    ask: (requests) =>
      new Promise((resolve) => {
        done = resolve;
        left = requests;
        next();
      }),
  };
}

async function keepAlive({ port, connections, requests }: LoadClientRequest & { type: 'keep-alive' }): Promise<void> {
  if (kept.length === 0) kept = await Promise.all(Array.from({ length: connections }, (_, number) => keep(port, number)));
  await Promise.all(kept.map((one) => one.ask(requests / connections)));
}

serve(async (request: LoadClientRequest): Promise<LoadClientAnswer> => {
  switch (request.type) {
    case 'load':
    case 'keep-alive':
      complete = {};
      errors = {};
      bytesSent = 0;
      await (request.type === 'load' ? load(request) : keepAlive(request));
      break;
    case 'uploads':
      await Promise.all(uploads);
      break;
    case 'close':
      for (const { socket } of kept) socket.end();
      kept = [];
      break;
  }
  return { complete, errors, bytesSent };
});
