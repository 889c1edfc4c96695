// An HTTP server that refuses large uploads, and whose clients get to know: one line before it listens. And it stops
// on SIGTERM without losing an answer.
//
//   node examples/http-server.mjs [port]
import http from 'node:http';

import { closeServer, enableLingeringClose } from 'socket-linger';

const limit = 1_000_000;

const server = http.createServer((request, response) => {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    response.writeHead(413, { Connection: 'close' }).end(`At most ${limit} bytes, please.\n`);
    return;
  }
  let bytes = 0;
  request.on('data', (chunk) => (bytes += chunk.length));
  request.on('end', () => response.end(`Thank you for ${bytes} bytes.\n`));
});

const lingering = enableLingeringClose(server);

server.listen(Number(process.argv[2] ?? 0), () => console.log(`listening on port ${server.address().port}`));

process.once('SIGTERM', async () => {
  const { lingered, closed, reset } = await closeServer(server, { timeout: 10_000 });
  console.log('stopped:', { ...lingered, closed, reset });
  console.log(`refused uploads: ${lingering.total}, ${lingering.discardedBytes} bytes of them thrown away`);
});
