// What the compiler knows of connect(). Nothing here runs: it has to compile, and the lines that are marked must not.
import type net from 'node:net';

import { connect, type ConnectOptions, type SocketOptions } from 'socket-linger';

export function check(options: net.TcpNetConnectOpts, signal: AbortSignal, mark: number | undefined): void {
  connect(options) satisfies net.Socket;
  connect({ ...options, signal, socketOptions: { maxSegment: 1000, congestion: 'reno', linger: null } }, () => undefined);
  connect({ port: 80, socketOptions: { mark } });
  const socketOptions: SocketOptions = { noDelay: true, receiveBufferSizeForce: 1_000_000 };
  const all: ConnectOptions = { port: 80, host: 'localhost', socketOptions };
  connect(all);
  // @ts-expect-error -- a number
  connect({ port: 80, socketOptions: { maxSegment: '1000' } });
  // @ts-expect-error -- no such option
  connect({ port: 80, socketOptions: { maxsegment: 1000 } });
  // @ts-expect-error -- can only be read
  connect({ port: 80, socketOptions: { cookie: 5n } });
  // @ts-expect-error -- unix-domain sockets
  connect({ path: '/somewhere.sock' });
  // @ts-expect-error -- options alone
  connect(80, 'localhost');
}
