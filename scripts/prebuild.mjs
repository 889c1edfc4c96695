// Puts the addon where node-gyp-build looks for it in an installed package. On Linux it is built for that, for each
// processor that there is a compiler for; elsewhere the one that was built here is as good.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const fileFor = (arch) => path.join('prebuilds', `${process.platform}-${arch}`, 'node.napi.node');
const crossCompilers = { x64: 'x86_64-linux-gnu-g++', arm64: 'aarch64-linux-gnu-g++' };

function prebuild(arch) {
  const { status, error } = spawnSync('bash', ['scripts/linux/prebuild.sh', arch, fileFor(arch)], { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error(`the prebuild for linux-${arch} failed`);
}

if (process.platform === 'linux' && process.arch in crossCompilers) {
  for (const [arch, compiler] of Object.entries(crossCompilers)) {
    if (arch === process.arch || spawnSync(compiler, ['--version']).status === 0) prebuild(arch);
    else console.error(`no prebuild for linux-${arch}: there is no ${compiler}`);
  }
} else {
  const file = fileFor(process.arch);
  mkdirSync(path.dirname(file), { recursive: true });
  copyFileSync(path.join('build', 'Release', 'socket_linger.node'), file);
}
