// What the compiler knows of options, fields and causes. Nothing here runs: it has to compile, and the lines that are marked must not.
import type net from 'node:net';

import { closeCause, explainError, getOption, setOption, tcpInfo, type CloseCause } from 'socket-linger';

export function check(socket: net.Socket, server: net.Server): void {
  setOption(socket, 'linger', 30);
  setOption(socket, 'linger', null);
  setOption(server, 'fastOpen', 16);
  setOption(socket, 'congestion', 'reno');
  // @ts-expect-error -- a boolean
  setOption(socket, 'noDelay', 'yes');
  // @ts-expect-error -- null is for options that can be off
  setOption(socket, 'keepIdle', null);
  // @ts-expect-error -- no such option
  setOption(socket, 'nodelay', true);
  // @ts-expect-error -- can only be read
  setOption(socket, 'cookie', 5n);
  // @ts-expect-error -- can only be set
  getOption(socket, 'sendBufferSizeForce');
  // @ts-expect-error -- not a socket
  getOption({}, 'noDelay');

  getOption(socket, 'noDelay') satisfies boolean;
  getOption(socket, 'cookie') satisfies bigint;
  getOption(socket, 'linger') satisfies number | null;
  getOption(socket, 'error') satisfies string | null;
  getOption(socket, 'peerCredentials').uid satisfies number;
  getOption(socket, 'originalDestination').family satisfies 'IPv4' | 'IPv6';
  getOption(socket, 'savedSyn') satisfies Buffer;

  tcpInfo(server).state satisfies string | null;
  tcpInfo(socket).rttUs satisfies number | undefined;
  tcpInfo(socket).bytesAcked satisfies bigint | undefined;
  tcpInfo(socket).maxPacingRate satisfies number | null | undefined;
  void tcpInfo(socket).options?.includes('ecn');
  // @ts-expect-error -- no such option of the handshake
  void tcpInfo(socket).options?.includes('ECN');
  tcpInfo(socket).caState satisfies 'open' | 'disorder' | 'cwr' | 'recovery' | 'loss' | undefined;
  // @ts-expect-error -- no such field
  tcpInfo(socket).rtt satisfies unknown;
  // @ts-expect-error -- it may not be there
  tcpInfo(socket).rttUs satisfies number;

  const use = (value: unknown): unknown => value;
  const end = closeCause(socket) satisfies CloseCause | null;
  if (end?.cause === 'timed-out') use(end.unackedBytes satisfies number | null);
  // @ts-expect-error -- null while it is open
  use(closeCause(socket).cause);
  // @ts-expect-error -- no such cause
  use(closeCause(socket)?.cause === 'timeout');
  // @ts-expect-error -- a listener has no end of this kind
  closeCause(server);
  explainError(5).code satisfies string | null;
  // @ts-expect-error -- not one of the codes
  use(explainError(5).code === 'ECONNRSET');
}
