// Programs: whether they are there, and what they say, run to their end.
import { execFile, execFileSync } from 'node:child_process';

export interface Ended {
  readonly status: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export function run(file: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

/** Whether it can be run, and does not fail. */
export function succeeds(file: string, ...args: string[]): boolean {
  try {
    execFileSync(file, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Why these can't be run, if so: the first that is not there. */
export function missingReason(...programs: string[]): string | undefined {
  const missing = programs.find((program) => !succeeds('sh', '-c', `command -v ${program}`));
  return missing === undefined ? undefined : `${missing} is not installed`;
}
