// Linux: the settings that decide what becomes of a connection after its close, or without its peer.
// Facts: Documentation/networking/ip-sysctl.rst, net/ipv4/tcp.c (__tcp_close, tcp_check_oom), net/ipv4/tcp_timer.c,
// net/ipv4/tcp_minisocks.c.
import type { Proc } from './proc.js';
import { makeItem, numbersOf, type DoctorGroup, type DoctorItem, type Row } from './report.js';

/** TCP_RTO_MIN and TCP_TIMEWAIT_LEN: constants of the kernel. */
const shortestRtoMs = 200;
const timeWaitSeconds = 60;

/** RFC 1122, 4.2.3.5: a connection is not to be given up earlier than this. */
const rfc1122Seconds = 100;

/**
 * How long the kernel sends again without an answer, in seconds, at the least (tcp_model_timeout()): the interval begins
 * at 200 ms, and doubles up to `tcpRtoMaxMs`.
 */
export function retransmissionSeconds(retries: number, tcpRtoMaxMs = 120_000): number {
  const longestRtoMs = Math.max(shortestRtoMs, tcpRtoMaxMs);
  const doublings = Math.floor(Math.log2(longestRtoMs / shortestRtoMs));
  const growing = (2 ** (Math.min(retries, doublings) + 1) - 1) * shortestRtoMs;
  return (growing + Math.max(0, retries - doublings) * longestRtoMs) / 1000;
}

/** tcp_orphan_retries() */
function orphanRetries(setting: number): number {
  return setting === 0 ? 8 : setting;
}

/** The kernel's own choice at boot for tcp_max_orphans and tcp_max_tw_buckets: half of its table's size. */
function defaultForTable(proc: Proc): number | undefined {
  // Negative: the network namespace shares the machine's table.
  const entries = numbersOf(proc.numbers('sys/net/ipv4/tcp_ehash_entries'))?.[0];
  return entries === undefined ? undefined : Math.abs(entries) / 2;
}

function lowered(limit: number, byDefault: number | undefined): string | undefined {
  if (byDefault === undefined || limit >= byDefault) return undefined;
  return (
    `Lower than the kernel's own choice for this machine (${byDefault}). It guards against attacks only; the kernel's ` +
    'documentation asks never to lower it.'
  );
}

function tooFewOrphans(proc: Proc, limit: number): string | undefined {
  const orphans = numbersOf(proc.sockstat('orphan'))?.[0] ?? 0;
  // tcp_out_of_resources() counts orphans up to four times where an orphan makes no progress.
  if (orphans * 4 > limit) {
    return (
      `There are ${orphans} orphans. From a quarter of the limit on the kernel resets orphans whose peer does not take ` +
      'data, above it every one.'
    );
  }
  return lowered(limit, defaultForTable(proc));
}

function tooFewTimeWaits(proc: Proc, limit: number): string | undefined {
  const held = numbersOf(proc.sockstat('tw'))?.[0] ?? 0;
  if (held >= limit) return `All ${limit} are taken: connections that end now skip TIME_WAIT.`;
  return lowered(limit, defaultForTable(proc));
}

function givesUpEarly(retries: number, longestRtoMs: number | undefined): string | undefined {
  const seconds = retransmissionSeconds(retries, longestRtoMs);
  if (seconds >= rfc1122Seconds) return undefined;
  let enough = retries;
  while (retransmissionSeconds(enough, longestRtoMs) < rfc1122Seconds) enough += 1;
  return (
    `A network that fails for ${seconds} s costs what was not acknowledged. RFC 1122 asks for ${rfc1122Seconds} s at ` +
    `least: ${enough} or more.`
  );
}

const reuseNotes = ['Here: never.', 'Here: yes, a second later.', 'Here: on loopback only, a second later.'];

/** A row of net.ipv4. */
export function ipv4Item(proc: Proc, row: Omit<Row, 'source'>): DoctorItem {
  const file = `sys/net/ipv4/${row.name}`;
  return makeItem({ ...row, source: proc.pathOf(file) }, proc.numbers(file));
}

