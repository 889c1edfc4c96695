// The closing side, in a process of its own: one close after the other. What blocks here (the bare kernel linger
// does) disturbs nobody else.
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { pendingBytes } from 'socket-linger';

import { followParent, makePayload, tell, type CloserReport, type ToCloser, type Verdict } from './protocol.js';
import { settings } from './settings.js';
import { situationById, situations, type Situation } from './situations.js';
import { StallMeter } from './stall.js';
import { strategyById, type Strategy } from './strategies.js';

const payload = makePayload(Math.max(...situations.map(({ replyBytes }) => replyBytes)));
let socket: net.Socket | undefined;

// Paused: what the application does not read stays in the kernel.
const server = net.createServer({ pauseOnConnect: true });
followParent();
process.on('message', (message: ToCloser) => {
  if (message.type === 'prepare') void run(strategyById(message.strategy), situationById(message.situation));
  else void release();
});
server.listen(0, '127.0.0.1', () => void tell({ type: 'listening', port: (server.address() as net.AddressInfo).port }));

async function run(strategy: Strategy, situation: Situation): Promise<void> {
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  await tell({ type: 'prepared' });
  const [connection] = await accepted;
  socket = connection;
  let errorCode: string | undefined;
  connection.on('error', (error: NodeJS.ErrnoException) => {
    errorCode = error.code ?? error.name;
  });
  const reply = payload.subarray(0, situation.replyBytes);

  await inputArrives(connection, situation);
  if (situation.acknowledgedFirst) {
    connection.write(reply);
    while (isQueued(connection)) await sleep(1);
  }
  // Sent before, since a strategy may block this process.
  await tell({ type: 'closing' });
  if (!situation.acknowledgedFirst) connection.write(reply);
  const report = await close(connection, strategy);
  const verdict: Verdict = { ...(errorCode === undefined ? {} : { errorCode }), ...report.verdict };
  await tell({ type: 'closed', report: { ...report, verdict } });
}

async function inputArrives(connection: net.Socket, { closerReads, arrivedBytes }: Situation): Promise<void> {
  if (closerReads) connection.resume();
  const arrived = (): number => {
    const { unread, readBuffered } = pendingBytes(connection);
    return connection.bytesRead + (unread ?? 0) + readBuffered;
  };
  while (arrived() < arrivedBytes) await sleep(1);
}

function isQueued(connection: net.Socket): boolean {
  const { writeBuffered, unacked } = pendingBytes(connection);
  return writeBuffered > 0 || (unacked ?? 0) > 0;
}

async function close(connection: net.Socket, strategy: Strategy): Promise<CloserReport> {
  let closeMs: number | null = null;
  const meter = new StallMeter();
  const startedAt = performance.now();
  const closed = new Promise<void>((resolve) => {
    connection.once('close', () => {
      closeMs = performance.now() - startedAt;
      resolve();
    });
  });
  const spoken = judge(connection, strategy);
  const limit = new AbortController();
  const counted = sleep(settings.openAfterMs, undefined, { signal: limit.signal }).catch(() => undefined);
  await Promise.race([closed, counted]);
  limit.abort();
  const longestStallMs = meter.stop();
  const verdict = connection.closed ? ((await spoken) ?? { outcome: 'closed' }) : { outcome: 'open' };
  return { verdict, closeMs, longestStallMs };
}

async function judge(connection: net.Socket, strategy: Strategy): Promise<Verdict | undefined> {
  try {
    return await strategy.close(connection);
  } catch (error) {
    // Not on this system, for example: that is a result as well.
    connection.destroy();
    return { outcome: 'failed', errorCode: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

async function release(): Promise<void> {
  if (socket !== undefined && !socket.closed) {
    const closed = once(socket, 'close');
    socket.resetAndDestroy();
    await closed;
  }
  socket = undefined;
  await tell({ type: 'released' });
}
