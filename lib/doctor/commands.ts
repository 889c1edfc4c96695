// Systems other than Linux: what their own commands tell without elevation. Never run on these systems; names and units
// are those of Apple's and FreeBSD's tcp(4) and of netsh.
import { execFile } from 'node:child_process';

import { makeItem, type DoctorGroup, type Reading, type Row } from './report.js';

/** A command that takes longer does not answer. */
const timeoutMs = 5000;

interface CommandRow extends Omit<Row, 'source'> {
  readonly command: readonly [string, ...string[]];
}

function sysctl(name: string, meaning: string, unit?: string): CommandRow {
  return { name, command: ['sysctl', '-n', name], meaning, ...(unit === undefined ? {} : { unit }) };
}

const tcpSysctls = [
  sysctl('net.inet.tcp.msl', 'TIME_WAIT lasts twice this long. Who closes first keeps the port for that time.', 'ms'),
  sysctl('net.inet.tcp.keepidle', 'Silence before the first probe, where keep-alive is on (Node has it off).', 'ms'),
  sysctl('net.inet.tcp.keepintvl', 'Time between two probes.', 'ms'),
  sysctl('net.inet.tcp.keepcnt', 'Probes without an answer until the connection is given up.'),
  sysctl('net.inet.ip.portrange.first', 'First port for outgoing connections.'),
  sysctl('net.inet.ip.portrange.last', 'Last port for outgoing connections.'),
  sysctl('kern.maxfilesperproc', 'Descriptors that a process may have. At the limit connections are closed unanswered.'),
];

const backlogMeaning = 'Connections that may wait for accept() at one listener. Node asks for 511; the smaller counts.';

const rowsOf: Partial<Record<NodeJS.Platform, readonly CommandRow[]>> = {
  darwin: [sysctl('kern.ipc.somaxconn', backlogMeaning), ...tcpSysctls],
  freebsd: [
    sysctl('kern.ipc.soacceptqueue', backlogMeaning),
    sysctl('net.inet.tcp.finwait2_timeout', "How long a closed connection waits for the peer's FIN.", 'ms'),
    ...tcpSysctls,
  ],
  win32: [
    {
      name: 'dynamic port range',
      command: ['netsh', 'int', 'ipv4', 'show', 'dynamicport', 'tcp'],
      meaning: 'First port and number of ports for outgoing connections. Who closes first keeps the port in TIME_WAIT.',
    },
  ],
};

/** Runs a command and takes the numbers out of what it prints; netsh's words are in the user's language. */
export function readCommand([file, ...args]: readonly [string, ...string[]]): Promise<Reading> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: timeoutMs, windowsHide: true }, (error, stdout, stderr) => {
      const numbers = stdout.match(/\b\d+\b/g);
      if (error === null && numbers !== null) resolve({ value: numbers.map(Number) });
      else if (error === null) resolve({ unreadable: `${file} printed no number` });
      else if (typeof error.code === 'string') resolve({ unreadable: `${file}: ${error.code}` });
      else resolve({ unreadable: `${file} failed: ${stderr.trim().split('\n')[0]}` });
    });
  });
}

export async function examineByCommands(platform: NodeJS.Platform): Promise<DoctorGroup[]> {
  const rows = rowsOf[platform] ?? [];
  if (rows.length === 0) return [];
  const items = await Promise.all(
    rows.map(async (row) => makeItem({ ...row, source: row.command.join(' ') }, await readCommand(row.command))),
  );
  return [{ title: 'Settings', items }];
}
