// Tests that can't run on Windows, or not under Wine (npm run test:windows): by name, each with its reason. hooks.ts asks.

export const isWindows = process.platform === 'win32';

/** Wine's major version, set by scripts/windows/suite.sh; 0 is Windows itself. */
const wine = Number(process.env.SOCKET_LINGER_WINE ?? 0);

export const isWine = wine > 0;

interface Skips {
  readonly reason: string;
  /** Windows as well, Wine alone, or one of the two: before version 10 and from it on. */
  readonly on: 'windows' | 'wine' | 'wine8' | 'wine10';
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
    on: 'wine8',
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
      /^tcpInfo |^the addon knows the TCP states|^pendingBytes (accounts for every byte|still tells after|tells what is pending under)|a reset that makes our half-close fail|a server's side, and a client's side over a socket of its own|a peer that sends garbage in the middle|handshake unfinished, and the peer answers|^destroy\(\) after setLinger|^closeCause and lingers .* setLinger\(\)|^random scripts |closes a connection on which nothing moves|the FIN is still unread|enableLingeringClose\(\) begins it/,
  },
  {
    reason: 'without SIO_TCP_INFO one write of 30 MB shows no progress until it is done',
    on: 'wine',
    tests: /a slow reader of a big answer has its time/,
  },
  {
    reason: 'Wine 8 shows a reset that comes behind data as the end (stock Node too)',
    on: 'wine8',
    tests:
      /peer-reset: after everything was acknowledged|close_notify comes before the FIN|reset-by-peer|broken-pipe: we write after|^resetClose .* sends RST, tls1\.2|^many sockets .* leave no descriptor behind|^explainError EPIPE|^the addon discard tells|adds no listener, and hides no error|the client writes into a broken pipe/,
  },
  {
    reason: 'Wine loses the end of a big write once the peer has half-closed (stock Node too)',
    on: 'wine',
    tests: /half-closed by the peer before, its 'end' emitted|ended by the peer meanwhile, before a late write/,
  },
  {
    reason: 'Wine neither tells a reset by SO_ERROR nor fails shutdown() after it (a C program too)',
    on: 'wine',
    tests: /^setOption, getOption error is taken|^shutdown passes on the system's error/,
  },
  {
    reason: 'Wine 10 takes a write of any size at once: no peer holds it back (stock Node too)',
    on: 'wine10',
    tests:
      /^closeCause aborted-locally: destroy\(\) with output above the kernel, ipv[46]|^examples messages\.mjs writeMessage\(\) rejects when the connection ends|^lingerClose \(portable engine\) (idle-timeout: a peer that stops reading|peer-reset: in the middle), |^during lingerClose \(portable engine\) destroy\(\) closes at once|^pendingBytes counts bytes, not characters|^resetClose \(portable engine\) sends RST after end\(\), where resetAndDestroy\(\) hangs or throws, ipv[46]|^shutdown 'write' refuses to lose what is queued above the kernel, ipv[46]|^shutdownWrite rejects with the reason if the socket dies first|http: a slow reader gets the whole request|http: nonsense behind the request does not cost the answer/,
  },
  {
    reason: 'Wine 10 says ECONNRESET of a write after a reset, not EPIPE (stock Node too)',
    on: 'wine10',
    tests: /^closeCause broken-pipe: we write after|^explainError EPIPE|the client writes into a broken pipe/,
  },
  {
    reason: 'Wine may leave a connection open whose process was killed in the middle of a big write (stock Node too)',
    on: 'wine',
    tests: /the server process is killed in the middle of its answer/,
  },
  {
    reason: "all that load goes through Wine's one server process, and takes minutes",
    on: 'wine',
    tests: /^a server, with (1 000 clients that upload|connections that are kept)/,
  },
  {
    reason: 'Wine does not know the option',
    on: 'wine',
    tests: /^options (ipMtu|ipv6Mtu|fastOpen|maxRetransmitTime(Ms)?), /,
  },
  {
    reason: 'Wine 8 does not know the option',
    on: 'wine8',
    tests: /^options (keep(Count|Idle|Interval)|tos|unicastHops|outOfBandInline), |take TLS sockets: the connection below/,
  },
];

/** Why the test does not run on Windows, or under that major version of Wine; undefined: it does. */
export function skipReasonUnder(wineVersion: number, title: string): string | undefined {
  const places = ['windows', ...(wineVersion > 0 ? ['wine', wineVersion < 10 ? 'wine8' : 'wine10'] : [])];
  return skips.find(({ on, tests }) => places.includes(on) && tests.test(title))?.reason;
}

/** Why the test does not run here; undefined: it does. */
export function windowsSkipReason(title: string): string | undefined {
  return isWindows ? skipReasonUnder(wine, title) : undefined;
}
