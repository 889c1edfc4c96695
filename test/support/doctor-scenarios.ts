// What doctor() is to find, in a network namespace of its own: run by test/doctor.test.ts, prints the report.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';

import { doctor } from 'socket-linger';

function set(name: string, value: string): void {
  writeFileSync(`/proc/sys/net/${name}`, value);
}

const clients = `
  import net from 'node:net';
  import fs from 'node:fs';
  for (let index = 0; index < 16; index += 1) net.connect(Number(process.argv[1]), '127.0.0.1').on('error', () => {});
  const look = () => {
    const [names, values] = fs.readFileSync('/proc/net/netstat', 'utf8').split('\\n').map((line) => line.split(' '));
    if (Number(values[names.indexOf('ListenOverflows')]) > 0) process.exit();
    setTimeout(look, 5);
  };
  look();`;

const scenarios: Record<string, () => void | Promise<void>> = {
  defaults: () => undefined,

  'bad settings': () => {
    set('core/somaxconn', '128');
    set('ipv4/tcp_orphan_retries', '3');
    set('ipv4/tcp_retries2', '5');
    set('ipv4/tcp_fin_timeout', '120');
    set('ipv4/tcp_max_tw_buckets', '16');
    set('ipv4/tcp_timestamps', '0');
    set('ipv4/tcp_tw_reuse', '1');
    set('ipv4/tcp_abort_on_overflow', '1');
    set('ipv4/tcp_syncookies', '0');
    set('ipv4/tcp_wmem', '4096 16384 32768');
    set('ipv4/tcp_rmem', '4096 131072 1048576');
    set('ipv4/ip_local_port_range', '40000 40599');
  },

  /** Clients come, and nobody accepts: this process stands still until the kernel has counted an overflow. */
  'accept queue overflow': async () => {
    const server = net.createServer((socket) => socket.on('error', () => undefined).destroy());
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 });
    await once(server, 'listening');
    const port = String((server.address() as net.AddressInfo).port);
    spawnSync(process.execPath, ['--input-type=module', '-e', clients, port], { stdio: 'ignore', timeout: 15_000 });
    server.close();
  },

  /** The close that this package is about. */
  'unread input': async () => {
    const server = net.createServer({ pauseOnConnect: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[net.Socket]>;
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    client.on('error', () => undefined).write('nobody reads this');
    const [socket] = await accepted;
    while (!/ 0100007F:.*:00000011 /.test(readFileSync('/proc/net/tcp', 'utf8'))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    socket.destroy();
    await new Promise((resolve) => client.once('close', resolve));
    server.close();
  },
};

const scenario = scenarios[process.argv[2] ?? ''];
if (scenario === undefined) throw new Error(`no scenario ${process.argv[2]}`);
await scenario();
process.stdout.write(JSON.stringify(await doctor()));
