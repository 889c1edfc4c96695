// How long it takes to find the SOCKET of a handle (Windows), by the number of open sockets: the first call for a socket,
// which walks libuv's handles, later ones, which remember, and to find all at once, as closeServer() does.
// `node.exe bench\find-socket.mjs [SOCKETS ...]`, after npm run build:windows; bench/README.md has figures.
import { once } from 'node:events';
import net from 'node:net';

import { getNoDelay } from 'socket-linger';

import { prepareDescriptors } from '#lib/handle.js';

const counts = process.argv.slice(2).map(Number);
const rounds = 50;

/** @param {number[]} numbers */
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? NaN;

/** Microseconds per call. */
const time = (times, call) => {
  const start = process.hrtime.bigint();
  for (let turn = 0; turn < times; turn += 1) call();
  return Number(process.hrtime.bigint() - start) / 1000 / times;
};

const accepted = [];
const server = net.createServer((socket) => accepted.push(socket)).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
const open = [];

for (const count of counts.length > 0 ? counts : [1, 1000, 10_000]) {
  // A connection has two ends, both in this process.
  while (open.length * 2 < count || open.length === 0) {
    const batch = Array.from({ length: Math.min(50, Math.ceil(count / 2) - open.length) || 1 }, () => net.connect(port, '127.0.0.1'));
    await Promise.all(batch.map((socket) => once(socket, 'connect')));
    open.push(...batch);
  }
  const fresh = Array.from({ length: rounds }, () => net.connect(port, '127.0.0.1'));
  await Promise.all(fresh.map((socket) => once(socket, 'connect')));
  const first = fresh.map((socket) => time(1, () => getNoDelay(socket)));
  const later = fresh.map((socket) => time(100, () => getNoDelay(socket)));
  console.log(`${count} sockets (and ${rounds * 2} of this measurement): first call ${median(first).toFixed(1)} us, later ${median(later).toFixed(2)} us`);
  const both = [...open, ...accepted];
  const all = time(1, () => prepareDescriptors(both)) / 1000;
  console.log(`  all of those that are new at once: ${all.toFixed(1)} ms`);
  for (const socket of fresh) socket.destroy();
  await Promise.all(fresh.map((socket) => once(socket, 'close')));
}
for (const socket of [...open, ...accepted]) socket.destroy();
server.close();
