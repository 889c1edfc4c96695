// The same for express: it is the http.Server that wants the line.
//
//   node examples/express-server.mjs [port]
import express from 'express';

import { closeServer, enableLingeringClose } from 'socket-linger';

const limit = 1_000_000;
const app = express();

// express.json() and its siblings read a body that is too large to its end before they refuse it. Whoever does not want
// that refuses by the length.
app.use((request, response, next) => {
  if (Number(request.headers['content-length'] ?? 0) <= limit) next();
  else response.status(413).set('Connection', 'close').send(`At most ${limit} bytes, please.\n`);
});
app.put('/{*path}', express.raw({ type: () => true, limit }), (request, response) => {
  response.send(`Thank you for ${request.body.length} bytes.\n`);
});

const server = app.listen(Number(process.argv[2] ?? 0), () => console.log(`listening on port ${server.address().port}`));

const lingering = enableLingeringClose(server);

process.once('SIGTERM', async () => {
  const { lingered, closed, reset } = await closeServer(server, { timeout: 10_000 });
  console.log('stopped:', { ...lingered, closed, reset });
  console.log(`refused uploads: ${lingering.total}, ${lingering.discardedBytes} bytes of them thrown away`);
});
