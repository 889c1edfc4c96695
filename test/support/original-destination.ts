// Runs inside a namespace: connections that a NAT rule sends to another port; prints what the options say, as JSON.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';

import { getOption, type OriginalDestination } from 'socket-linger';

import { closeTracked, listen, track } from './pair.js';

async function askBehindNat(family: 'ipv4' | 'ipv6'): Promise<OriginalDestination> {
  const server = net.createServer();
  const { host, port } = (await listen(server, family)) as net.TcpNetConnectOpts;
  const table = family === 'ipv6' ? 'ip6' : 'ip';
  const nft = (...args: string[]): unknown => execFileSync('nft', args);
  nft('add', 'table', table, 'nat');
  nft('add', 'chain', table, 'nat', 'out', '{ type nat hook output priority -100; }');
  nft('add', 'rule', table, 'nat', 'out', 'tcp', 'dport', '4444', 'redirect', 'to', `:${port}`);
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  track(net.connect({ host, port: 4444 }));
  const [near] = await accepted;
  return getOption(near, family === 'ipv6' ? 'ipv6OriginalDestination' : 'originalDestination');
}

const answers = [await askBehindNat('ipv4'), await askBehindNat('ipv6')];
await closeTracked();
console.log(JSON.stringify(answers));
