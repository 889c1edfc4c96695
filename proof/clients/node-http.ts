// node:http and node:https.
import { createReadStream, statSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

import { describeError, file, makeUpload, serveUploads, type Upload } from './client.js';

const headers = { 'Content-Length': statSync(file).size, 'Content-Type': 'application/octet-stream' };

function upload(url: string, seconds: number): Promise<Upload> {
  const options = { method: 'PUT', headers, agent: false, signal: AbortSignal.timeout(seconds * 1000) } as const;
  const request = url.startsWith('https:')
    ? https.request(url, { ...options, rejectUnauthorized: false }) // the servers' certificate is the tests' own
    : http.request(url, options);
  let status: number | null = null;
  const chunks: Buffer[] = [];
  const complaints: string[] = [];
  return new Promise((resolve) => {
    const complain = (error: Error): void => void complaints.push(describeError(error));
    request.on('response', (response) => {
      status = response.statusCode!;
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', complain);
    });
    const body = createReadStream(file);
    request.on('error', complain).on('close', () => {
      body.destroy();
      resolve(makeUpload(status, Buffer.concat(chunks), complaints.join('; ') || null));
    });
    body.pipe(request);
  });
}

await serveUploads(upload);
