// Listeners that keep the SYN of each connection, and what is in it.
import { once } from 'node:events';
import net from 'node:net';

import { getOption, setOption } from 'socket-linger';

import { listen, type Family } from './pair.js';

export interface Syn {
  /** The MSS option; 0: none. */
  readonly maxSegment: number;
  readonly window: number;
  /** The window scale option; 0: none. */
  readonly windowScale: number;
  /** Bytes behind the header (TCP Fast Open). */
  readonly data: number;
}

/** An IP packet without link layer, as TCP_SAVE_SYN 1 keeps it. Of data the kernel keeps none: its length counts. */
export function parseSyn(packet: Buffer): Syn {
  const isIPv6 = packet[0]! >> 4 === 6;
  const start = isIPv6 ? 40 : (packet[0]! & 15) * 4;
  const length = isIPv6 ? 40 + packet.readUInt16BE(4) : packet.readUInt16BE(2);
  const end = start + (packet[start + 12]! >> 4) * 4;
  const numbers = new Map<number, number>();
  for (let at = start + 20; at < end && packet[at] !== 0; at += packet[at] === 1 ? 1 : packet[at + 1]!) {
    const kind = packet[at]!;
    if (kind !== 1) numbers.set(kind, packet.readUIntBE(at + 2, Math.max(1, Math.min(packet[at + 1]! - 2, 4))));
  }
  return {
    maxSegment: numbers.get(2) ?? 0,
    window: packet.readUInt16BE(start + 14),
    windowScale: numbers.get(3) ?? 0,
    data: length - end,
  };
}

export interface SynListener {
  readonly target: { host: string; port: number };
  readonly server: net.Server;
  /** The next connection's SYN, and its socket. */
  readonly accept: () => Promise<{ syn: Syn; near: net.Socket }>;
}

export async function listenForSyns(family: Family = 'ipv4'): Promise<SynListener> {
  const server = net.createServer({ allowHalfOpen: true });
  server.on('connection', (near) => near.on('error', () => undefined)); // resets are the tests' own
  const target = (await listen(server, family)) as SynListener['target'];
  setOption(server, 'saveSyn', 1);
  return {
    target,
    server,
    async accept() {
      const [near] = (await once(server, 'connection')) as [net.Socket];
      return { syn: parseSyn(getOption(near, 'savedSyn')), near };
    },
  };
}
