// resetClose(): the abortive close.
import { makeError } from './errors.js';
import { checkSocket, hasDescriptor, isPipe, type SocketLike } from './handle.js';
import { abandonLinger, setCloseMode } from './portable-linger.js';

/**
 * Closes with RST: the peer gets ECONNRESET, what was not sent and what was not read is dropped. Also after end()
 * and on TLS, where Node's own resetAndDestroy() hangs or throws; also in the middle of a lingering close. A
 * socket that is still connecting gives up. Resolves after 'close'; a socket that is closed already is no error.
 *
 * Rejects with ERR_INVALID_ARG_TYPE, and with ERR_OPTION_NOT_SUPPORTED for unix-domain sockets, which have no
 * reset; the socket is left as it was then.
 */
export async function resetClose(socket: SocketLike): Promise<void> {
  checkSocket(socket);
  if (isPipe(socket)) throw makeError('ERR_OPTION_NOT_SUPPORTED', 'reset', `unix-domain sockets (${process.platform})`);
  if (socket.closed) return;
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    if (hasDescriptor(socket)) setCloseMode(socket, 'reset');
    socket.destroy();
    abandonLinger(socket); // one that holds back a destroy() from before
  });
}
