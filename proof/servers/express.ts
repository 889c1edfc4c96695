// express, with a middleware that refuses long uploads.
import http from 'node:http';
import https from 'node:https';

import express from 'express';

import { replyFor, uploadLimit } from '../reply.js';
import type { Certificate } from './server.js';

const app = express();

app.use((request, response, next) => {
  if (Number(request.get('Content-Length')) > uploadLimit) {
    response.status(413).set('Connection', 'close').send(replyFor(request.url));
  } else {
    next();
  }
});

app.put('/{*path}', express.raw({ limit: uploadLimit }), (_request, response) => {
  response.end();
});

export function createServer(certificate?: Certificate): http.Server {
  return certificate === undefined ? http.createServer(app) : https.createServer(certificate, app);
}
