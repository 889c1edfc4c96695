// Linux: the settings that decide what load does to connections: queues, buffers, descriptors, connection tracking.
// Facts: Documentation/networking/ip-sysctl.rst and nf_conntrack-sysctl.rst, net/ipv4/tcp_minisocks.c (tcp_check_req),
// net/ipv4/tcp.c (tcp_set_rcvlowat), net/netfilter/nf_conntrack_core.c, libuv's src/unix/stream.c (uv__emfile_trick).
import { ipv4Item } from './linux-closing.js';
import type { Proc } from './proc.js';
import { limitOf, makeItem, numbersOf, type DoctorGroup, type DoctorItem, type Reading } from './report.js';

/** What net.Server asks for when listen() is given no backlog. */
const nodeBacklog = 511;
/** SO_RCVLOWAT of the background engine: native/linger/receive_buffers.cc, kLowWatermark. */
const discardStep = 1 << 20;
/** ip-sysctl.rst: the least that the kernel chooses for tcp_wmem's maximum. */
const smallestSendBuffer = 64 << 10;
/** lingerClose()'s default idleTimeout. */
const idleSeconds = 5;

export function acceptQueue(proc: Proc): DoctorGroup {
  const items = [
    makeItem(
      {
        name: 'somaxconn',
        source: proc.pathOf('sys/net/core/somaxconn'),
        meaning:
          'Connections that may wait for accept() at one listener; a larger backlog is cut to it. Node asks for ' +
          `${nodeBacklog}.`,
        warning: (limit) =>
          limit < nodeBacklog
            ? `Node's default backlog of ${nodeBacklog} is cut to ${limit}, silently: a shorter burst overflows the queue.`
            : undefined,
      },
      proc.numbers('sys/net/core/somaxconn'),
    ),
    ipv4Item(proc, {
      name: 'tcp_abort_on_overflow',
      meaning:
        'What a full accept queue does to a client whose handshake is complete. 0: its ACK is ignored, and it gets in ' +
        'later if there is room. 1: it is reset.',
      warning: (value) =>
        value !== 0
          ? 'A burst that the queue does not hold is reset, although a moment later there would be room. Set it to 0.'
          : undefined,
    }),
    ipv4Item(proc, {
      name: 'tcp_syncookies',
      meaning:
        'What a flood of SYNs does. 0: more than the queue holds are dropped. 1: then they are answered without keeping ' +
        'state. 2: always so.',
      warning: (value) =>
        value === 0
          ? 'A flood of SYNs keeps real clients out, and nothing tells them.'
          : value === 2
            ? 'Meant for tests: connections lose TCP options (without timestamps, window scaling and SACK).'
            : undefined,
    }),
  ];
  return { title: 'Connections that wait to be accepted', items };
}

export function buffers(proc: Proc): DoctorGroup {
  const used = numbersOf(proc.sockstat('mem'))?.[0] ?? 0;
  const items = [
    ipv4Item(proc, {
      name: 'tcp_wmem',
      unit: 'bytes',
      meaning:
        'Send buffer: least, first, most. Up to the last a connection can have in the kernel when it is closed. The peer still ' +
        'gets that when the process is gone, or never, if the close is a reset.',
      warning: (_least, _first, most) =>
        most < smallestSendBuffer
          ? `Lower than any default (${smallestSendBuffer}): more of what is written stays in the process, and is lost with it.`
          : undefined,
    }),
    ipv4Item(proc, {
      name: 'tcp_rmem',
      unit: 'bytes',
      meaning:
        'Receive buffer: least, first, most. Up to the last can lie there unread, and any unread byte turns a plain close into ' +
        'a reset. A fast upload is discarded by the background linger in steps of 1 MiB, or half of the last if that is less.',
      warning: (_least, _first, most) =>
        most / 2 < discardStep
          ? `Input is discarded in steps of ${Math.floor(most / 2)} bytes: more CPU for every upload.`
          : undefined,
    }),
    ipv4Item(proc, {
      name: 'tcp_mem',
      unit: 'pages',
      meaning:
        'Memory of all TCP sockets of the machine: low, pressure, limit. Above the second number buffers shrink, above the ' +
        'last a close with data in the send buffer is a reset (TCPAbortOnMemory).',
      warning: (_low, pressure, limit) =>
        used > limit
          ? `${used} pages are used: connections that are closed with data still to send are reset.`
          : used > pressure
            ? `${used} pages are used: buffers are being kept small.`
            : undefined,
    }),
  ];
  return { title: 'Buffers', items };
}

