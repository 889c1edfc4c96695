// undici's fetch().
import { openAsBlob } from 'node:fs';

import { Agent, fetch } from 'undici';

import { describeError, file, makeUpload, serveUploads, type Upload } from './client.js';

// The servers' certificate is the tests' own.
const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });

async function upload(url: string, seconds: number): Promise<Upload> {
  let status: number | null = null;
  const chunks: Uint8Array[] = [];
  let complaint: string | null = null;
  try {
    const body = await openAsBlob(file);
    const response = await fetch(url, { method: 'PUT', body, dispatcher, signal: AbortSignal.timeout(seconds * 1000) });
    ({ status } = response);
    for await (const chunk of response.body!) chunks.push(chunk as Uint8Array);
  } catch (error) {
    complaint = describeError(error);
  }
  return makeUpload(status, Buffer.concat(chunks), complaint);
}

await serveUploads(upload);
