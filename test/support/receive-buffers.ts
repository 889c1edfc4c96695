// What the kernel may hold, and holds, for the sockets of a server: ss -m.
import { execFileSync } from 'node:child_process';

export interface Buffers {
  readonly sockets: number;
  /** The sum of the receive buffers' sizes: what the kernel may hold. */
  readonly size: number;
  /** The sum of what is in them, the kernel's own overhead included. */
  readonly held: number;
}

/** Of 127.0.0.1, since a client on another loopback address may have the same port. */
export function measureBuffers(port: number): Buffers {
  const output = execFileSync('ss', ['-H', '-t', '-n', '-m', 'src', `127.0.0.1:${port}`], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const all = [...output.matchAll(/skmem:\(r(\d+),rb(\d+)/g)];
  const sum = (group: 1 | 2): number => all.reduce((total, match) => total + Number(match[group]), 0);
  return { sockets: all.length, held: sum(1), size: sum(2) };
}
