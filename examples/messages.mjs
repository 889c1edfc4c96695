// Messages over TCP: what both ends of the classic pair need. TCP carries bytes, not messages: one write() may arrive
// in many reads, and many writes in one. So each message begins with its length: 4 bytes, big-endian.

/**
 * The conversation is over before it was complete. A FIN that comes too early, a reset (ECONNRESET) and a write into
 * a closed connection (EPIPE) differ by which packet was faster, and a reset that comes together with data is even
 * reported as an end. There is one thing to do about all of them, so they are one error here. Windows' own names
 * (WSAECONNRESET and so on) reach Node under these same codes.
 */
export class ConnectionLostError extends Error {
  code = 'ERR_CONNECTION_LOST';

  constructor(cause) {
    super(`connection lost: ${cause?.message ?? 'it ended too early'}`, cause == null ? undefined : { cause });
  }
}

/**
 * Resolves with exactly n bytes, however they arrive; what comes behind them stays for the next call. Rejects with
 * ConnectionLostError if the connection ends before. The socket must have no 'data' listener, and an 'error'
 * listener of its own, since it may break while nobody reads.
 */
export function readExactly(socket, n) {
  return new Promise((resolve, reject) => {
    const look = () => {
      // null while there are fewer than n bytes; after the end, what is left. read(0) never gives anything.
      const bytes = n === 0 ? Buffer.alloc(0) : socket.read(n);
      if (bytes?.length === n) settle(resolve, bytes);
      else if (bytes !== null || socket.readableEnded || socket.destroyed) lose();
    };
    const lose = () => settle(reject, new ConnectionLostError(socket.errored));
    const settle = (how, value) => {
      socket.off('readable', look).off('end', lose).off('close', lose);
      how(value);
    };
    // A socket that breaks emits 'close' after 'error', and remembers the error.
    socket.on('readable', look).on('end', lose).on('close', lose);
    look();
  });
}

/** Resolves with the next message. */
export async function readMessage(socket, longest = 64 * 1024 * 1024) {
  const length = (await readExactly(socket, 4)).readUInt32BE();
  // The peer says how much memory this will take: never without a limit.
  if (length > longest) throw new RangeError(`message of ${length} bytes, more than ${longest}`);
  return readExactly(socket, length);
}

/**
 * Sends a message, and resolves when the kernel has taken it: whoever waits for that can't pile up output for a peer
 * that does not read. It does not mean that the peer has got it: only an answer does.
 */
export function writeMessage(socket, message) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return new Promise((resolve, reject) => {
    // Corked: both parts in one packet, where they fit.
    socket.cork();
    socket.write(length);
    socket.write(message, (error) => {
      // A write that is cut short because the socket is destroyed counts as done in Node: no error for it.
      if (error == null && !socket.destroyed) resolve();
      else reject(new ConnectionLostError(socket.errored ?? error));
    });
    socket.uncork();
  });
}
