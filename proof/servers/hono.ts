// hono on @hono/node-server, with hono's own middleware that refuses long uploads.
import type http from 'node:http';
import https from 'node:https';

import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';

import { replyFor, uploadLimit } from '../reply.js';
import type { Certificate } from './server.js';

const app = new Hono();

app.use(
  bodyLimit({
    maxSize: uploadLimit,
    onError: (context) => context.body(new Uint8Array(replyFor(context.req.url)), 413, { Connection: 'close' }),
  }),
);

export function createServer(certificate?: Certificate): http.Server {
  const { fetch } = app;
  return (
    certificate === undefined
      ? createAdaptorServer({ fetch })
      : createAdaptorServer({ fetch, createServer: https.createServer, serverOptions: certificate })
  ) as http.Server;
}
