// Puts the addon where node-gyp-build looks for it in an installed package. On Linux it is built for that, for each
// processor that there is a compiler for, and for Windows; elsewhere the one that was built here is as good. Arguments name
// the targets to be built (linux-x64), instead of all.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const fileFor = (target) => path.join('prebuilds', target, 'node.napi.node');

const targets = [
  { target: 'linux-x64', compiler: 'x86_64-linux-gnu-g++', command: ['scripts/linux/prebuild.sh', 'x64'] },
  { target: 'linux-arm64', compiler: 'aarch64-linux-gnu-g++', command: ['scripts/linux/prebuild.sh', 'arm64'] },
  { target: 'win32-x64', compiler: 'x86_64-w64-mingw32-g++-posix', command: ['scripts/build-windows.sh'] },
];
const here = `${process.platform}-${process.arch}`;
const wanted = process.argv.length > 2 ? process.argv.slice(2) : targets.map(({ target }) => target);

const unknown = wanted.find((name) => !targets.some(({ target }) => target === name));
if (unknown !== undefined) throw new Error(`there is no target ${unknown}`);

if (process.platform === 'linux' && targets.some(({ target }) => target === here)) {
  for (const { target, compiler, command } of targets) {
    if (!wanted.includes(target)) continue;
    if (target !== here && spawnSync(compiler, ['--version']).status !== 0) {
      console.error(`no prebuild for ${target}: there is no ${compiler}`);
      continue;
    }
    const { status, error } = spawnSync('bash', [...command, fileFor(target)], { stdio: 'inherit' });
    if (error) throw error;
    if (status !== 0) throw new Error(`the prebuild for ${target} failed`);
  }
} else {
  const file = fileFor(here);
  mkdirSync(path.dirname(file), { recursive: true });
  copyFileSync(path.join('build', 'Release', 'socket_linger.node'), file);
}
