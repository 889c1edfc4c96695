// What a process has open, and may have.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The listing's own descriptor is among them. */
function descriptorNames(): string[] | undefined {
  // The /proc that Wine shows is the host's: it counts what Wine itself has open.
  if (process.platform === 'win32') return undefined;
  try {
    return readdirSync('/proc/self/fd');
  } catch {
    return undefined;
  }
}

/** How many sockets this process has open; undefined where the system has no /proc. */
export function openSockets(): number | undefined {
  return descriptorNames()?.filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:');
    } catch {
      return false; // that of the listing is closed by now
    }
  }).length;
}

/** How many descriptors of any kind; undefined where the system has no /proc. */
export function openDescriptors(): number | undefined {
  return descriptorNames()?.length;
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
