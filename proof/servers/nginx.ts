// nginx with its own lingering_close as a server of the proof: the yardstick. From outside the same program as main.ts.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { killChildren, startProgram } from '../../bench/child.js';
import { makeReply, replySizes, uploadLimit } from '../reply.js';
import type { Ports, Tally } from './server.js';

// The namespace is our own.
const ports: Ports = { http: 8080, https: 8443 };

const folder = mkdtempSync(path.join(tmpdir(), 'nginx-'));
process.once('exit', killChildren);

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url));
}

function configuration(): string {
  const temporaryPaths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  return `
daemon off;
master_process off;
pid nginx.pid;
user root; # where we are root in a user namespace there may be nobody else
error_log error.log;
events { worker_connections 64; }
http {
  access_log off;
  ${temporaryPaths.join('\n  ')}
  lingering_close on;
  client_max_body_size ${uploadLimit};
  server {
    listen ${ports.http};
    listen ${ports.https} ssl;
    ssl_certificate ${fixture('cert.pem')};
    ssl_certificate_key ${fixture('key.pem')};
    root .;
    error_page 413 /replies$uri;
    location /replies/ { internal; }
  }
}
`;
}

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(ports.http, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function listen(): Promise<Ports> {
  const replies = path.join(folder, 'replies');
  mkdirSync(replies);
  for (const bytes of replySizes) writeFileSync(path.join(replies, String(bytes)), makeReply(bytes));
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(file, configuration());
  // Whatever happens to this process, nginx ends with it.
  const child = startProgram('setpriv', ['--pdeathsig', 'KILL', 'nginx', '-e', 'error.log', '-p', folder, '-c', file]);
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('nginx does not start')));
  while (!(await Promise.race([answers(), gone]))) await sleep(10);
  gone.catch(() => undefined);
  return ports;
}

/** It does not say when its connections are closed, nor whether the client's kernel has acknowledged everything. */
const unknown: Tally = { connections: 0, delivered: null, results: [] };

process.stdout.on('error', () => process.exit()); // nobody asks any more
for await (const request of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(request === 'listen' ? await listen() : unknown)}\n\n`);
}
process.exit();
