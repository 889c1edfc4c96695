// What the errors of a connection mean: one row per code. explainError() and docs/CAUSES.md (npm run docs) derive from it.

export interface ErrorRow {
  /** What has happened, in a sentence. */
  readonly summary: string;
  /** Likely causes, the likeliest first. */
  readonly causes: readonly string[];
  /** What to do. */
  readonly advice: readonly string[];
  /** The causes where connect(2) reports it, if those are others. */
  readonly connecting?: readonly string[];
  /** The causes where Node has made the error by itself: it has the code, but no errno. */
  readonly madeByNode?: readonly string[];
  /** The kernels' numbers; Node negates them. null: never seen there. Absent: a code of Node's or undici's own. */
  readonly numbers?: { readonly linux: number; readonly macos: number; readonly windows: number | null };
  /** Windows' name where it is not WSA and the code. */
  readonly windowsName?: string;
  /** What err.errno is on Windows: libuv's own number. */
  readonly uvWindows?: number;
}

export const errorTable = {
  ECONNRESET: {
    summary: 'The peer has reset the connection (RST): what was on its way is lost, in both directions.',
    causes: [
      'the peer closed its socket although it had input that it had not read; its kernel answers that by a reset',
      'the peer process has crashed or was restarted, and its system does not know the connection any more',
      'we wrote to a connection that the peer had closed already: the reset is the answer to it',
      'the peer closed with SO_LINGER 0, or by resetAndDestroy(), on purpose: overload, a timeout, a refused client',
      'a middlebox (NAT, load balancer, firewall) had forgotten the connection, mostly after it was idle',
    ],
    advice: [
      'on the side that closes: lingerClose(), or enableLingeringClose() for a server, reads the rest before it closes',
      'before a retry, ask whether the request may be sent twice: the peer may have handled it',
      'for pooled connections: a keep-alive timeout below that of the server, and keepalive probes for idle ones',
    ],
    connecting: [
      'the peer, or a middlebox before it, dropped the connection while it was made: the backlog is full and it resets',
    ],
    madeByNode: [
      'node:http ("socket hang up"): the server closed the connection before it had answered, mostly a keep-alive timeout',
      'node:tls ("disconnected before secure TLS connection"): the peer closed in the middle of the handshake',
      'the request was destroyed by this process itself',
    ],
    numbers: { linux: 104, macos: 54, windows: 10_054 },
    uvWindows: -4077,
  },
  EPIPE: {
    summary: 'We wrote to a connection that is closed for writing: the peer was gone before, or we have ended our side.',
    causes: [
      'the peer has closed; our write before this one was answered by a reset',
      'the peer process has crashed or was restarted',
      'our side was shut down for writing, by end() or shutdown(), in another place',
    ],
    advice: [
      "stop writing at 'end', 'close' and 'error'; pipeline() does that",
      'closeCause() tells whether the peer had closed first, and how many bytes were not acknowledged',
    ],
    madeByNode: ['"This socket has been ended by the other party": the peer sent FIN, the socket does not allow half-open connections, and we wrote after it'],
    numbers: { linux: 32, macos: 32, windows: 10_058 },
    windowsName: 'WSAESHUTDOWN',
    uvWindows: -4047,
  },
  ETIMEDOUT: {
    summary: 'The kernel has given up: the peer did not answer, neither with data nor with a reset.',
    causes: [
      'the network between is broken, or the peer machine is off or has vanished',
      'a firewall drops the packets, or a middlebox has forgotten the idle connection',
      'keepalive probes were not answered (keepIdle, keepInterval, keepCount)',
      'what was written was not acknowledged for as long as userTimeout allows, or net.ipv4.tcp_retries2',
      'the peer has not read for so long that its window stayed closed, and vanished then',
    ],
    advice: [
      'closeCause() tells which of them it was, where the kernel can be asked',
      'set userTimeout to notice sooner; without it Linux takes some 15 minutes',
      'keepalive probes more often than the middleboxes forget',
    ],
    connecting: [
      'nobody is at that address, or a firewall drops the packets',
      'the backlog of the listener is full, so that it does not answer',
    ],
    madeByNode: ["a timeout of a library's own, not of the kernel"],
    numbers: { linux: 110, macos: 60, windows: 10_060 },
    uvWindows: -4039,
  },
  ECONNREFUSED: {
    summary: 'The machine is there, but nobody listens at that address and port.',
    causes: [
      'the server is not running (yet), or has crashed',
      'wrong port, or it listens on another address: localhost may mean ::1 here and 127.0.0.1 there',
      'a firewall refuses instead of dropping',
      'unix-domain sockets: the file is left over from a process that is gone',
    ],
    advice: ['see what listens: ss -ltn', 'try again with growing pauses while a server starts'],
    numbers: { linux: 111, macos: 61, windows: 10_061 },
    uvWindows: -4078,
  },
  ECONNABORTED: {
    summary: 'This machine has cut the connection off by itself.',
    causes: [
      'Windows: the network went away, or data was not acknowledged (there this stands for a timeout as well)',
      'the connection was reset while it waited for accept()',
      'a virus scanner, VPN or proxy on this machine has ended it',
    ],
    advice: ['a listener ignores it and goes on accepting', 'else treat it like ECONNRESET'],
    numbers: { linux: 103, macos: 53, windows: 10_053 },
    uvWindows: -4079,
  },
  EHOSTUNREACH: {
    summary: 'There is no way to that host: a router, or our own routing table, says so.',
    causes: ['the host is off, so that nobody answers on its network', 'a router or firewall rejects the packets', 'a route that is marked as unreachable'],
    advice: ['ip route get ADDRESS says which way is taken', 'an open connection survives it until its timeout: the way may come back'],
    numbers: { linux: 113, macos: 65, windows: 10_065 },
    uvWindows: -4073,
  },
  ENETUNREACH: {
    summary: 'There is no way to that network.',
    causes: ['this machine has no route there: no network, or no default route', 'an IPv6 address on a machine without IPv6'],
    advice: ['ip route, ip -6 route', 'connect by name, so that Node tries the other family as well (autoSelectFamily)'],
    numbers: { linux: 101, macos: 51, windows: 10_051 },
    uvWindows: -4062,
  },
  ENOTCONN: {
    summary: 'The call needs a connection, and there is none (any more).',
    causes: ['shutdown() after the connection was reset: both sides are gone already', 'the call came before the connection was made'],
    advice: ["wait for 'connect'", 'after a reset it tells nothing new: closeCause() has the reason'],
    numbers: { linux: 107, macos: 57, windows: 10_057 },
    uvWindows: -4053,
  },
  EADDRINUSE: {
    summary: 'Somebody has that address and port already.',
    causes: [
      'another process listens there, often an instance of the same program',
      'connections of an earlier listener are in TIME_WAIT, and SO_REUSEADDR is not set (Node sets it)',
      'connect(): every local port to that address is taken',
    ],
    advice: ['see who: ss -ltnp', 'port 0 takes any that is free', 'unix-domain sockets: remove the file after making sure that nobody listens'],
    numbers: { linux: 98, macos: 48, windows: 10_048 },
    uvWindows: -4091,
  },
  EADDRNOTAVAIL: {
    summary: 'This machine does not have that address, or no local port is left.',
    causes: ['listen() or bind() with an address of another machine', 'connect(): too many connections to one address, those in TIME_WAIT included'],
    advice: ['listen on 0.0.0.0 or ::', 'reuse connections (keep-alive), widen net.ipv4.ip_local_port_range'],
    numbers: { linux: 99, macos: 49, windows: 10_049 },
    uvWindows: -4090,
  },
  EMFILE: {
    summary: 'This process has as many descriptors open as it may.',
    causes: ['sockets or files that are never closed', 'more connections at a time than the limit allows'],
    advice: ['ulimit -n, LimitNOFILE=', 'ls -l /proc/PID/fd shows what is open', 'server.maxConnections, and pools with a limit'],
    numbers: { linux: 24, macos: 24, windows: 10_024 },
    uvWindows: -4066,
  },
  ENFILE: {
    summary: 'The whole system has as many files open as it may.',
    causes: ['a process that leaks descriptors, not necessarily this one'],
    advice: ['fs.file-max, and cat /proc/sys/fs/file-nr'],
    numbers: { linux: 23, macos: 23, windows: null },
    uvWindows: -4061,
  },
  UND_ERR_SOCKET: {
    summary: 'fetch() (undici): the connection ended before the answer was complete; it is no error of the kernel.',
    causes: ['"other side closed": the server sent FIN, mostly by its keep-alive timeout while the request was on its way', 'the server has crashed'],
    advice: ['retry what may be sent twice', 'a keep-alive timeout of the client below that of the server'],
  },
  ERR_STREAM_PREMATURE_CLOSE: {
    summary: "The stream was closed before it had come to its end ('end' or 'finish').",
    causes: ['destroy(), by us or because of an error of the socket', 'the peer closed in the middle'],
    advice: ['closeCause() of the socket has the reason'],
  },
  ERR_STREAM_WRITE_AFTER_END: {
    summary: 'write() after end(): our own mistake, the connection may be well.',
    causes: ['two places write to one stream, and one of them has ended it'],
    advice: ['look for who calls end(), shutdownWrite() or lingerClose()'],
  },
  ERR_STREAM_DESTROYED: {
    summary: 'The stream was destroyed before this call, or while what it wrote was queued.',
    causes: ['destroy(), by us or because of an error of the socket'],
    advice: ['closeCause() of the socket has the reason'],
  },
} as const satisfies Record<string, ErrorRow>;

export type KnownErrorCode = keyof typeof errorTable;
