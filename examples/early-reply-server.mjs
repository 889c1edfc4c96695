// A server that answers early: the client still uploads when it gets its answer and the connection closes. Every
// "413 Content Too Large" is like that, and it is where a plain close loses the answer.
//
//   node examples/early-reply-server.mjs [port] [--close destroySoon]
import net from 'node:net';
import { inspect, parseArgs } from 'node:util';

import { lingerClose } from 'socket-linger';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { close: { type: 'string', default: 'lingerClose' } },
});

const closers = {
  // Half-closes, throws the upload away until the client has finished too, and tells how it went.
  async lingerClose(socket) {
    return inspect(await lingerClose(socket), { breakLength: Infinity });
  },
  // Closes as soon as the kernel has taken the answer, which is what node:http does. The unread upload makes a reset
  // (RST) of this close, and a reset drops what has not been sent of the answer.
  async destroySoon(socket) {
    socket.destroySoon();
    await new Promise((resolve) => socket.once('close', resolve));
    return 'destroySoon() cannot tell whether the answer has arrived';
  },
};
const close = closers[values.close];
if (close === undefined) throw new Error(`--close takes ${Object.keys(closers).join(' or ')}, not ${values.close}`);

const line = 'That is more than this server wants to have.\n';
const body = line.repeat(7_000).slice(0, 300_000);
const answer = [
  'HTTP/1.1 413 Content Too Large',
  'Content-Type: text/plain',
  `Content-Length: ${body.length}`,
  'Connection: close',
  '',
  body,
].join('\r\n');

const longestHead = 16_384;

const server = net.createServer((socket) => {
  // Without a listener for it, one client's reset would end the whole process.
  socket.on('error', (error) => console.log(`error: ${error.message}`));

  let head = '';
  socket.setEncoding('latin1').on('data', async function read(chunk) {
    // The head comes in as many pieces as the network likes, and the last one may carry some of the upload.
    head += chunk;
    if (!head.includes('\r\n\r\n') && head.length < longestHead) return;

    // The rest of the upload is not wanted: from here on nobody reads it.
    socket.off('data', read).pause();
    socket.write(answer);
    console.log('answered');
    console.log(`closed: ${await close(socket)}`);
  });
});

server.listen(Number(positionals[0] ?? 8413), '127.0.0.1', () => {
  console.log(`listening on port ${server.address().port}`);
});
