// The same for fastify, whose bodyLimit answers 413 and closes the connection.
//
//   node examples/fastify-server.mjs [port]
import fastify from 'fastify';

import { closeServer, enableLingeringClose } from 'socket-linger';

const app = fastify({ bodyLimit: 1_000_000 });

app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => done(null, body));
app.put('/*', (request, reply) => reply.send(`Thank you for ${request.body.length} bytes.\n`));

const lingering = enableLingeringClose(app.server);

await app.listen({ port: Number(process.argv[2] ?? 0) });
console.log(`listening on port ${app.server.address().port}`);

process.once('SIGTERM', async () => {
  const { lingered, closed, reset } = await closeServer(app.server, { timeout: 10_000 });
  await app.close(); // its hooks
  console.log('stopped:', { ...lingered, closed, reset });
  console.log(`refused uploads: ${lingering.total}, ${lingering.discardedBytes} bytes of them thrown away`);
});
