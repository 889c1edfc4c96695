// koa, with a middleware that refuses long uploads.
import http from 'node:http';
import https from 'node:https';

import Koa from 'koa';

import { replyFor, uploadLimit } from '../reply.js';
import type { Certificate } from './server.js';

const app = new Koa();

app.use(async (context, next) => {
  if (context.request.length > uploadLimit) {
    context.status = 413;
    context.set('Connection', 'close');
    context.body = replyFor(context.url);
  } else {
    await next();
  }
});

export function createServer(certificate?: Certificate): http.Server {
  const handle = app.callback() as http.RequestListener;
  return certificate === undefined ? http.createServer(handle) : https.createServer(certificate, handle);
}
