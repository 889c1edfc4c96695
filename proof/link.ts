// The links between servers and clients. The server is in the network namespace that this process is in; each link is a veth
// pair to a namespace of its own where the clients are, so the server's namespace counts nothing that a client does. All of
// them vanish with the processes in them.
import { execFileSync } from 'node:child_process';

import { LineChild } from '../bench/child.js';
import { readCounter } from '../test/support/namespace.js';

export const linkNames = ['fast', 'slow'] as const;
export type LinkName = (typeof linkNames)[number];

export const linkTitles: Record<LinkName, string> = {
  fast: 'Fast link: a veth pair without limits',
  slow: 'Slow link: 200 Mbit/s down to the client, 1 Gbit/s up, 1 % of the packets lost',
};

export interface Link {
  /** The server's address. */
  readonly host: string;
  /** The command that runs another one where the clients are. */
  readonly clientSide: readonly string[];
  /** How many segments with RST the clients' kernel has sent. */
  clientResets(): number;
}

/** What leaves the device is held back to the rate, in a queue of a cheap router's length. */
function limitRate(device: string, rate: string): string {
  return `tc qdisc add dev ${device} root tbf rate ${rate} burst 64kb latency 50ms`;
}

function losePackets(device: string): string {
  return `
table inet loss {
  chain input {
    type filter hook input priority 0
    iifname "${device}" numgen random mod 100 < 1 drop
  }
}`;
}

function run(prefix: readonly string[], command: string, input = ''): void {
  const [program, ...args] = [...prefix, ...command.split(' ')];
  execFileSync(program!, args, { input, stdio: ['pipe', 'ignore', 'inherit'] });
}

/** Makes the link. This process has to be in a network namespace of its own. */
export async function makeLink(name: LinkName): Promise<Link> {
  // cat ends when its input does: with this process, however that ends. And with cat ends the namespace.
  const holder = new LineChild('unshare', ['-n', '--', 'cat']);
  await holder.ask('');
  const clientSide = ['nsenter', '--target', String(holder.pid), '--net', '--'];

  const network = `10.0.${linkNames.indexOf(name)}`;
  const near = { prefix: [], device: `${name}-near`, address: `${network}.1`, rate: '200mbit' };
  const far = { prefix: clientSide, device: `${name}-far`, address: `${network}.2`, rate: '1gbit' };
  run([], `ip link add ${near.device} type veth peer name ${far.device} netns ${holder.pid}`);
  for (const { prefix, device, address, rate } of [near, far]) {
    run(prefix, `ip address add ${address}/24 dev ${device}`);
    run(prefix, `ip link set ${device} up`);
    if (name !== 'slow') continue;
    run(prefix, limitRate(device, rate));
    run(prefix, 'nft -f -', losePackets(device));
  }
  const clientResets = (): number => readCounter(`/proc/${holder.pid}/net/snmp`, 'Tcp', 'OutRsts');
  return { host: near.address, clientSide, clientResets };
}
