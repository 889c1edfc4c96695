// A server as a process: node main.js NAME [--linger], NAME being a module of this folder. It answers early: an upload
// that is longer than the limit gets its 413 as soon as the request's head is there.
//
// Lines of its standard input are "listen" and "settle" (every connection is closed); it answers each with a line of
// JSON, Ports or Tally, and an empty line.
import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import { enableLingeringClose, type LingerEndMessage } from 'socket-linger';

import type { Certificate, Ports, ServerModule, Tally } from './server.js';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { linger: { type: 'boolean', default: false } } });

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../../test/fixtures/${name}`, import.meta.url));
}

let open = 0;
let connections = 0;
let ended: LingerEndMessage[] = [];
subscribe('socket-linger:end', (message) => ended.push(message as LingerEndMessage));

async function listen(certificate?: Certificate): Promise<number> {
  const module = (await import(`./${positionals[0]}.js`)) as ServerModule;
  const server: http.Server = await module.createServer(certificate);
  if (values.linger) enableLingeringClose(server);
  server.on('connection', (socket) => {
    open += 1;
    connections += 1;
    socket.once('close', () => (open -= 1));
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function settle(): Promise<Tally> {
  while (open > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  const results = ended.map(({ reason, result: { outcome, unackedBytes, discardedBytes, error } }) => {
    const cause = error === undefined ? '' : `, ${error.message}`;
    return `${reason}, ${outcome}, ${unackedBytes} bytes unacknowledged, ${discardedBytes} discarded${cause}`;
  });
  const delivered = ended.filter(({ result }) => result.delivered === true && result.unackedBytes === 0).length;
  const tally = { connections, delivered: values.linger ? delivered : null, results };
  connections = 0;
  ended = [];
  return tally;
}

async function answer(request: string): Promise<Ports | Tally> {
  if (request !== 'listen') return settle();
  const certificate = { key: fixture('key.pem'), cert: fixture('cert.pem') };
  return { http: await listen(), https: await listen(certificate) };
}

process.stdout.on('error', () => process.exit()); // nobody asks any more
for await (const request of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(request))}\n\n`);
}
process.exit();
