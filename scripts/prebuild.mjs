// Puts the addon that was built here where node-gyp-build looks for it in an installed package.
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const folder = path.join('prebuilds', `${process.platform}-${process.arch}`);
mkdirSync(folder, { recursive: true });
copyFileSync(path.join('build', 'Release', 'socket_linger.node'), path.join(folder, 'node.napi.node'));
