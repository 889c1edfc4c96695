// What is queued for a socket, in the kernel and above it.
import { checkSocket, descriptorOf, hasDescriptor, isHalfClosed, isPipe, isTcp, readBuffered, writeBuffered, type SocketLike } from './handle.js';
import { native } from './native.js';

/** Bytes. null: this system can't tell for this kind of socket. A FIN is never counted. */
export interface PendingBytes {
  /** Received by the kernel, not yet read by Node. */
  unread: number | null;
  /** Given to the kernel, not yet acknowledged by the peer's kernel; includes `unsent`. */
  unacked: number | null;
  /** Given to the kernel, never sent so far: the peer's window or the congestion window is full. */
  unsent: number | null;
  /** Read by Node, not yet by the application. TLS: decrypted bytes. */
  readBuffered: number;
  /**
   * Written by the application, not yet taken by the kernel: Node's queue and libuv's. TLS: a write that is on
   * its way counts whole until the kernel has all of it.
   */
  writeBuffered: number;
}

const numbers = new Float64Array(5);

function known(bytes: number): number | null {
  return bytes === -1 ? null : bytes;
}

export interface SendQueue {
  readonly unacked: number | null;
  readonly finUnacked: boolean;
  /** Changes with whatever is sent for the first time; null where `unacked` shows that (all but Windows). */
  readonly sent: number | null;
}

/** What a linger asks of the kernel. `finQueued`: our FIN is known to have been in the send queue. */
export function sendQueue(socket: SocketLike, finQueued: boolean): SendQueue {
  native.readQueues(descriptorOf(socket), isTcp(socket), finQueued, numbers);
  return { unacked: known(numbers[1]!), finUnacked: numbers[3] === 1, sent: known(numbers[4]!) };
}

/**
 * How many bytes are on their way, in each queue (see PendingBytes). Unix-domain sockets: `unacked` and `unsent` are
 * null; a named pipe of Windows: `unread` as well. Acknowledged means that the peer's kernel has the bytes, not that its
 * application has read them.
 *
 * Linux: FIONREAD, SIOCOUTQ and SIOCOUTQNSD (tcp(7)), the FIN subtracted. Windows: FIONREAD, and of SIO_TCP_INFO (Windows
 * 10 1703 or later, else null) what is in flight; `unacked` is without what was never sent there.
 */
export function pendingBytes(socket: SocketLike): PendingBytes {
  checkSocket(socket);
  if (isPipe(socket) && !hasDescriptor(socket)) numbers.fill(-1);
  else native.readQueues(descriptorOf(socket), isTcp(socket), isHalfClosed(socket), numbers);
  return {
    unread: known(numbers[0]!),
    unacked: known(numbers[1]!),
    unsent: known(numbers[2]!),
    readBuffered: readBuffered(socket),
    writeBuffered: writeBuffered(socket),
  };
}
