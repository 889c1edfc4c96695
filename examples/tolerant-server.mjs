// The server of the classic pair: whatever goes wrong with a connection closes that connection, and the server goes on.
//
//   node examples/tolerant-server.mjs [port]
import net from 'node:net';

import { lingerClose } from 'socket-linger';

import { readMessage, writeMessage } from './messages.mjs';

/**
 * A net.Server that answers each message with what `answer(message)` returns or resolves with. A connection on which
 * nothing moves for `silence` milliseconds is closed; `log` gets a line about each connection that is closed.
 */
export function createTolerantServer(answer, { silence = 30_000, log = () => {} } = {}) {
  async function serve(socket) {
    // Whoever reads or writes gets the error. Without a listener, one client's reset would end the whole process.
    socket.on('error', () => {});
    // A client that has vanished sends neither FIN nor RST.
    socket.setTimeout(silence, () => void lingerClose(socket));
    try {
      for (;;) await writeMessage(socket, await answer(await readMessage(socket)));
    } catch (error) {
      // The client's end, its reset, a request that is too long, a failing answer(): all the same from here.
      log(`closing: ${error.message}`);
    }
    // The client may not have read its last answer yet, and may still send, which would make a reset of a plain close
    // and lose that answer. On a connection that is broken already this does nothing, and it never rejects.
    const { outcome, delivered } = await lingerClose(socket);
    log(`closed: ${outcome}, delivered: ${delivered}`);
  }

  // allowHalfOpen: a client may half-close behind its last request and still wants the answer. Without it, Node ends
  // our side as soon as the client's FIN has been read.
  return net.createServer({ allowHalfOpen: true }, (socket) => void serve(socket));
}

if (process.argv[1] === import.meta.filename) {
  const shout = (message) => Buffer.from(String(message).toUpperCase());
  const server = createTolerantServer(shout, { log: console.log });
  server.listen(Number(process.argv[2] ?? 8414), '127.0.0.1', () => {
    console.log(`listening on port ${server.address().port}`);
  });
}
