// The package as npm makes it, once for all test files.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[\\/]$/, '');

export const environment: NodeJS.ProcessEnv = { ...process.env };
// Headers that this Node was installed with, so that a build from source downloads nothing.
const prefix = path.resolve(process.execPath, '../..');
if (existsSync(path.join(prefix, 'include/node/node_api.h'))) environment.npm_config_nodedir = prefix;

let tarball: string | undefined;

/** The path of the tarball. */
export function pack(): string {
  if (tarball === undefined) {
    const folder = mkdtempSync(path.join(realpathSync(tmpdir()), 'socket-linger-pack-'));
    process.once('exit', () => rmSync(folder, { recursive: true }));
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    tarball = path.join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!);
  }
  return tarball;
}
