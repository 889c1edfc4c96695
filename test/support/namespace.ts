// The oracle: a scenario runs in a network namespace of its own, where the kernel's counters of aborted
// connections count nothing else.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { missingReason, succeeds } from './command.js';

/**
 * How connections ended, as the kernel counts it (both ends are in the namespace):
 * - abortOnClose: closed with unread data (TcpExt TCPAbortOnClose)
 * - abortOnData: data came after the close, or SO_LINGER {1, 0} (TcpExt TCPAbortOnData)
 * - outRsts: segments with RST (Tcp OutRsts)
 */
export interface AbortCounters {
  abortOnClose: number;
  abortOnData: number;
  outRsts: number;
}

/** One value of /proc/net/netstat or /proc/net/snmp: a line of names, then a line of numbers. */
export function readCounter(file: string, group: string, name: string): number {
  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.startsWith(`${group}:`));
  const [names = [], values = []] = lines.map((line) => line.split(' '));
  const value = values[names.indexOf(name)];
  if (value === undefined) throw new Error(`${file} has no ${group} ${name}`);
  return Number(value);
}

export function readAbortCounters(): AbortCounters {
  return {
    abortOnClose: readCounter('/proc/net/netstat', 'TcpExt', 'TCPAbortOnClose'),
    abortOnData: readCounter('/proc/net/netstat', 'TcpExt', 'TCPAbortOnData'),
    outRsts: readCounter('/proc/net/snmp', 'Tcp', 'OutRsts'),
  };
}

/** unshare's arguments for a network namespace with loopback; a string says why there can be none. */
function findNamespace(): string[] | string {
  if (process.platform !== 'linux') return 'network namespaces are a Linux thing';
  const up = ['--', 'ip', 'link', 'set', 'lo', 'up'];
  for (const flags of [['-n'], ['-r', '-n']]) if (succeeds('unshare', ...flags, ...up)) return flags;
  return 'unshare and ip (util-linux, iproute2) can make no network namespace here';
}

let namespace: string[] | string | undefined;

/** Why scenarios can't run on this machine, if so. */
export function noNamespaceReason(...tools: string[]): string | undefined {
  namespace ??= findNamespace();
  if (typeof namespace === 'string') return namespace;
  return missingReason(...tools);
}

/** unshare's arguments that run a command in a namespace of its own, with loopback. */
export function inNamespace(...command: string[]): string[] {
  if (namespace === undefined || typeof namespace === 'string') throw new Error('check noNamespaceReason() first');
  return [...namespace, '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...command];
}

export interface ScenarioRun<Result> {
  result: Result;
  counters: AbortCounters;
}

/** Runs a script of this folder in a namespace of its own; what it prints, which is JSON. */
export async function runInNamespace<Result>(script: string, ...args: string[]): Promise<Result> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn('unshare', inNamespace(process.execPath, file, ...args), {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 110_000, // one that hangs is not left behind
    killSignal: 'SIGKILL',
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const output = (await child.stdout.toArray()).join('');
  const status = await exited;
  if (status !== 0) throw new Error(`${script} ${args.join(' ')} exited with ${status}`);
  return JSON.parse(output) as Result;
}

/** Runs `scenario` of scenarios.ts; what it returns, and what the counters moved by. */
export function runScenario<Result>(scenario: string): Promise<ScenarioRun<Result>> {
  return runInNamespace('scenarios.js', scenario);
}
