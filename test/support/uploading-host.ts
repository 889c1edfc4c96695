// `node uploading-host.js COUNT BYTES [--stop]`: COUNT sockets linger while their peers upload without end, BYTES each
// at the least. Prints an UploadReport as JSON.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

import { native } from '#lib/native.js';
import { lingerClose } from 'socket-linger';

import { closeTracked, connectPair, until } from './pair.js';
import { measureBuffers, type Buffers } from './receive-buffers.js';
import type { PeersAnswer, PeersRequest } from './uploading-peers.js';

export interface UploadReport {
  readonly open: Buffers;
  readonly uploading: Buffers;
  /** While this process stood still, with --stop. */
  readonly stopped: Buffers | null;
  /** Bytes by which this process' resident memory has grown through the uploads. */
  readonly growth: number;
  /** The limits that some quiet sockets had in the middle of it, in ms, in the order of their verdicts. */
  readonly order: readonly number[];
  /** How the lingering of others ended, whose peers closed in the middle of it. */
  readonly closed: readonly string[];
  /** How many were still uploading at the end. */
  readonly lingering: number;
}

const [count = 0, bytes = 0] = process.argv.slice(2).map(Number);
const peers = fork(fileURLToPath(new URL('uploading-peers.js', import.meta.url)), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });

async function ask(request: PeersRequest): Promise<PeersAnswer> {
  peers.send(request);
  return ((await once(peers, 'message')) as [PeersAnswer])[0];
}

/** Sockets whose peers send nothing: half of them are to end by their limits, set in no order, half by a FIN. */
async function lingerQuietly(): Promise<{ order: number[]; closed: string[] }> {
  const order: number[] = [];
  const pairs = await Promise.all(Array.from({ length: 20 }, () => connectPair({ farSilent: true })));
  const byLimit = pairs.slice(10).map(async ({ near }, index) => {
    const timeout = 200 + ((index * 7) % 10) * 100;
    const { outcome } = await lingerClose(near, { timeout, idleTimeout: Infinity });
    if (outcome === 'timeout') order.push(timeout);
  });
  const byFin = pairs.slice(0, 10).map(async ({ near, far }) => {
    far.resume().end();
    return (await lingerClose(near)).outcome;
  });
  const closed = await Promise.all(byFin);
  await Promise.all(byLimit);
  return { order, closed };
}

const sockets: net.Socket[] = [];
const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => sockets.push(socket));
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
await once(server, 'listening');
const { port } = server.address() as net.AddressInfo;
await ask({ type: 'connect', port, count });
await until('all are accepted', () => sockets.length === count);
server.close();

const open = measureBuffers(port);
const controller = new AbortController();
const lingering = sockets.map((socket) => lingerClose(socket, { timeout: Infinity, idleTimeout: Infinity, signal: controller.signal }));
await until('all are handed over', () => native.readLingerStats()[0] === count);
const before = process.memoryUsage.rss();
await ask({ type: 'upload', bytes });
const { order, closed } = await lingerQuietly();
const growth = process.memoryUsage.rss() - before;
const uploading = measureBuffers(port);
const stopped = process.argv.includes('--stop') ? (await ask({ type: 'stop', pid: process.pid })).buffers! : null;
const report: UploadReport = { open, uploading, stopped, growth, order, closed, lingering: native.readLingerStats()[0]! };

controller.abort();
await Promise.allSettled(lingering);
await closeTracked();
peers.kill();
console.log(JSON.stringify(report));
