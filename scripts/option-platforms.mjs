// Writes the table of docs/PLATFORMS.md: how each option was checked on each system. From the registry (lib/options.ts), the
// rows of each system's file, and what the tests leave out under Wine and qemu-user: build:test comes before. `--check` fails
// if it is not up to date. What a BSD has is asked of the compiler, with the stand-ins of check-sys.sh.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import process from 'node:process';

import { registry } from '../dist/lib/options.js';
import { skipReasonUnderQemu } from '../dist-test/test/support/qemu.js';
import { skipReasonUnder } from '../dist-test/test/support/windows.js';
import { optionsIn, optionsOf, root, tableOf, writeTable } from './generated.mjs';

if (process.platform !== 'linux') process.exit();

/** The options that a BSD compiles of the file that they share. */
function optionsOfBsd(name) {
  const folder = fileURLToPath(new URL('native/sys/', root));
  const standIns = [`-I${folder}check`, '-include', `${folder}check/bsd/shim.h`, `-DCHECK_BSD_${name.toUpperCase()}`];
  const preprocess = ['-std=c++17', '-E', '-P', ...standIns, `${folder}bsd.cc`];
  return optionsIn(execFileSync(process.env.CXX ?? 'g++', preprocess, { encoding: 'utf8', maxBuffer: 2 ** 26 }));
}

const bsds = ['FreeBSD', 'NetBSD', 'OpenBSD', 'DragonFly'].map((name) => [name, optionsOfBsd(name)]);
const [linux, macos, windows] = ['linux', 'darwin', 'windows'].map(optionsOf);

const none = '\u2013';

/** Where not the tests of each row (options.test.ts) set or read it, but others. */
const otherTests = {
  linger: 'setLinger, getLinger round-trips on ipv4',
  originalDestination: 'setOption, getOption originalDestination is where the client went before a NAT rule',
};

/** Whether a test runs that sets or reads it, on one kind of socket at least. */
function isRun([name, { sockets }], skipReason) {
  const other = otherTests[name];
  const titles = other === undefined ? sockets.map((kind) => `options ${name}, ${kind}`) : [other];
  return titles.some((title) => skipReason(title) === undefined);
}

function cellsOf(option) {
  const [name] = option;
  const wines = [8, 10].filter((version) => isRun(option, (title) => skipReasonUnder(version, title)));
  const theirs = bsds.filter(([, names]) => names.has(name)).map(([system]) => system);
  return [
    name,
    linux.has(name) ? 'run' : none,
    linux.has(name) ? (isRun(option, skipReasonUnderQemu) ? 'qemu' : 'compiled') : none,
    windows.has(name) ? (wines.length > 0 ? `Wine ${wines.join(', ')}` : 'compiled') : none,
    macos.has(name) ? 'compiled' : none,
    theirs.length === bsds.length ? 'compiled' : theirs.length > 0 ? `compiled (${theirs.join(', ')})` : none,
  ];
}

const headings = ['option', 'Linux x64', 'Linux arm64', 'Windows x64', 'macOS', 'BSDs'];
writeTable('docs/PLATFORMS.md', 'options', tableOf(headings, Object.entries(registry).map(cellsOf)));
