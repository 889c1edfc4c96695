// The option registry: one documented row per option. Types, "not supported" errors, the round-trip tests
// and the table in docs/API.md derive from it. The other place to touch for a new option is its row in
// native/sys/<system>.cc. Sorted by level, then by the C constant's name.
import { makeError } from './errors.js';
import { native, type NativeOption } from './native.js';

/** What an option's value is in JavaScript. */
interface KindValues {
  boolean: boolean;
  /** A whole number. */
  integer: number;
  /** Bytes per second; null: no limit. */
  rate: number | null;
  bigint: bigint;
  string: string;
  bytes: Buffer;
  /** A code such as 'ECONNRESET'; null: none. */
  error: string | null;
  /** Seconds; null: off. */
  linger: number | null;
  credentials: PeerCredentials;
  address: OriginalDestination;
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export interface OriginalDestination {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
}

export interface OptionRow {
  readonly kind: keyof KindValues;
  readonly level: string;
  /** Of Linux, or else of the system that has it. */
  readonly constant: string;
  /** Where it has another name. */
  readonly elsewhere?: Partial<Record<'macOS' | 'BSD' | 'Windows', string>>;
  /** What it does to the data, and where the kernel deviates. */
  readonly doc: string;
  /** 'r': can only be asked; 'w': only set. Default: both. */
  readonly access?: 'r' | 'w';
  readonly unit?: string;
  /** When it has its effect, if that is not at any time. */
  readonly when?: string;
  /** What setting it needs on Linux. */
  readonly privilege?: string;
  /** Sockets that have it. */
  readonly sockets: readonly SocketKind[];
  /** A value that can be set on any socket that has it, for documentation and round-trip tests. */
  readonly example?: boolean | number | string | null;
  /** What getOption() gives after the example was set, where Linux makes something else of it. */
  readonly reads?: boolean | number | string | null;
}

export type SocketKind = 'ipv4' | 'ipv6' | 'unix' | 'listener';

const beforeConnect = 'before connect or listen';

export const registry = {
  acceptConnection: {
    kind: 'boolean',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_ACCEPTCONN',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    doc: 'The socket listens',
  },
  bindToDevice: {
    kind: 'string',
    level: 'SOL_SOCKET',
    constant: 'SO_BINDTODEVICE',
    unit: 'name of an interface; empty: none',
    when: beforeConnect,
    privilege: 'CAP_NET_RAW to change it once it is set',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 'lo',
    doc: 'Packets go out by this interface, and only what comes in by it is received',
  },
  bufferLock: {
    kind: 'integer',
    level: 'SOL_SOCKET',
    constant: 'SO_BUF_LOCK',
    unit: '0 none, 1 the send buffer, 2 the receive buffer, 3 both',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 3,
    doc: 'Which buffers keep their size: the kernel does not tune them by itself. Setting a size locks it as well',
  },
  busyPoll: {
    kind: 'integer',
    level: 'SOL_SOCKET',
    constant: 'SO_BUSY_POLL',
    unit: 'microseconds',
    privilege: 'CAP_NET_ADMIN for more than net.core.busy_read',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 20,
    doc: "How long a read polls the network device's queue where nothing is there",
  },
  busyPollBudget: {
    kind: 'integer',
    access: 'w',
    level: 'SOL_SOCKET',
    constant: 'SO_BUSY_POLL_BUDGET',
    unit: 'packets',
    privilege: 'CAP_NET_ADMIN for more than it is',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 4,
    doc: 'How many packets a busy poll takes at a time',
  },
  cookie: {
    kind: 'bigint',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_COOKIE',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    doc: "The kernel's name for the socket, never used again: what ss -e prints as sk",
  },
  domain: {
    kind: 'integer',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_DOMAIN',
    unit: "the system's AF_ number",
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    doc: 'The address family',
  },
  error: {
    kind: 'error',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_ERROR',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    doc: 'Why the connection broke, if nobody has been told yet. Asking takes it: Node is not told any more',
  },
  exclusiveAddressUse: {
    kind: 'boolean',
    level: 'SOL_SOCKET',
    constant: 'SO_EXCLUSIVEADDRUSE',
    when: 'before bind',
    sockets: ['ipv4', 'ipv6', 'listener'],
    doc: 'Nobody else can bind the address, not even with reuseAddress, by which Windows lets a stranger take it over',
  },
  incomingCpu: {
    kind: 'integer',
    level: 'SOL_SOCKET',
    constant: 'SO_INCOMING_CPU',
    unit: 'number of a CPU',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 0,
    doc: 'The CPU that packets come in on. Set on listeners that share a port (reusePort): whose connections this one takes',
  },
  incomingNapiId: {
    kind: 'integer',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_INCOMING_NAPI_ID',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    doc: "The network device's receive queue that packets come from; 0: none, as on loopback",
  },
  keepalive: {
    kind: 'boolean',
    level: 'SOL_SOCKET',
    constant: 'SO_KEEPALIVE',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: true,
    doc: 'Probes that find out that a silent peer has gone; see keepIdle, keepInterval, keepCount',
  },
  linger: {
    kind: 'linger',
    level: 'SOL_SOCKET',
    constant: 'SO_LINGER',
    elsewhere: { macOS: 'SO_LINGER_SEC' },
    unit: 'seconds',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 30,
    doc:
      'What a close does with unsent output: null leaves it to the kernel, 0 resets, n waits up to n seconds, and ' +
      'setOption() blocks the event loop for that: use setLinger()',
  },
  listenIncompleteLength: {
    kind: 'integer',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_LISTENINCQLEN',
    unit: 'connections',
    sockets: ['listener'],
    doc: 'Connections whose handshake is not over',
  },
  listenQueueLength: {
    kind: 'integer',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_LISTENQLEN',
    unit: 'connections',
    sockets: ['listener'],
    doc: 'Connections that wait for accept()',
  },
  listenQueueLimit: {
    kind: 'integer',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_LISTENQLIMIT',
    unit: 'connections',
    sockets: ['listener'],
    doc: 'The backlog of listen()',
  },
  mark: {
    kind: 'integer',
    level: 'SOL_SOCKET',
    constant: 'SO_MARK',
    privilege: 'CAP_NET_ADMIN or CAP_NET_RAW',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 7,
    doc: 'A number on each packet, for routing rules and filters',
  },
  maxPacingRate: {
    kind: 'rate',
    level: 'SOL_SOCKET',
    constant: 'SO_MAX_PACING_RATE',
    unit: 'bytes per second',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 10_000_000,
    doc: 'The kernel sends no faster than this; null: no limit',
  },
  netnsCookie: {
    kind: 'bigint',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_NETNS_COOKIE',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    doc: "The kernel's name for the socket's network namespace, never used again",
  },
  networkServiceType: {
    kind: 'integer',
    level: 'SOL_SOCKET',
    constant: 'SO_NET_SERVICE_TYPE',
    unit: "the system's NET_SERVICE_TYPE_ number; 0: best effort",
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 1,
    doc: 'What the traffic is for, which the network may rank by',
  },
  noSigpipe: {
    kind: 'boolean',
    level: 'SOL_SOCKET',
    constant: 'SO_NOSIGPIPE',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: true,
    doc: 'A write after the end fails with EPIPE and raises no SIGPIPE. Node ignores that signal anyway',
  },
  outOfBandInline: {
    kind: 'boolean',
    level: 'SOL_SOCKET',
    constant: 'SO_OOBINLINE',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: true,
    doc: 'Urgent data stays in the stream. Without it a read leaves the urgent byte out, so data seems to be missing',
  },
  peerCredentials: {
    kind: 'credentials',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_PEERCRED',
    elsewhere: { macOS: 'LOCAL_PEERCRED, LOCAL_PEERPID', BSD: 'LOCAL_PEERCRED, LOCAL_PEEREID or SO_PEERCRED' },
    sockets: ['unix'],
    doc: 'Who the peer was when it connected or listened; other sockets: EOPNOTSUPP',
  },
  preferBusyPoll: {
    kind: 'boolean',
    level: 'SOL_SOCKET',
    constant: 'SO_PREFER_BUSY_POLL',
    privilege: 'CAP_NET_ADMIN to switch it on',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: true,
    doc: 'The device raises no interrupts while somebody polls (busyPoll)',
  },
  priority: {
    kind: 'integer',
    level: 'SOL_SOCKET',
    constant: 'SO_PRIORITY',
    privilege: 'CAP_NET_ADMIN or CAP_NET_RAW for more than 6',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 5,
    doc: 'Which of the network device\'s queues packets go to. Setting tos changes it as well',
  },
  protocol: {
    kind: 'integer',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_PROTOCOL',
    unit: "the system's IPPROTO_ number",
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    doc: 'The protocol; 0 for unix-domain sockets',
  },
  receiveBufferSize: {
    kind: 'integer',
    level: 'SOL_SOCKET',
    constant: 'SO_RCVBUF',
    unit: 'bytes',
    when: 'before connect or listen for the window that is offered at the handshake',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 16_384,
    reads: 32_768,
    doc:
      'Memory for what has been received. Linux doubles the value (for its own bookkeeping), limits it to ' +
      'net.core.rmem_max, and stops tuning it by itself',
  },
  receiveBufferSizeForce: {
    kind: 'integer',
    access: 'w',
    level: 'SOL_SOCKET',
    constant: 'SO_RCVBUFFORCE',
    unit: 'bytes',
    privilege: 'CAP_NET_ADMIN',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 16_384,
    doc: 'receiveBufferSize beyond net.core.rmem_max',
  },
  receiveLowWatermark: {
    kind: 'integer',
    level: 'SOL_SOCKET',
    constant: 'SO_RCVLOWAT',
    unit: 'bytes',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 100,
    doc: 'The socket is readable only when so much has come. Less than that is not delivered to Node until more, or the end, comes',
  },
  reuseAddress: {
    kind: 'boolean',
    level: 'SOL_SOCKET',
    constant: 'SO_REUSEADDR',
    when: 'before bind',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: true,
    doc: 'An address can be bound although connections of it are in TIME_WAIT. Node sets it on its listeners',
  },
  reusePort: {
    kind: 'boolean',
    level: 'SOL_SOCKET',
    constant: 'SO_REUSEPORT',
    when: 'before bind, on each of them',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: true,
    doc: 'Several listeners share a port, and the kernel deals connections out among them',
  },
  sendBufferSize: {
    kind: 'integer',
    level: 'SOL_SOCKET',
    constant: 'SO_SNDBUF',
    unit: 'bytes',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 16_384,
    reads: 32_768,
    doc:
      'Memory for what has been written and is not acknowledged: what a close leaves to the kernel at most. Linux doubles ' +
      'the value, limits it to net.core.wmem_max, and stops tuning it by itself',
  },
  sendBufferSizeForce: {
    kind: 'integer',
    access: 'w',
    level: 'SOL_SOCKET',
    constant: 'SO_SNDBUFFORCE',
    unit: 'bytes',
    privilege: 'CAP_NET_ADMIN',
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    example: 16_384,
    doc: 'sendBufferSize beyond net.core.wmem_max',
  },
  sendLowWatermark: {
    kind: 'integer',
    level: 'SOL_SOCKET',
    constant: 'SO_SNDLOWAT',
    unit: 'bytes',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 4096,
    doc: 'The socket is writable only when so much fits. Linux has 1 and does not take another',
  },
  type: {
    kind: 'integer',
    access: 'r',
    level: 'SOL_SOCKET',
    constant: 'SO_TYPE',
    unit: "the system's SOCK_ number",
    sockets: ['ipv4', 'ipv6', 'unix', 'listener'],
    doc: '1: a stream, on Linux',
  },
  zeroCopy: {
    kind: 'boolean',
    level: 'SOL_SOCKET',
    constant: 'SO_ZEROCOPY',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: true,
    doc: 'Allows MSG_ZEROCOPY, which Node does not use: for other holders of the descriptor',
  },

  bindAddressNoPort: {
    kind: 'boolean',
    level: 'IPPROTO_IP',
    constant: 'IP_BIND_ADDRESS_NO_PORT',
    when: 'before bind',
    sockets: ['ipv4', 'listener'],
    example: true,
    doc: 'A bind with port 0 takes no port until connect: then one address has ports for each destination',
  },
  boundInterface: {
    kind: 'integer',
    level: 'IPPROTO_IP',
    constant: 'IP_BOUND_IF',
    unit: 'index of an interface; 0: none',
    when: beforeConnect,
    sockets: ['ipv4'],
    example: 1,
    doc: 'As bindToDevice, where the system has it by index',
  },
  freebind: {
    kind: 'boolean',
    level: 'IPPROTO_IP',
    constant: 'IP_FREEBIND',
    when: 'before bind',
    sockets: ['ipv4', 'listener'],
    example: true,
    doc: 'An address can be bound that no interface has (yet)',
  },
  ipMtu: {
    kind: 'integer',
    access: 'r',
    level: 'IPPROTO_IP',
    constant: 'IP_MTU',
    unit: 'bytes',
    sockets: ['ipv4'],
    doc: 'The largest packet on the way to the peer, as far as it is known. ENOTCONN before connect',
  },
  ipMtuDiscover: {
    kind: 'integer',
    level: 'IPPROTO_IP',
    constant: 'IP_MTU_DISCOVER',
    unit: '0 dont, 1 want, 2 do, 3 probe, 4 interface, 5 omit',
    sockets: ['ipv4', 'listener'],
    example: 2,
    doc: 'Whether packets may be fragmented on the way',
  },
  ipReceiveTos: {
    kind: 'boolean',
    level: 'IPPROTO_IP',
    constant: 'IP_RECVTOS',
    sockets: ['ipv4', 'listener'],
    example: true,
    doc: "The peer's TOS comes with a recvmsg(), which Node does not use on streams: for other holders of the descriptor",
  },
  minTtl: {
    kind: 'integer',
    level: 'IPPROTO_IP',
    constant: 'IP_MINTTL',
    unit: 'hops; 0: any',
    sockets: ['ipv4', 'listener'],
    example: 255,
    doc: 'Packets with less are dropped: who is not a neighbour can not reach it (RFC 5082)',
  },
  originalDestination: {
    kind: 'address',
    access: 'r',
    level: 'IPPROTO_IP',
    constant: 'SO_ORIGINAL_DST',
    sockets: ['ipv4'],
    doc: 'Where the client wanted to go before a NAT rule sent it here (transparent proxies). ENOENT if there was none',
  },
  tos: {
    kind: 'integer',
    level: 'IPPROTO_IP',
    constant: 'IP_TOS',
    unit: 'the lowest two bits (ECN) are the kernel\'s',
    sockets: ['ipv4', 'listener'],
    example: 0x10,
    doc: 'DSCP of the packets that are sent; sets priority as well',
  },
  transparent: {
    kind: 'boolean',
    level: 'IPPROTO_IP',
    constant: 'IP_TRANSPARENT',
    elsewhere: { BSD: 'IP_BINDANY or SO_BINDANY' },
    when: 'before bind',
    privilege: 'CAP_NET_ADMIN or CAP_NET_RAW',
    sockets: ['ipv4', 'listener'],
    example: true,
    doc: 'Addresses of others can be bound (TPROXY)',
  },
  ttl: {
    kind: 'integer',
    level: 'IPPROTO_IP',
    constant: 'IP_TTL',
    unit: 'hops',
    sockets: ['ipv4', 'listener'],
    example: 42,
    doc: 'How far packets go',
  },

  autoFlowLabel: {
    kind: 'boolean',
    level: 'IPPROTO_IPV6',
    constant: 'IPV6_AUTOFLOWLABEL',
    sockets: ['ipv6'],
    example: false,
    doc: 'Packets carry a flow label of the connection, by which routers deal them out',
  },
  ipv6BoundInterface: {
    kind: 'integer',
    level: 'IPPROTO_IPV6',
    constant: 'IPV6_BOUND_IF',
    unit: 'index of an interface; 0: none',
    when: beforeConnect,
    sockets: ['ipv6'],
    example: 1,
    doc: 'As boundInterface',
  },
  ipv6Freebind: {
    kind: 'boolean',
    level: 'IPPROTO_IPV6',
    constant: 'IPV6_FREEBIND',
    when: 'before bind',
    sockets: ['ipv6'],
    example: true,
    doc: 'As freebind',
  },
  minHops: {
    kind: 'integer',
    level: 'IPPROTO_IPV6',
    constant: 'IPV6_MINHOPCOUNT',
    unit: 'hops; 0: any',
    sockets: ['ipv6'],
    example: 255,
    doc: 'As minTtl',
  },
  ipv6Mtu: {
    kind: 'integer',
    access: 'r',
    level: 'IPPROTO_IPV6',
    constant: 'IPV6_MTU',
    unit: 'bytes',
    sockets: ['ipv6'],
    doc: 'The largest packet on the way to the peer, as far as it is known. ENOTCONN before connect',
  },
  ipv6MtuDiscover: {
    kind: 'integer',
    level: 'IPPROTO_IPV6',
    constant: 'IPV6_MTU_DISCOVER',
    unit: '0 dont, 1 want, 2 do, 3 probe, 4 interface, 5 omit',
    sockets: ['ipv6'],
    example: 2,
    doc: 'As ipMtuDiscover',
  },
  ipv6OriginalDestination: {
    kind: 'address',
    access: 'r',
    level: 'IPPROTO_IPV6',
    constant: 'IP6T_SO_ORIGINAL_DST',
    sockets: ['ipv6'],
    doc: 'As originalDestination',
  },
  receiveTrafficClass: {
    kind: 'boolean',
    level: 'IPPROTO_IPV6',
    constant: 'IPV6_RECVTCLASS',
    sockets: ['ipv6'],
    example: true,
    doc: 'As ipReceiveTos',
  },
  trafficClass: {
    kind: 'integer',
    level: 'IPPROTO_IPV6',
    constant: 'IPV6_TCLASS',
    unit: 'the lowest two bits (ECN) are the kernel\'s',
    sockets: ['ipv6'],
    example: 0x10,
    doc: 'DSCP of the packets that are sent',
  },
  ipv6Transparent: {
    kind: 'boolean',
    level: 'IPPROTO_IPV6',
    constant: 'IPV6_TRANSPARENT',
    when: 'before bind',
    privilege: 'CAP_NET_ADMIN or CAP_NET_RAW',
    sockets: ['ipv6'],
    example: true,
    doc: 'As transparent',
  },
  unicastHops: {
    kind: 'integer',
    level: 'IPPROTO_IPV6',
    constant: 'IPV6_UNICAST_HOPS',
    unit: 'hops',
    sockets: ['ipv6'],
    example: 42,
    doc: 'How far packets go',
  },
  v6Only: {
    kind: 'boolean',
    level: 'IPPROTO_IPV6',
    constant: 'IPV6_V6ONLY',
    when: 'before bind; EINVAL after it',
    sockets: ['ipv6'],
    doc: 'The listener takes no IPv4 connections. Node: listen({ ipv6Only })',
  },

  congestion: {
    kind: 'string',
    level: 'IPPROTO_TCP',
    constant: 'TCP_CONGESTION',
    unit: 'name of an algorithm',
    privilege: 'CAP_NET_ADMIN for one that is not in net.ipv4.tcp_allowed_congestion_control',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 'reno',
    doc: 'How the kernel decides how much to send at a time. ENOENT: not loaded',
  },
  connectionTimeout: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_CONNECTIONTIMEOUT',
    elsewhere: { BSD: 'TCP_KEEPINIT' },
    unit: 'seconds; 0: the system decides',
    when: 'before connect',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 20,
    doc: 'How long a connect may take (ETIMEDOUT)',
  },
  cork: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_CORK',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: true,
    doc: 'Only full packets go out, what is less waits for up to 200 ms; switching it off sends what is left',
  },
  deferAccept: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_DEFER_ACCEPT',
    unit: 'seconds; Linux rounds up to its retransmission times: 1, 3, 7, 15 ...',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 3,
    doc: 'A listener tells of a connection only when its first bytes have come',
  },
  ecn: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_ENABLE_ECN',
    when: 'before connect',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: true,
    doc: 'Asks for explicit congestion notification',
  },
  fastOpen: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_FASTOPEN',
    unit: 'connections in the queue',
    when: 'on a listener; EINVAL elsewhere',
    sockets: ['listener'],
    example: 16,
    doc: 'Accepts data in the SYN (net.ipv4.tcp_fastopen allows it)',
  },
  fastOpenConnect: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_FASTOPEN_CONNECT',
    when: 'before connect; EINVAL after it',
    sockets: [],
    doc: 'The first write goes into the SYN, where the server has given a cookie before',
  },
  fastOpenNoCookie: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_FASTOPEN_NO_COOKIE',
    when: 'before connect, or on a listener; EINVAL elsewhere',
    sockets: ['listener'],
    example: true,
    doc: 'Fast open without the cookie that proves the address: anybody can have data sent to somebody else',
  },
  keepCount: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_KEEPCNT',
    unit: 'probes',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 4,
    doc: 'Probes without an answer until the connection is given up (ETIMEDOUT)',
  },
  keepIdle: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_KEEPIDLE',
    elsewhere: { macOS: 'TCP_KEEPALIVE' },
    unit: 'seconds',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 60,
    doc: 'Silence until the first probe',
  },
  keepInterval: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_KEEPINTVL',
    unit: 'seconds',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 10,
    doc: 'Between two probes',
  },
  linger2: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_LINGER2',
    unit: 'seconds; 0: net.ipv4.tcp_fin_timeout, -1: none',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 20,
    doc: 'How long a closed socket stays in FIN_WAIT2 for the FIN of the peer. Nothing to do with SO_LINGER',
  },
  maxRetransmitTime: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_MAXRT',
    unit: 'seconds; -1: for ever',
    sockets: ['ipv4', 'ipv6'],
    example: 20,
    doc: 'How long written data is sent again until the connection is given up (ETIMEDOUT)',
  },
  maxRetransmitTimeMs: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_MAXRTMS',
    unit: 'milliseconds',
    sockets: ['ipv4', 'ipv6'],
    example: 20_000,
    doc: 'As maxRetransmitTime, in finer steps (Windows 10 2004 or later)',
  },
  maxSegment: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_MAXSEG',
    unit: 'bytes',
    when: 'before connect or listen; later it says what is in use',
    sockets: ['listener'],
    example: 1000,
    doc: 'The largest segment. Connected sockets read back the one in use',
  },
  noDelay: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_NODELAY',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: true,
    doc: "Small writes go out at once instead of waiting for the last one's acknowledgement (Nagle)",
  },
  noOptions: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_NOOPT',
    when: 'before connect',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: true,
    doc: 'No TCP options are sent (window scale, SACK, timestamps)',
  },
  noPush: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_NOPUSH',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: true,
    doc: 'Holds incomplete segments back, as cork does on Linux',
  },
  notSentLowWatermark: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_NOTSENT_LOWAT',
    unit: 'bytes',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 16_384,
    doc: 'The socket is writable only while less than this is unsent: less in the kernel, more in Node\'s own queue',
  },
  persistTimeout: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'PERSIST_TIMEOUT',
    unit: 'seconds; 0: never',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 60,
    doc: 'How long the peer may keep its window closed until the connection is given up',
  },
  quickAck: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_QUICKACK',
    sockets: ['ipv4', 'ipv6'],
    example: true,
    doc: 'Acknowledges at once. Not for good: the kernel switches it on and off by itself',
  },
  retransmissionTimeout: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_RXT_CONNDROPTIME',
    unit: 'seconds; 0: the system decides',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 30,
    doc: 'How long written data is sent again until the connection is given up (ETIMEDOUT): userTimeout of this system',
  },
  retransmittedFinDrop: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_RXT_FINDROP',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: true,
    doc: 'Gives up after the FIN was sent three times: what the peer has not acknowledged by then is lost',
  },
  saveSyn: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_SAVE_SYN',
    unit: '0 no, 1 IP and TCP headers, 2 with the link layer\'s',
    when: 'on a listener',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 1,
    doc: 'Keeps the SYN of each connection for savedSyn',
  },
  savedSyn: {
    kind: 'bytes',
    access: 'r',
    level: 'IPPROTO_TCP',
    constant: 'TCP_SAVED_SYN',
    sockets: ['ipv4', 'ipv6'],
    doc: 'The SYN that an accepted connection came by. Asking takes it; empty: none was saved',
  },
  sendMoreAcks: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_SENDMOREACKS',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: true,
    doc: 'Acknowledges every second segment, always',
  },
  synCount: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_SYNCNT',
    when: 'before connect',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 3,
    doc: 'SYNs that are sent again before a connect fails with ETIMEDOUT',
  },
  thinLinearTimeouts: {
    kind: 'boolean',
    level: 'IPPROTO_TCP',
    constant: 'TCP_THIN_LINEAR_TIMEOUTS',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: true,
    doc: 'Retransmits a thin stream (few packets in flight) at an even pace instead of doubling it',
  },
  txDelay: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_TX_DELAY',
    unit: 'microseconds',
    privilege: 'the fq queueing discipline on the interface; without it nothing is delayed',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 1000,
    doc: 'Delays each packet, to simulate a distance',
  },
  userTimeout: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_USER_TIMEOUT',
    unit: 'milliseconds; 0: net.ipv4.tcp_retries2 decides',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 5000,
    doc: 'How long written data may stay unacknowledged, or the window closed, until the connection is given up (ETIMEDOUT)',
  },
  windowClamp: {
    kind: 'integer',
    level: 'IPPROTO_TCP',
    constant: 'TCP_WINDOW_CLAMP',
    unit: 'bytes; 0 is refused while connected (EINVAL)',
    sockets: ['ipv4', 'ipv6', 'listener'],
    example: 32_768,
    doc: 'The largest window that is offered to the peer. Linux raises small values to half of the smallest receive buffer',
  },
} as const satisfies Record<string, OptionRow>;

