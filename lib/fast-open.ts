// TCP Fast Open tells that a connection is open before its SYN has gone out: that goes with the first write. Linux takes
// a half-close before the SYN is answered for the wish to give up, and drops what was in the SYN.
import { descriptorOf, hasDescriptor, type SocketLike } from './handle.js';
import { override } from './intercept.js';
import { native } from './native.js';

const mostMs = 32;
const held = new WeakSet<SocketLike>();

type Final = (callback: (error?: Error | null) => void) => void;

/** The connection counts as open, and the answer to its SYN is still to come. */
export function isFastOpening(socket: SocketLike): boolean {
  return held.has(socket) && hasDescriptor(socket) && native.tcpStates[native.readTcpState(descriptorOf(socket))] === 'SYN_SENT';
}

/**
 * Has the FIN of a socket wait until its SYN is answered; libuv has no event for that, so it looks again and again. Where
 * nothing was written no SYN is on its way, and nothing can be lost.
 */
export function holdFinUntilSynAcked(socket: SocketLike): void {
  const inner = (socket as unknown as { _final: Final })._final;
  override(socket, '_final', (callback: Parameters<Final>[0]) => {
    const finish = (waitMs: number): void => {
      if (socket.connecting || socket.bytesWritten === 0 || !isFastOpening(socket)) Reflect.apply(inner, socket, [callback]);
      else setTimeout(finish, waitMs, Math.min(waitMs * 2, mostMs));
    };
    finish(1);
  });
  held.add(socket);
}
