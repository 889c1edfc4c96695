// resetClose(): the abortive close.
import { afterClose, setCloseMode } from './connection.js';
import { makeError } from './errors.js';
import { checkOwnSocket, hidesDescriptor, isPipe, type SocketLike } from './handle.js';
import { abandonLinger } from './lingering.js';

/**
 * Closes with RST: the peer gets ECONNRESET, what was not sent and what was not read is dropped. Also after end()
 * and on TLS, where Node's own resetAndDestroy() hangs or throws; also in the middle of a lingering close. A
 * socket that is still connecting gives up. Resolves after 'close'; a socket that is closed already is no error.
 *
 * Rejects with ERR_INVALID_ARG_TYPE, with ERR_OPTION_NOT_SUPPORTED for unix-domain sockets, which have no reset, and with
 * ERR_NO_DESCRIPTOR (TLS over what is no socket; Deno); the socket is left as it was then.
 */
export async function resetClose(socket: SocketLike): Promise<void> {
  checkOwnSocket(socket);
  if (isPipe(socket)) throw makeError('ERR_OPTION_NOT_SUPPORTED', 'reset', 'unix-domain sockets have none');
  // It would be an ordinary close.
  if (hidesDescriptor(socket)) throw makeError('ERR_NO_DESCRIPTOR');
  await new Promise<void>((resolve) => {
    afterClose(socket, resolve);
    // A linger may have the only descriptor, and may hold back a destroy() from before.
    if (!abandonLinger(socket, true)) setCloseMode(socket, 'reset');
    socket.destroy();
  });
}