type Registry = typeof registry;

/** The names of all options, on whatever system. */
export type OptionName = keyof Registry;

type NamesWithAccess<Access> = {
  [Name in OptionName]: Registry[Name] extends { access: Access } ? Name : never;
}[OptionName];

/** Options that setOption() takes. */
export type SettableOptionName = Exclude<OptionName, NamesWithAccess<'r'>>;

/** Options that getOption() takes. */
export type ReadableOptionName = Exclude<OptionName, NamesWithAccess<'w'>>;

/** What an option's value is in JavaScript. */
export type OptionValue<Name extends OptionName> = KindValues[Registry[Name]['kind']];

type NativeOptions = Readonly<Record<OptionName, NativeOption>>;

let found: NativeOptions | undefined;

/**
 * Each option's row in the addon. One that this system lacks throws ERR_OPTION_NOT_SUPPORTED when it is used, and so
 * does the wrong direction of one that can only be read, or only be set.
 */
export function nativeOptions(): NativeOptions {
  return (found ??= findNativeOptions());
}

function findNativeOptions(): NativeOptions {
  const names = Object.keys(registry) as OptionName[];
  return Object.fromEntries(names.map((name) => [name, findNativeOption(name)])) as NativeOptions;
}

function findNativeOption(name: OptionName): NativeOption {
  const row = native.options.find((option) => option.name === name);
  const refuse = (why: string) => (): never => {
    throw makeError('ERR_OPTION_NOT_SUPPORTED', name, why);
  };
  const lacking = refuse(`${process.platform} does not have it`);
  if (row === undefined) return { name, min: 0, max: 0, get: lacking, set: lacking };
  return { ...row, get: row.get ?? refuse('it can only be set'), set: row.set ?? refuse('it can only be read') };
}

/** ERR_OPTION_NOT_SUPPORTED for what this system does not have, or can only read. */
export function checkSettable(name: OptionName): void {
  const isSettable = native.options.some((option) => option.name === name && option.set !== undefined);
  if (!isSettable) nativeOptions()[name].set(-1, undefined); // its refusal
}

/** The options that this system has, sorted. */
export function supportedOptions(): readonly OptionName[] {
  return native.options.map(({ name }) => name as OptionName).sort();
}
