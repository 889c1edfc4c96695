// What runs inside the namespace for closeCause(): `node cause-scenarios.js NAME` prints { end, explained } as JSON.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import net from 'node:net';

import { closeCause, explainError, lingerClose, pendingBytes, setOption, type CloseCause } from 'socket-linger';

import { selectEngine } from '#lib/engine.js';

import { closed, closeTracked, connectPair, payload, readAll, tick, track, until } from './pair.js';

export interface CauseRun {
  readonly end: CloseCause | null;
  /** What explainError() says of the error, and how Node has told of it. */
  readonly code: string | null;
  readonly syscall: string | null;
  readonly origin: string | null;
}

/** A rule for every TCP packet from now on: on its arrival (its sender does not know), or where it is sent. */
function packets(...rule: string[]): void {
  packetsAt('input', ...rule);
}

function packetsAt(hook: 'input' | 'output', ...rule: string[]): void {
  execFileSync('nft', ['add', 'table', 'inet', 'drops']);
  execFileSync('nft', ['add', 'chain', 'inet', 'drops', 'one', `{ type filter hook ${hook} priority 0; }`]);
  execFileSync('nft', ['add', 'rule', 'inet', 'drops', 'one', 'meta', 'l4proto', 'tcp', ...rule]);
}

function sysctl(name: string, value: string): void {
  writeFileSync(`/proc/sys/net/ipv4/${name}`, value);
}

async function ended(socket: net.Socket): Promise<CauseRun> {
  let shown: Error | undefined;
  socket.on('error', (error) => (shown = error));
  await closed(socket);
  const end = closeCause(socket);
  const { code, syscall, origin } = explainError(shown ?? end?.error);
  return { end, code, syscall, origin };
}

/** An open connection, watched, whose packets `rule` is for from then on. */
async function cutOff(prepare: (near: net.Socket) => void, data: number, ...rule: string[]): Promise<CauseRun> {
  const { near } = await connectPair({ farSilent: true });
  closeCause(near);
  near.resume();
  prepare(near);
  packets(...rule);
  if (data > 0) near.write(payload(data));
  return ended(near);
}

async function keepalive(): Promise<CauseRun> {
  return cutOff((near) => {
    setOption(near, 'keepalive', true);
    for (const name of ['keepIdle', 'keepInterval', 'keepCount'] as const) setOption(near, name, 1);
  }, 0, 'drop');
}

async function zeroWindow(): Promise<CauseRun> {
  const { near } = await connectPair({ farSilent: true });
  closeCause(near);
  near.resume().write(payload(8_000_000));
  await until('the window is closed', () => pendingBytes(near).unsent! > 0 && pendingBytes(near).unsent === pendingBytes(near).unacked);
  sysctl('tcp_retries2', '1');
  packets('drop');
  return ended(near);
}

async function connectTo(host: string): Promise<CauseRun> {
  const socket = track(net.connect(9, host));
  closeCause(socket);
  return ended(socket);
}

async function connectTimeout(): Promise<CauseRun> {
  sysctl('tcp_syn_retries', '1');
  packets('drop');
  const socket = track(net.connect(9, '127.0.0.1'));
  closeCause(socket);
  await tick();
  setOption(socket, 'synCount', 1);
  return ended(socket);
}

async function lingering(engine: 'auto' | 'portable'): Promise<CauseRun> {
  selectEngine(engine);
  const { near } = await connectPair({ farSilent: true });
  closeCause(near);
  setOption(near, 'userTimeout', 400);
  packets('drop');
  near.write(payload(1000));
  const { error } = await lingerClose(near);
  const { code, syscall, origin } = explainError(error);
  return { end: closeCause(near), code, syscall, origin };
}

const userTimeout = (near: net.Socket): void => setOption(near, 'userTimeout', 400);

const scenarios: Record<string, () => Promise<CauseRun>> = {
  keepalive,
  'user timeout': () => cutOff(userTimeout, 1000, 'drop'),
  retransmission: () => cutOff(() => sysctl('tcp_retries2', '1'), 1000, 'drop'),
  'our own firewall': async () => {
    const { near } = await connectPair();
    closeCause(near);
    sysctl('tcp_retries2', '1');
    packetsAt('output', 'drop');
    near.resume().write(payload(1000));
    return ended(near);
  },
  'zero window': zeroWindow,
  'connect, no answer': connectTimeout,
  'connect, unreachable host': () => {
    execFileSync('ip', ['route', 'add', 'unreachable', '192.0.2.0/24']);
    return connectTo('192.0.2.1');
  },
  'connect, unreachable network': () => connectTo('198.51.100.1'),
  'rejected on the way': () => cutOff(userTimeout, 1000, 'reject', 'with', 'icmpx', 'type', 'host-unreachable'),
  'lingering, auto': () => lingering('auto'),
  'lingering, portable': () => lingering('portable'),
  'the peer vanishes after our FIN': async () => {
    const { near, far } = await connectPair();
    closeCause(near);
    sysctl('tcp_retries2', '1');
    sysctl('tcp_orphan_retries', '1');
    packets('drop');
    near.resume().end('bye');
    const run = await ended(near);
    void readAll(far);
    return run;
  },
};

const run = await scenarios[process.argv[2] ?? '']!();
execFileSync('sh', ['-c', 'nft delete table inet drops 2>/dev/null || true']);
await closeTracked();
console.log(JSON.stringify(run));
