// What connect()'s options do to packets. Runs in a network namespace of its own (see namespace.ts): argument: the name
// of a scenario. Prints what it found as JSON.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';

import { connect, lingerClose, setLinger, setOption, shutdown } from 'socket-linger';

import { native } from '#lib/native.js';

import { lookupOf, settled, watch } from './connect-events.js';
import { readCounter } from './namespace.js';
import { closed, closeTracked, readAll, sleep, until } from './pair.js';
import { listenForSyns } from './syn.js';

function nft(...commands: string[]): string {
  return execFileSync('nft', ['-j', commands.join('; ')], { encoding: 'utf8' });
}

/** Counts packets of a kind that go out. */
function count(match: string): () => number {
  nft('add table inet count', 'add chain inet count out { type filter hook output priority 0; }', `add rule inet count out ${match} counter`);
  const { nftables } = JSON.parse(nft('list chain inet count out')) as { nftables: { rule?: { handle: number } }[] };
  const handle = Math.max(...nftables.map(({ rule }) => rule?.handle ?? 0));
  return () => {
    const list = JSON.parse(nft('list chain inet count out')) as {
      nftables: { rule?: { handle: number; expr: { counter?: { packets: number } }[] } }[];
    };
    const rule = list.nftables.find((one) => one.rule?.handle === handle)!.rule!;
    return rule.expr.find(({ counter }) => counter !== undefined)!.counter!.packets;
  };
}

/** Drops packets of a kind that come in, until it is told to stop. */
function drop(match: string): () => void {
  nft('add table inet block', 'add chain inet block in { type filter hook input priority 0; }', `add rule inet block in ${match} drop`);
  return () => void nft('flush chain inet block in');
}

const syn = 'tcp flags & (syn | ack) == syn';
const synAck = 'tcp flags & (syn | ack) == (syn | ack)';

async function mark(): Promise<unknown> {
  const { target } = await listenForSyns();
  const marked = count(`meta mark 7 ${syn}`);
  const all = count(syn);
  await settled(watch(net.connect(target)));
  const plain = [marked(), all()];
  await settled(watch(connect({ ...target, socketOptions: { mark: 7 } })));
  return { plain, withMark: [marked(), all()] };
}

/** The first address never answers, the next one is tried after a while. */
async function silentAddress(): Promise<unknown> {
  const { target } = await listenForSyns();
  const silent = '127.0.0.2';
  drop(`ip daddr ${silent}`);
  const toSilent = count(`meta mark 7 ip daddr ${silent} ${syn}`);
  const toTarget = count(`meta mark 7 ip daddr ${target.host} ${syn}`);
  const lookup = lookupOf([silent, target.host]);
  const far = watch(connect({ port: target.port, host: 'x', lookup, autoSelectFamilyAttemptTimeout: 10, socketOptions: { mark: 7 } }));
  await settled(far);
  return { events: far.events, toSilent: toSilent(), toTarget: toTarget(), address: far.socket.remoteAddress };
}

async function device(): Promise<unknown> {
  for (const args of ['link add near type veth peer name far', 'addr add 10.9.0.1/24 dev near', 'link set near up', 'link set far up']) {
    execFileSync('ip', args.split(' '));
  }
  const target = { host: '10.77.0.1', port: 9 }; // no route goes there
  const plain = watch(net.connect(target));
  await closed(plain.socket);
  const out = count(`oifname near ip daddr ${target.host} ${syn}`);
  const bound = watch(connect({ ...target, socketOptions: { bindToDevice: 'near' } }));
  await until('the SYN goes out, or nothing does', () => out() > 0 || bound.socket.destroyed);
  return { plain: plain.errors[0]?.code, out: out() > 0 };
}

function stateOf(socket: net.Socket): unknown {
  return native.tcpStates[native.readTcpState((socket as unknown as { _handle: { fd: number } })._handle.fd)];
}

/** A listener that has given this machine its cookie, so that the next SYN takes data along. */
async function fastOpenTarget(): Promise<Awaited<ReturnType<typeof listenForSyns>>> {
  writeFileSync('/proc/sys/net/ipv4/tcp_fastopen', '3');
  const listener = await listenForSyns();
  setOption(listener.server, 'fastOpen', 16);
  const first = watch(connect({ ...listener.target, socketOptions: { fastOpenConnect: true } }));
  const [{ near }] = await Promise.all([listener.accept(), settled(first)]);
  first.socket.end();
  near.resume().end();
  await closed(first.socket);
  return listener;
}

async function fastOpen(): Promise<unknown> {
  const { target, accept } = await fastOpenTarget();
  const before = readCounter('/proc/net/netstat', 'TcpExt', 'TCPFastOpenActive');
  const far = watch(connect({ ...target, socketOptions: { fastOpenConnect: true } }));
  await settled(far);
  const state = stateOf(far.socket);
  far.socket.write('0123456789');
  const { syn: packet, near } = await accept();
  const [data] = (await once(near, 'data')) as [Buffer];
  return { state, inSyn: packet.data, data: String(data), active: readCounter('/proc/net/netstat', 'TcpExt', 'TCPFastOpenActive') - before };
}

/** The SYN's answer comes late, as it does on every real network. */
async function lateAnswer(close: (socket: net.Socket) => unknown): Promise<unknown> {
  const { target, accept } = await fastOpenTarget();
  const answer = drop(synAck);
  const far = watch(connect({ ...target, allowHalfOpen: true, socketOptions: { fastOpenConnect: true } }));
  await settled(far);
  const accepting = accept();
  far.socket.write('0123456789');
  const closing = close(far.socket);
  await sleep(50);
  const state = stateOf(far.socket);
  answer();
  const { near } = await accepting;
  const received = await readAll(near);
  near.end('answer');
  return { state, received: String(received.data), saw: received.saw, closing: (await closing) ?? null };
}

const scenarios: Record<string, () => Promise<unknown>> = {
  mark,
  silentAddress,
  device,
  fastOpen,
  lateEnd: () =>
    lateAnswer(async (socket) => {
      socket.end();
      return String((await readAll(socket)).data);
    }),
  lateLingerClose: () => lateAnswer(async (socket) => (({ outcome, delivered }) => ({ outcome, delivered }))(await lingerClose(socket))),
  lateSetLinger: () =>
    lateAnswer((socket) => {
      setLinger(socket, 5);
      socket.destroy();
    }),
  lateShutdown: () =>
    lateAnswer((socket) => {
      try {
        shutdown(socket, 'write');
      } catch (error) {
        socket.end();
        return (error as NodeJS.ErrnoException).code;
      }
      return 'done';
    }),
};

const result = await scenarios[process.argv[2]!]!();
await closeTracked();
console.log(JSON.stringify(result));
