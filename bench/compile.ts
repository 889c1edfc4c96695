// The C programs of the bench, compiled when they are first needed.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { BenchError } from './child.js';

export const noCompiler = 'There is no C compiler (cc) here.';

const compiler = process.env.CC ?? 'cc';
let folder: string | undefined;

export async function hasCompiler(): Promise<boolean> {
  return promisify(execFile)(compiler, ['--version']).then(
    () => true,
    () => false,
  );
}

/** The path of a folder that tidyUp() removes. */
export async function temporaryFolder(): Promise<string> {
  folder ??= await mkdtemp(path.join(tmpdir(), 'socket-linger-bench-'));
  return folder;
}

/** The path of bench/<name>.c as a program, or as a library that can be loaded. */
export async function compile(name: string, kind: 'program' | 'library' = 'program'): Promise<string> {
  const result = path.join(await temporaryFolder(), kind === 'library' ? `${name}.so` : name);
  const flags = kind === 'library' ? ['-shared', '-fPIC'] : [];
  // dist-test/bench/compile.js -> bench/
  const source = fileURLToPath(new URL(`../../bench/${name}.c`, import.meta.url));
  try {
    await promisify(execFile)(compiler, ['-O2', '-Wall', '-Wextra', ...flags, '-o', result, source, '-lpthread']);
  } catch (error) {
    throw new BenchError(`${name}.c can't be compiled: ${(error as Error).message}`);
  }
  return result;
}

export async function tidyUp(): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  folder = undefined;
}
