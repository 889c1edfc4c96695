// Linux: what has happened and what there is: /proc/net/netstat, /proc/net/snmp, /proc/net/sockstat.
// Facts: net/ipv4/tcp.c, tcp_input.c, tcp_timer.c and tcp_output.c, where the kernel counts them.
import type { Proc } from './proc.js';
import { makeItem, type DoctorGroup } from './report.js';

interface Counter {
  readonly name: string;
  readonly meaning: string;
  /** For counters that stay 0 unless a limit was hit or data may have been lost. */
  readonly hurts?: string;
}

// No warning where the count may be what applications wanted (resets) or what networks do (timeouts).
const tcpExt: readonly Counter[] = [
  {
    name: 'TCPAbortOnClose',
    meaning: 'Closed with unread input: the kernel reset the connection and dropped what it had still to send.',
    hurts: 'Each may have cost a peer the end of an answer. lingerClose() and enableLingeringClose() avoid it.',
  },
  {
    name: 'TCPAbortOnData',
    meaning:
      'Reset because input came for a connection that was closed, or at a close with SO_LINGER 0 (resetClose(), ' +
      'resetAndDestroy()).',
  },
  { name: 'TCPAbortOnTimeout', meaning: 'Given up: sent again, or probed, as often as the settings above allow.' },
  {
    name: 'TCPAbortOnMemory',
    meaning: 'Reset at the close, or as orphans, because of tcp_max_orphans or tcp_mem.',
    hurts: 'What these connections had still to send is lost. See tcp_max_orphans and tcp_mem.',
  },
  { name: 'TCPAbortOnLinger', meaning: 'Reset in FIN_WAIT2 because the application had set TCP_LINGER2 below 0.' },
  {
    name: 'TCPAbortFailed',
    meaning: 'Resets that could not be sent: the peer was not told.',
    hurts: 'The kernel had no memory for a packet; these peers wait for their own timeout.',
  },
  {
    name: 'ListenOverflows',
    meaning: 'The accept queue was full when a connection came.',
    hurts:
      'The process accepts too slowly or its backlog is too short (listen(), somaxconn): clients wait a second or more, ' +
      'or are reset.',
  },
  { name: 'ListenDrops', meaning: 'Connections that were not taken, for that reason or another (memory, a full SYN queue).' },
  {
    name: 'TCPReqQFullDrop',
    meaning: 'SYNs that were dropped because the SYN queue was full and tcp_syncookies is 0.',
    hurts: 'These clients had no answer. Set tcp_syncookies to 1, or lengthen the backlog.',
  },
  {
    name: 'TCPReqQFullDoCookies',
    meaning: 'SYNs that were answered by a cookie because the SYN queue was full, or tcp_syncookies is 2.',
    hurts: 'A flood of SYNs, a backlog too short for the real load, or tcp_syncookies 2.',
  },
  { name: 'TCPBacklogDrop', meaning: 'Packets dropped because the socket was busy and its queue full. They are sent again.' },
  {
    name: 'TCPTimeWaitOverflow',
    meaning: 'Connections that skipped TIME_WAIT or FIN_WAIT2, beyond tcp_max_tw_buckets or out of memory.',
    hurts: "A FIN that these peers sent afterwards was answered by a reset. Raise tcp_max_tw_buckets.",
  },
];

const tcp: readonly Counter[] = [
  { name: 'EstabResets', meaning: 'Open connections that were reset by either side, or given up.' },
  { name: 'OutRsts', meaning: 'Resets sent, those to closed ports included.' },
];

const sockstat: readonly (Counter & { unit?: string })[] = [
  { name: 'orphan', meaning: 'Closed connections that still have something to send; of the whole machine. See tcp_max_orphans.' },
  { name: 'tw', meaning: 'In TIME_WAIT, or closed and in FIN_WAIT2. See tcp_max_tw_buckets.' },
  { name: 'alloc', meaning: 'TCP sockets of the whole machine, in any state but TIME_WAIT.' },
  { name: 'mem', unit: 'pages', meaning: 'Memory of all TCP sockets of the machine. See tcp_mem.' },
];

export function counters(proc: Proc): DoctorGroup {
  const item = (file: string, group: string, { name, meaning, hurts }: Counter): DoctorGroup['items'][number] =>
    makeItem(
      {
        name,
        source: `${proc.pathOf(file)}, ${group}`,
        meaning,
        warning: (count) => (count > 0 ? hurts : undefined),
      },
      proc.counter(file, group, name),
    );
  return {
    title: 'Counters, since the machine or its network namespace started',
    items: [
      ...tcpExt.map((row) => item('net/netstat', 'TcpExt', row)),
      ...tcp.map((row) => item('net/snmp', 'Tcp', row)),
    ],
  };
}

export function sockets(proc: Proc): DoctorGroup {
  const source = proc.pathOf('net/sockstat');
  const inuse = { name: 'inuse, IPv4', source, meaning: 'Listeners and connections that are not in TIME_WAIT.' };
  const source6 = proc.pathOf('net/sockstat6');
  const inuse6 = { name: 'inuse, IPv6', source: source6, meaning: 'Likewise; with the IPv4 clients of a listener on "::".' };
  const items = [
    makeItem(inuse, proc.sockstat('inuse')),
    makeItem(inuse6, proc.sockstat('inuse', 'TCP6')),
    ...sockstat.map((row) => makeItem({ ...row, source }, proc.sockstat(row.name))),
  ];
  return { title: 'TCP sockets now', items };
}
