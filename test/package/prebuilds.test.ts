// What the binaries of the package ask of the system that they run on.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { pack, root } from '../support/pack.js';
import { skip } from '../support/skip.js';

/** Every function of Node-API, by the version that it is from. */
const headers = createRequire(import.meta.url)('node-api-headers') as {
  symbols: Record<'v8', { js_native_api_symbols: readonly string[]; node_api_symbols: readonly string[] }>;
};

interface Symbol {
  readonly name: string;
  /** Of the library that it comes from; '' where it has none. */
  readonly version: string;
  readonly isWeak: boolean;
  readonly isDefined: boolean;
}

function readelf(option: string, file: string): string {
  return execFileSync('readelf', [option, '--wide', file], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
}

/** The dynamic symbols: number, value, size, type, binding, visibility, section, name[@version]. */
function symbolsOf(file: string): Symbol[] {
  const rows = readelf('--dyn-syms', file).matchAll(/^ *\d+: +\S+ +\S+ +\w+ +(\w+) +\w+ +(\w+) ([^\s@]+)(?:@+(\S+))?/gm);
  return [...rows].filter(([, binding]) => binding !== 'LOCAL').map(([, binding, section, name, version]) => ({
    name: name!,
    version: version ?? '',
    isWeak: binding === 'WEAK',
    isDefined: section !== 'UND',
  }));
}

function missing(command: string): boolean {
  return spawnSync(command, ['--version']).error !== undefined;
}

const isNodeApi = ({ name }: Symbol): boolean => /^(napi|node_api)_/.test(name);

for (const arch of ['x64', 'arm64']) {
  describe(`the binary for linux-${arch}`, function () {
    this.timeout(600_000);

    const file = path.join(root, 'prebuilds', `linux-${arch}`, 'node.napi.node');
    let symbols: Symbol[];
    let needed: Symbol[];

    before(function () {
      if (process.platform !== 'linux') skip(this, `this is ${process.platform}`);
      if (missing('readelf')) skip(this, 'no readelf (binutils)');
      pack();
      if (!existsSync(file)) skip(this, 'no cross compiler to build it');
      symbols = symbolsOf(file);
      needed = symbols.filter(({ isDefined, isWeak }) => !isDefined && !isWeak);
      assert.ok(needed.length > 50);
    });

    it('needs no glibc after 2.28', () => {
      const newer = symbols.filter(({ version }) => {
        const [, major, minor] = /^GLIBC_(\d+)\.(\d+)/.exec(version) ?? [];
        return major !== undefined && (Number(major) > 2 || Number(minor) > 28);
      });
      assert.deepEqual(newer, []);
    });

    it('knows the version of every function that it needs, and that is always one of glibc: the C++ runtime is inside', () => {
      const others = needed.filter((symbol) => !isNodeApi(symbol) && !/^GLIBC_\d/.test(symbol.version));
      assert.deepEqual(others, []);
      // glibc ends the process if a library that versions are asked of is not loaded. libc always is.
      const asked = [...readelf('--version-info', file).matchAll(/ File: (\S+)/g)].map(([, name]) => name!);
      assert.deepEqual(asked, ['libc.so.6']);
    });

    it('names no library: Bun on musl would refuse libc.so.6', () => {
      assert.equal(readelf('--dynamic', file).includes('NEEDED'), false);
    });

    it('needs nothing of Node but Node-API, in version 8 or before', () => {
      const { js_native_api_symbols: js, node_api_symbols: node } = headers.symbols.v8;
      const known = new Set([...js, ...node]);
      assert.deepEqual(needed.filter((symbol) => isNodeApi(symbol) && !known.has(symbol.name)), []);
    });

    it('shows nothing but what Node looks for', () => {
      const shown = symbols.filter(({ isDefined }) => isDefined).map(({ name }) => name).sort();
      assert.deepEqual(shown, ['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
    });

    it('has no executable stack, and stays loaded once it is: its thread may be running', () => {
      assert.match(readelf('--program-headers', file), /GNU_STACK .* RW +0x/);
      assert.match(readelf('--dynamic', file), /\(FLAGS_1\).*NODELETE/);
    });

    it('needs nothing that musl has not', function () {
      const library = ['x86_64', 'aarch64'].map((name) => `/lib/ld-musl-${name}.so.1`).find((name) => existsSync(name));
      if (library === undefined) skip(this, 'no musl');
      const has = new Set(symbolsOf(library).filter(({ isDefined }) => isDefined).map(({ name }) => name));
      assert.deepEqual(needed.filter((symbol) => !isNodeApi(symbol) && !has.has(symbol.name)).map(({ name }) => name), []);
    });

    it('is loaded by a program of musl', function () {
      if (arch !== process.arch) skip(this, `this is ${process.arch}`);
      if (missing('musl-gcc')) skip(this, 'no musl-gcc (musl-tools)');
      const folder = mkdtempSync(path.join(tmpdir(), 'socket-linger-musl-'));
      try {
        const program = path.join(folder, 'load');
        const calls = needed.filter(isNodeApi).map(({ name }) => `F(${name})`).join(' ');
        execFileSync('musl-gcc', ['-rdynamic', `-DNAPI=${calls}`, '-o', program, path.join(root, 'test/support/musl-load.c')]);
        assert.equal(execFileSync(program, [file], { encoding: 'utf8' }), 'loaded\n');
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
}

describe('the binary for win32-x64', function () {
  this.timeout(600_000);

  it('needs no library but Windows\' own, and shows nothing but what Node looks for', function () {
    if (process.platform !== 'linux') skip(this, `this is ${process.platform}`);
    const [tool, file] = ['x86_64-w64-mingw32-objdump', path.join(root, 'prebuilds/win32-x64/node.napi.node')];
    if (missing(tool)) skip(this, `no ${tool} (binutils-mingw-w64-x86-64)`);
    pack();
    const found = execFileSync(tool, ['--private-headers', file], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
    const libraries = [...found.matchAll(/^\s*DLL Name: (\S+)/gm)].map(([, name]) => name!.toLowerCase()).sort();
    assert.deepEqual(libraries, ['kernel32.dll', 'msvcrt.dll', 'ws2_32.dll']);
    const names = /^\[Ordinal\/Name Pointer\] Table.*\n((?:\s+\[.*\n)+)/m.exec(found)?.[1] ?? '';
    const shown = [...names.matchAll(/\] (?:\+base\[.*\] +\w+ )?(\w+)$/gm)].map(([, name]) => name);
    assert.deepEqual(shown, ['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
  });
});

describe('the binaries of the package', () => {
  it('are under names that node-gyp-build takes', () => {
    for (const folder of readdirSync(path.join(root, 'prebuilds'))) {
      assert.match(folder, /^(linux|darwin|win32|freebsd|openbsd|netbsd)-\w+$/);
      assert.deepEqual(readdirSync(path.join(root, 'prebuilds', folder)), ['node.napi.node']);
    }
  });
});
