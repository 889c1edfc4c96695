// A request that somebody has begun to read and has stopped reading, with its answer complete. Whoever makes a web stream of
// a request (hono's bodyLimit) reads a few buffers full, and no more until somebody asks for the stream. A client that
// reads no answer before it has sent all then waits for us, and we for it.
import type { IncomingMessage, ServerResponse } from 'node:http';

import { attempt } from './connection.js';
import { discardInput } from './http.js';
import { pendingBytes } from './queues.js';

/** In milliseconds. A reader that pauses for so long with a client that takes nothing meanwhile has stopped. */
const longestPause = 250;

/** Throws the rest of the request away as soon as nothing moves any more, in neither direction. */
export function discardWhenStalled(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  let before = '';
  const look = (): void => {
    const pending = attempt(() => pendingBytes(socket));
    if (pending === null || request.complete || socket.destroyed) return;
    const now = JSON.stringify([pending, socket.bytesRead, request.readableLength]);
    // Where nothing is left unread it is the client that pauses.
    if (now === before && pending.unread !== 0) {
      discardInput(request);
      return;
    }
    before = now;
    wait();
  };
  // In setImmediate(): after a long turn of the event loop what has arrived meanwhile has been read by then.
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(() => setImmediate(look), longestPause).unref(); // the connection keeps the process alive
  };
  response.once('close', () => clearTimeout(timer));
  wait();
}
