// Tests that can't run on Windows, or not under Wine (npm run test:windows): by name, each with its reason. hooks.ts asks.

export const isWindows = process.platform === 'win32';

/** Set by scripts/test-windows.sh. */
export const isWine = process.env.SOCKET_LINGER_WINE === '1';

interface Skips {
  readonly reason: string;
  /** Wine alone, or Windows as well. */
  readonly on: 'wine' | 'windows';
  /** Full titles, as mocha prints them: the suite's and the test's. */
  readonly tests: RegExp;
}

const skips: readonly Skips[] = [
  {
    reason: 'Windows has no signals that a process could answer: kill() ends it',
    on: 'windows',
    tests: /^examples, servers |^the documentation docs\/SERVERS\.md example|SIGTERM/,
  },
  {
    reason: 'a named pipe of Windows is no socket: it has no SOCKET, no half-close and no reset',
    on: 'windows',
    tests: /\bunix\b|unix-domain|peerCredentials|is ENOTSOCK on a net\.Socket over a pipe/,
  },
  {
    reason: 'Winsock answers ENOTSOCK for whatever is no socket, closed ones too',
    on: 'windows',
    tests: /^the addon \w+: a closed descriptor, and what can be none, is EBADF/,
  },
  {
    reason: 'Windows refuses a kernel linger of n seconds',
    on: 'windows',
    tests: /^options linger, |given a kernel linger: the close does not block on it|blocking: true/,
  },
  {
    reason: 'Windows does not double the size of a buffer, as Linux does',
    on: 'windows',
    tests: /^options (receive|send)BufferSize, /,
  },
  {
    reason: 'Windows drops what is unread at SD_RECEIVE',
    on: 'windows',
    tests: /^shutdown 'read' ends the stream after what has arrived/,
  },
  {
    reason: "the options are Linux'",
    on: 'windows',
    tests: /^setOption, getOption (refuse values that an option does not take|take dgram sockets|what a listener has, its|pass on the system's error)/,
  },
  {
    reason: 'there is no background engine on Windows',
    on: 'windows',
    tests: /^the addon startLinger/,
  },
  {
    reason: "fetch() of this node.exe can't connect under Wine 8: connect UNKNOWN",
    on: 'wine',
    tests: /^explainError (ECONNREFUSED: by itself|Node's own: socket hang up)/,
  },
  {
    reason: "the numbers and the fields are those of Linux' TCP_INFO",
    on: 'windows',
    tests: /^decodeTcpInfo |^tcpInfo agrees with what else is known/,
  },
  {
    reason: 'Wine has no SIO_TCP_INFO: neither what is acknowledged nor the state can be asked',
    on: 'wine',
    tests:
      /^tcpInfo |^the addon knows the TCP states|^pendingBytes (accounts for every byte|still tells after|tells what is pending under)|a reset that makes our half-close fail|a server's side, and a client's side over a socket of its own|a peer that sends garbage in the middle|handshake unfinished, and the peer answers|^destroy\(\) after setLinger|^closeCause and lingers .* setLinger\(\)|^random scripts |closes a connection on which nothing moves|our own SHUT_RD is not the peer's|the FIN is still unread/,
  },
  {
    reason: 'without SIO_TCP_INFO one write of 30 MB shows no progress until it is done',
    on: 'wine',
    tests: /a slow reader of a big answer has its time/,
  },
  {
    reason: 'Wine 8 shows a reset that comes behind data as the end (stock Node too)',
    on: 'wine',
    tests:
      /peer-reset: after everything was acknowledged|close_notify comes before the FIN|reset-by-peer|broken-pipe: we write after|^resetClose .* sends RST, tls1\.2|^many sockets .* leave no descriptor behind|^explainError EPIPE|^setOption, getOption error is taken|^shutdown passes on the system's error|^the addon discard tells|adds no listener, and hides no error|the client writes into a broken pipe|enableLingeringClose\(\) begins it/,
  },
  {
    reason: 'Wine 8 loses the end of a big write once the peer has half-closed (stock Node too)',
    on: 'wine',
    tests: /half-closed by the peer before, its 'end' emitted|ended by the peer meanwhile, before a late write|shut down for reading before: that is not/,
  },
  {
    reason: "all that load goes through Wine's one server process, and takes minutes",
    on: 'wine',
    tests: /^a server, with (1 000 clients that upload|connections that are kept)/,
  },
  {
    reason: 'Wine 8 does not know the option',
    on: 'wine',
    tests: /^options (ipMtu|ipv6Mtu|fastOpen|keep(Count|Idle|Interval)|maxRetransmitTime(Ms)?|tos|unicastHops|outOfBandInline), |take TLS sockets: the connection below/,
  },
];

/** Why the test does not run here; undefined: it does. */
export function windowsSkipReason(title: string): string | undefined {
  if (!isWindows) return undefined;
  return skips.find(({ on, tests }) => (on === 'windows' || isWine) && tests.test(title))?.reason;
}
