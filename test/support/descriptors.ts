// What a process has open, and may have.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** How many sockets this process has open; undefined where the system has no /proc. */
export function openSockets(): number | undefined {
  let names: string[];
  try {
    names = readdirSync('/proc/self/fd');
  } catch {
    return undefined;
  }
  return names.filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:');
    } catch {
      return false; // the descriptor of the listing itself
    }
  }).length;
}

/** How many descriptors this process, and those that it starts, may have; undefined where the system does not tell. */
export function descriptorLimit(): number | undefined {
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return undefined;
  }
  // Node raises its soft limit to the hard one.
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  return hard === 'unlimited' ? Infinity : Number(hard);
}
