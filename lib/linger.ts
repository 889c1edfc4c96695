// SO_LINGER, without its price: the wait happens in the background, not in close().
import { attempt, setCloseMode } from './connection.js';
import { publishEnd, publishStart } from './diagnostics.js';
import { makeError } from './errors.js';
import { checkOwnSocket, checkSocket, descriptorOf, isPipe, socketBelow, takeReset, type SocketLike } from './handle.js';
import { interceptDestroy } from './intercept.js';
import { LingerMachine } from './linger-machine.js';
import { checkObject } from './linger-options.js';
import { isLingering } from './lingering.js';
import { nativeOptions } from './native-options.js';
import { checkBlockingLinger, checkBoolean, checkSeconds } from './sockopt.js';

export interface SetLingerOptions {
  /** true: the bare kernel behaviour, where close() itself waits and with it the whole process. */
  blocking?: boolean;
}

const defaults: SetLingerOptions = {};

/** Sockets whose destroy() waits in the background, and how to take that back. */
const armed = new WeakMap<SocketLike, () => void>();

function refusePipe(socket: SocketLike): void {
  // Linux takes SO_LINGER on AF_UNIX and ignores it (unix_release()).
  if (isPipe(socket)) throw makeError('ERR_OPTION_NOT_SUPPORTED', 'linger', `unix-domain sockets ignore it (${process.platform})`);
}

/**
 * SO_LINGER: what the socket's close does with output that the peer has not acknowledged.
 *
 * - `null`: off. The close returns at once and the kernel goes on sending.
 * - `0`: the close sends RST and drops what was not sent.
 * - `n`: `destroy()`, by you or by Node, sends everything that was written before it (Node's and libuv's queues
 *   included), then FIN, and waits up to n seconds until the peer's kernel has acknowledged all; then 'close' is
 *   emitted. Input that arrives meanwhile is thrown away. The wait is in the background; with
 *   `{ blocking: true }` it is the kernel's own: close() blocks the event loop, and queues above the kernel are
 *   lost. After n seconds the kernel still goes on sending by itself. Where the system can't tell what is
 *   acknowledged (Windows before 10 1703), the wait is for the peer's FIN.
 *
 * Callbacks of writes that Node still had queued report ERR_STREAM_DESTROYED as after any destroy(), although the
 * bytes are sent. The 'error' of destroy(error) comes with 'close', after the wait.
 *
 * Errors: ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE (fractions, negative numbers, more than the platform holds),
 * ERR_OPTION_NOT_SUPPORTED (unix-domain sockets; Windows: `blocking`), ERR_SOCKET_NOT_CONNECTED (also while connecting),
 * ERR_SOCKET_CLOSED (also during lingerClose()), and setsockopt(2)'s own as system errors.
 */
export function setLinger(socket: SocketLike, seconds: number | null, options: SetLingerOptions = defaults): void {
  checkOwnSocket(socket);
  checkObject(options);
  const { blocking = false } = options;
  checkBoolean('options.blocking', blocking);
  refusePipe(socket);
  // Node may still replace the descriptor (autoSelectFamily), and the option with it.
  if (socket.connecting) throw makeError('ERR_SOCKET_NOT_CONNECTED');
  // lingerClose() has taken the socket over, or a destroy() is being carried out.
  if (isLingering(socket)) throw makeError('ERR_SOCKET_CLOSED');
  const option = nativeOptions().linger;
  checkSeconds('seconds', seconds, option.max);
  if (blocking) checkBlockingLinger(seconds);
  const background = seconds !== null && seconds > 0 && !blocking;
  option.set(descriptorOf(socket), seconds);
  // TLS closes the socket below by itself, and that socket may be destroyed directly too.
  for (let one: SocketLike | null = socket; one !== null; one = socketBelow(one)) {
    if (background === armed.has(one)) continue;
    armed.get(one)?.();
    armed.delete(one);
    if (background) armed.set(one, interceptDestroy(one, closeInBackground.bind(null, one)));
  }
}

/** SO_LINGER as the kernel has it: null (off), or seconds. */
export function getLinger(socket: SocketLike): number | null {
  checkSocket(socket);
  refusePipe(socket);
  return readLinger(socket);
}

function readLinger(socket: SocketLike): number | null {
  return nativeOptions().linger.get(descriptorOf(socket)) as number | null;
}

function closeInBackground(
  socket: SocketLike,
  error: Error | null,
  proceed: (error: Error | null) => void,
): void {
  // The option may have been changed since by other means (a reset, another owner of the descriptor).
  const seconds = attempt(() => readLinger(socket));
  if (takeReset(socket)) {
    setCloseMode(socket, 'reset');
    proceed(error);
    return;
  }
  if (seconds === null || seconds === 0) {
    proceed(error);
    return;
  }
  armed.delete(socket);
  // From here on the wait is ours. Whoever closes the descriptor, a worker that is terminated for one, must not
  // stand still for it.
  setCloseMode(socket, 'plain');
  const limits = {
    until: 'acked',
    unread: 'discard',
    timeout: seconds * 1000,
    idleTimeout: Infinity,
    maxBytes: Infinity,
    resetAtLimit: false,
  } as const;
  const message = { socket, reason: 'setLinger', server: undefined } as const;
  publishStart(message);
  new LingerMachine(socket, limits, (result) => publishEnd(message, result)).watchDestroyed(() => proceed(error));
}