export function descriptors(proc: Proc): DoctorGroup {
  const soft = proc.openFilesLimit('soft');
  const open = proc.openFiles();
  const free = (limitOf(soft) ?? Infinity) - (limitOf(open) ?? 0);
  const waiting = Math.min(nodeBacklog, numbersOf(proc.numbers('sys/net/core/somaxconn'))?.[0] ?? nodeBacklog);
  const source = proc.pathOf('self/limits');
  const items = [
    makeItem(
      {
        name: 'RLIMIT_NOFILE, soft',
        source,
        meaning:
          'Descriptors that this process may have; a lingering socket holds one as well. At the limit connect() fails with ' +
          'EMFILE, and libuv accepts connections and closes them at once.',
        warning: () =>
          free < waiting
            ? `${free} are free: fewer than the ${waiting} connections that can wait to be accepted, so one burst is ` +
              'closed unanswered.'
            : undefined,
      },
      soft,
    ),
    makeItem(
      { name: 'RLIMIT_NOFILE, hard', source, meaning: 'How far the soft limit may be raised; Node does that when it starts.' },
      proc.openFilesLimit('hard'),
    ),
    makeItem({ name: 'open descriptors', source: proc.pathOf('self/fd'), meaning: 'Of this process, now.' }, open),
    makeItem(
      {
        name: 'file-nr',
        source: proc.pathOf('sys/fs/file-nr'),
        meaning: 'Open files of the whole machine: now, spare, most. At the limit everything fails with ENFILE.',
        warning: (now, _spare, most) =>
          Number.isFinite(free) && most - now < free
            ? `${most - now} are left for the whole machine, fewer than this process may still open (${free}).`
            : undefined,
      },
      proc.numbers('sys/fs/file-nr'),
    ),
  ];
  return { title: 'Descriptors', items };
}

/** undefined: the kernel does not track connections, or does not show it. */
export function connectionTracking(proc: Proc): DoctorGroup | undefined {
  const folder = 'sys/net/netfilter';
  const read = (name: string): Reading => proc.numbers(`${folder}/${name}`);
  const count = numbersOf(read('nf_conntrack_count'))?.[0];
  if (count === undefined) return undefined;

  const silence = (name: string, meaning: string): DoctorItem =>
    makeItem(
      {
        name,
        source: proc.pathOf(`${folder}/${name}`),
        unit: 's',
        meaning,
        warning: (seconds) =>
          seconds < idleSeconds
            ? `Shorter than lingerClose()'s idleTimeout of ${idleSeconds} s: a slow peer's last packets may be dropped by a ` +
              'firewall meanwhile.'
            : undefined,
      },
      read(name),
    );

  const items = [
    makeItem(
      {
        name: 'nf_conntrack_max',
        source: proc.pathOf(`${folder}/nf_conntrack_max`),
        meaning:
          'Connections that the firewall can track. When the table is full, packets of new ones are dropped, and connections ' +
          'that are being closed are forgotten until it is down to 95 %: what they still have to send may be dropped.',
        // gc_worker()'s nf_conntrack_max95
        warning: (limit) =>
          limit > 0 && count >= limit * 0.95 ? `${count} are tracked, 95 % or more of the limit.` : undefined,
      },
      read('nf_conntrack_max'),
    ),
    makeItem(
      {
        name: 'nf_conntrack_count',
        source: proc.pathOf(`${folder}/nf_conntrack_count`),
        meaning: 'Connections that are tracked now.',
      },
      read('nf_conntrack_count'),
    ),
    makeItem(
      {
        name: 'nf_conntrack_tcp_timeout_established',
        source: proc.pathOf(`${folder}/nf_conntrack_tcp_timeout_established`),
        unit: 's',
        meaning: 'Silence after which an open connection is no longer tracked.',
      },
      read('nf_conntrack_tcp_timeout_established'),
    ),
    silence('nf_conntrack_tcp_timeout_fin_wait', 'Silence after a FIN that is not acknowledged, likewise.'),
    silence(
      'nf_conntrack_tcp_timeout_close_wait',
      'Silence after an acknowledged FIN, while the other side may still send, likewise: a half-closed connection.',
    ),
  ];
  return { title: 'Connection tracking', items };
}
