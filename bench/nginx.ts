// An nginx of the bench's own, that answers 413 and lingers.
import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

import { BenchError, startProgram, stopChild } from './child.js';
import { temporaryFolder } from './compile.js';
import { sleep } from './measure.js';

const program = process.env.NGINX ?? '/usr/sbin/nginx';

/** "nginx/1.22.1", or undefined where there is none. */
export async function nginxVersion(): Promise<string | undefined> {
  return promisify(execFile)(program, ['-v']).then(
    ({ stderr }) => /nginx\/[\d.]+/.exec(stderr)?.[0],
    () => undefined,
  );
}

function configuration(port: number): string {
  const temporaryPaths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  // Without a master the one process is the worker: its CPU is easy to find, and nobody is left behind if we die.
  return `
daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 64; }
http {
  access_log off;
  ${temporaryPaths.join('\n  ')}
  lingering_close always;
  lingering_time 300s;
  lingering_timeout 60s;
  client_max_body_size 1k;
  server { listen 127.0.0.1:${port}; }
}
`;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).then((connected) => {
    socket.destroy();
    return connected as boolean;
  });
}

export interface Nginx {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startNginx(): Promise<Nginx> {
  const prefix = path.join(await temporaryFolder(), 'nginx');
  await mkdir(prefix);
  const port = await freePort();
  const file = path.join(prefix, 'nginx.conf');
  await writeFile(file, configuration(port));
  const child: ChildProcess = startProgram(program, ['-e', 'error.log', '-p', prefix, '-c', file]);
  for (let round = 0; !(await answers(port)); round += 1) {
    if (round > 100 || child.exitCode !== null) {
      await stopChild(child);
      throw new BenchError('nginx does not start');
    }
    await sleep(20);
  }
  return { port, pid: child.pid!, stop: () => stopChild(child) };
}
