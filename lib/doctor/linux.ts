// Linux: everything that doctor() looks at, in the order of the report.
import { closedConnections, timeWait } from './linux-closing.js';
import { counters, sockets } from './linux-counters.js';
import { acceptQueue, buffers, connectionTracking, descriptors } from './linux-load.js';
import { Proc } from './proc.js';
import type { DoctorGroup } from './report.js';

/** `procRoot`: a folder that stands for /proc. */
export function examineLinux(procRoot?: string): DoctorGroup[] {
  const proc = new Proc(procRoot);
  const groups = [
    closedConnections(proc),
    timeWait(proc),
    acceptQueue(proc),
    buffers(proc),
    descriptors(proc),
    connectionTracking(proc),
    sockets(proc),
    counters(proc),
  ];
  return groups.filter((group) => group !== undefined);
}