export function closedConnections(proc: Proc): DoctorGroup {
  const longestRtoMs = numbersOf(proc.numbers('sys/net/ipv4/tcp_rto_max_ms'))?.[0];
  const items = [
    ipv4Item(proc, {
      name: 'tcp_max_orphans',
      meaning:
        'Orphans: connections that are closed and whose output, or FIN, is not acknowledged yet. A close above the limit is a ' +
        'reset (TCPAbortOnMemory): what was left to the kernel is lost. One limit for the whole machine.',
      warning: (limit) => tooFewOrphans(proc, limit),
    }),
    ipv4Item(proc, {
      name: 'tcp_orphan_retries',
      meaning: "How often an orphan's output is sent again; 0 stands for 8. Then it is dropped, without telling anybody.",
      note: (retries) =>
        `Here: ${retransmissionSeconds(orphanRetries(retries), longestRtoMs)} s without an acknowledgement, more on a slow path.`,
      warning: (retries) => givesUpEarly(orphanRetries(retries), longestRtoMs),
    }),
    ipv4Item(proc, {
      name: 'tcp_fin_timeout',
      unit: 's',
      meaning:
        "How long a closed connection whose output is acknowledged waits for the peer's FIN (FIN_WAIT2). After that the " +
        "peer's FIN is answered by a reset. Sockets that are still open, as those that linger, are not bounded by it.",
      warning: (seconds) =>
        seconds > timeWaitSeconds
          ? `For what is more than ${timeWaitSeconds} s a whole socket is kept, which counts as an orphan.`
          : undefined,
    }),
    ipv4Item(proc, {
      name: 'tcp_retries2',
      meaning:
        'How often the output of an open connection is sent again, until ETIMEDOUT: this finds a peer that has vanished while ' +
        'something is on its way to it. lingerClose() has its own limits.',
      note: (retries) => `Here: ${retransmissionSeconds(retries, longestRtoMs)} s, more on a slow path.`,
      warning: (retries) => givesUpEarly(retries, longestRtoMs),
    }),
    ...keepAlive(proc),
  ];
  return { title: 'Closed connections, vanished peers', items };
}

function keepAlive(proc: Proc): DoctorItem[] {
  const read = (name: string): number | undefined => numbersOf(proc.numbers(`sys/net/ipv4/${name}`))?.[0];
  const [probes, interval] = [read('tcp_keepalive_probes'), read('tcp_keepalive_intvl')];
  const tracked = numbersOf(proc.numbers('sys/net/netfilter/nf_conntrack_tcp_timeout_established'))?.[0];
  return [
    ipv4Item(proc, {
      name: 'tcp_keepalive_time',
      unit: 's',
      meaning:
        'Silence before the first probe, where keep-alive is on. Node has it off; setKeepAlive(true, ms) brings its own ' +
        'time, interval and count.',
      note: (seconds) =>
        probes === undefined || interval === undefined
          ? undefined
          : `With the next two: a silent peer that has vanished is found after ${seconds + probes * interval} s.`,
      warning: (seconds) =>
        tracked !== undefined && tracked < seconds
          ? `Connection tracking forgets a silent connection after ${tracked} s, before the first probe: a firewall may ` +
            'then drop or reset what comes.'
          : undefined,
    }),
    ipv4Item(proc, { name: 'tcp_keepalive_probes', meaning: 'Probes without an answer until the connection is given up.' }),
    ipv4Item(proc, { name: 'tcp_keepalive_intvl', unit: 's', meaning: 'Time between two probes.' }),
  ];
}

export function timeWait(proc: Proc): DoctorGroup {
  const timestamps = numbersOf(proc.numbers('sys/net/ipv4/tcp_timestamps'))?.[0];
  const items = [
    ipv4Item(proc, {
      name: 'tcp_max_tw_buckets',
      meaning:
        'Connections in TIME_WAIT, or closed and in FIN_WAIT2. More than that are forgotten at once (TCPTimeWaitOverflow): a ' +
        'FIN that the peer sends then, or sends again, is answered by a reset.',
      warning: (limit) => tooFewTimeWaits(proc, limit),
    }),
    ipv4Item(proc, {
      name: 'tcp_tw_reuse',
      meaning: 'Whether a port in TIME_WAIT may serve a new outgoing connection to the same address and port.',
      note: (value) => reuseNotes[value],
      warning: (value) =>
        value !== 0 && timestamps === 0 ? 'Has no effect: it needs tcp_timestamps, which are off.' : undefined,
    }),
    ipv4Item(proc, {
      name: 'ip_local_port_range',
      meaning:
        'Ports for outgoing connections. Who closes first keeps the port in TIME_WAIT for 60 s; when all are taken for one ' +
        'address and port, connect() fails with EADDRNOTAVAIL.',
      note: (first, last) => {
        const ports = last - first + 1;
        return `Here: ${ports} ports, without reuse ${Math.floor(ports / timeWaitSeconds)} such connections a second.`;
      },
    }),
  ];
  return { title: 'TIME_WAIT', items };
}
