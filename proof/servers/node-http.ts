// node:http and node:https, bare.
import http from 'node:http';
import https from 'node:https';

import { replyFor, uploadLimit } from '../reply.js';
import type { Certificate } from './server.js';

function handle(request: http.IncomingMessage, response: http.ServerResponse): void {
  if (Number(request.headers['content-length']) > uploadLimit) {
    const reply = replyFor(request.url!);
    response.writeHead(413, { 'Content-Length': reply.length, Connection: 'close' });
    response.end(reply);
  } else {
    request.resume().on('end', () => response.end());
  }
}

export function createServer(certificate?: Certificate): http.Server {
  return certificate === undefined ? http.createServer(handle) : https.createServer(certificate, handle);
}
