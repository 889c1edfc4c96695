// What every client of the proof has in common. A client is a program with one argument, a file. For each line of its
// standard input, "URL SECONDS", it uploads the file there by PUT over a new connection, gives up after so many seconds (wget
// and Python: when nothing has moved for so long), and prints one line of JSON, an Upload, and an empty line. An empty line is
// answered by one: the client is ready.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';

/** What a client got for one upload. */
export interface Upload {
  /** null: no status line arrived. */
  readonly status: number | null;
  /** Bytes of the answer's body, and their digest. */
  readonly bytes: number;
  readonly sha256: string;
  /** What the client complained about, be the answer complete or not. */
  readonly error: string | null;
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function makeUpload(status: number | null, body: Uint8Array, error: string | null): Upload {
  return { status, bytes: body.length, sha256: sha256(body), error };
}

/** "ECONNRESET: read ECONNRESET", with what it was caused by. */
export function describeError(error: unknown): string {
  const { code, message, cause } = error as NodeJS.ErrnoException;
  const text = code === undefined ? message : `${code}: ${message}`;
  return cause === undefined ? text : `${text} (${describeError(cause)})`;
}

export const file = process.argv[2]!;

/** Makes this process a client. */
export async function serveUploads(upload: (url: string, seconds: number) => Promise<Upload>): Promise<void> {
  process.stdout.on('error', () => process.exit()); // nobody asks any more
  for await (const line of createInterface({ input: process.stdin })) {
    const [url, seconds] = line.split(' ');
    const answer = line === '' ? '' : `${JSON.stringify(await upload(url!, Number(seconds)))}\n`;
    process.stdout.write(`${answer}\n`);
  }
}
