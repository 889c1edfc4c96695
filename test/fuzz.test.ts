// Random arguments for every function, on sockets in every state: never a crash, always a code. The calls are made in a
// process of their own, whose last input is shown if it dies. To repeat a run: SOCKET_LINGER_SEED (and, to go straight to one
// case, SOCKET_LINGER_PATH; a failure prints both).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { seed } from './support/seed.js';

const patience = 300_000; // a failure is made smaller first

async function runFuzz(program: string): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'socket-linger-fuzz-'));
  const file = path.join(folder, 'last-input');
  const descriptor = openSync(file, 'w');
  try {
    const child = spawn(process.execPath, [fileURLToPath(new URL(`support/${program}.js`, import.meta.url)), '3'], {
      stdio: ['ignore', 'pipe', 'pipe', descriptor],
      env: { ...process.env, SOCKET_LINGER_SEED: String(seed) },
      // Before mocha has had enough: it would leave the process behind.
      timeout: patience - 10_000,
      killSignal: 'SIGKILL',
    });
    const [output, complaints, [code, signal]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'close') as Promise<[number | null, string | null]>,
    ]);
    const found = `${output}${complaints}`;
    assert.equal(signal, null, `SOCKET_LINGER_SEED=${seed}: died of ${signal}\nin ${readFileSync(file, 'utf8').trim()}\n${found}`);
    assert.equal(code, 0, found);
    assert.match(output, /^\d+ calls$/m, found); // it has not ended before
    return output.trim();
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
}

describe('random arguments', function () {
  this.timeout(patience);

  before(() => console.log(`      SOCKET_LINGER_SEED=${seed}`));

  for (const [title, program] of [['the addon', 'fuzz-native'], ['the public functions', 'fuzz-public']] as const) {
    it(`${title}: never a crash, always a code`, async () => {
      console.log(`        ${await runFuzz(program)}`);
    });
  }
});
