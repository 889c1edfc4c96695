// fastify, whose bodyLimit refuses long uploads, with `Connection: close` of its own.
import type http from 'node:http';

import { fastify } from 'fastify';

import { replyFor, uploadLimit } from '../reply.js';
import type { Certificate } from './server.js';

export async function createServer(certificate?: Certificate): Promise<http.Server> {
  const app = fastify({ bodyLimit: uploadLimit, ...(certificate === undefined ? {} : { https: certificate }) });
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler(({ statusCode = 500 }: { statusCode?: number }, request, reply) =>
    reply.status(statusCode).send(replyFor(request.url)),
  );
  app.put('/*', () => '');
  await app.ready();
  return app.server;
}
