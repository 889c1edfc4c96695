// Compiles the addon with node-gyp, against the headers that this Node was installed with where it has
// them: then nothing has to be downloaded. Arguments go on to node-gyp.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const prefix = path.resolve(process.execPath, '../..');
const hasHeaders = existsSync(path.join(prefix, 'include/node/node_api.h'));
const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
const args = ['rebuild', '--loglevel=warn', '--jobs=max', ...(hasHeaders ? [`--nodedir=${prefix}`] : []), ...process.argv.slice(2)];

const { status, error } = spawnSync(process.execPath, [nodeGyp, ...args], { stdio: 'inherit' });
if (error) throw error;
process.exitCode = status ?? 1;
