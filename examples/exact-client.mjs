// The client of the classic pair: it reads exactly what it has been promised, and when the connection is lost, no
// matter how, it reconnects and asks again.
//
//   node examples/exact-client.mjs [port] [text]
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { ConnectionLostError, readMessage, writeMessage } from './messages.mjs';

const longestBackOff = 5_000;

/**
 * A client for one server. `connect` makes a socket, `tries` says how often a request is sent before giving up,
 * `backOff` how many milliseconds to wait before the second time (then twice as long each time), `silence` after how
 * many milliseconds without a byte the connection counts as lost; `onLost` is told of each lost connection.
 */
export function createClient({ connect, tries = 6, backOff = 100, silence = 30_000, onLost = () => {} }) {
  let kept;
  let previous = Promise.resolve();

  function connection() {
    // Kept from the last request, unless the server has ended it since.
    if (kept?.readable && kept.writable) return kept;
    const socket = connect();
    // Whoever reads or writes gets the error. But it may come in between, and would end the process.
    socket.on('error', () => {});
    // A server that has lost its power or its network sends nothing any more, neither FIN nor RST.
    socket.setTimeout(silence, () => socket.destroy(new Error(`nothing heard for ${silence} ms`)));
    kept = socket;
    return socket;
  }

  async function exchange(message) {
    const socket = connection();
    try {
      // Reads while it writes: a server may answer, or hang up, in the middle of the request.
      const [answer] = await Promise.all([readMessage(socket), writeMessage(socket, message)]);
      return answer;
    } catch (error) {
      // Nobody knows where in the conversation this connection is: it can't be used for another request.
      socket.destroy();
      throw error;
    }
  }

  async function exchangeUntilAnswered(message) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await exchange(message);
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) throw error;
        onLost(error, attempt);
        if (attempt >= tries) throw noAnswer(tries, error);
      }
      // Half of it by chance, so that the clients of a server that comes back don't all come at once.
      const wait = Math.min(backOff * 2 ** (attempt - 1), longestBackOff);
      await sleep(wait * (0.5 + Math.random() / 2));
    }
  }

  return {
    /**
     * Resolves with the answer. A request is sent again if the connection was lost before the answer was complete;
     * the server may have carried it out already. So only send what is idempotent: what does no harm when it is
     * done twice.
     */
    request(message) {
      // One at a time: the answers on a connection come in the order of the requests.
      const answer = previous.then(() => exchangeUntilAnswered(message));
      previous = answer.catch(() => {});
      return answer;
    },
    /** To be called when the last answer is there. */
    close() {
      // Each request has been answered, so none of our bytes is still unacknowledged, and no answer is unread: a
      // plain close loses nothing. A client that sends and does not wait for answers would need lingerClose().
      kept?.destroy();
    },
  };
}

function noAnswer(tries, cause) {
  return Object.assign(new Error(`no answer in ${tries} tries; the last: ${cause.message}`, { cause }), {
    code: 'ERR_NO_ANSWER',
  });
}

if (process.argv[1] === import.meta.filename) {
  const [port = '8414', text = 'hello'] = process.argv.slice(2);
  const client = createClient({
    connect: () => net.connect(Number(port), '127.0.0.1'),
    onLost: (error, attempt) => console.error(`try ${attempt}: ${error.message}`),
  });
  try {
    console.log(String(await client.request(Buffer.from(text))));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  } finally {
    client.close();
  }
}
