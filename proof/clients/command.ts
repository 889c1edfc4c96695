// Clients that are commands: one process for each upload.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { makeUpload, serveUploads } from './client.js';

export interface Finished {
  readonly exitStatus: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly program: string;
  /** The command's arguments; the body of the answer is to be written to the file `output`. */
  arguments(url: string, seconds: number, output: string): string[];
  /** The status line's number, if there was one. */
  readStatus(finished: Finished): number | null;
}

function run(program: string, args: readonly string[]): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(program, args, (error, stdout, stderr) => {
      resolve({ exitStatus: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

function readIfThere(name: string): Uint8Array {
  try {
    return readFileSync(name);
  } catch {
    return new Uint8Array(); // it is made when the first byte of the body comes
  }
}

/** Makes this process a client. */
export async function serveByCommand(command: Command): Promise<void> {
  const output = path.join(mkdtempSync(path.join(tmpdir(), 'client-')), 'answer');
  await serveUploads(async (url, seconds) => {
    rmSync(output, { force: true });
    const finished = await run(command.program, command.arguments(url, seconds, output));
    const { exitStatus, stderr } = finished;
    const complaint = exitStatus === 0 ? null : `exit status ${exitStatus}: ${stderr.trim().split('\n').at(-1)}`;
    return makeUpload(command.readStatus(finished), readIfThere(output), complaint);
  });
}
