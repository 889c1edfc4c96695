// Writes the table of options in docs/API.md: from the registry (lib/options.ts), and from the rows that each system's
// file has. `--check` fails if it is not up to date.
import { readFileSync } from 'node:fs';

import { registry } from '../dist/lib/options.js';
import { root, writeTable } from './generated.mjs';

const systems = { Linux: 'linux', macOS: 'darwin', BSD: 'bsd', Windows: 'windows' };

/** The names of the options that a system's file has rows for. */
function rowsOf(file) {
  try {
    const source = readFileSync(new URL(`native/sys/${file}.cc`, root), 'utf8');
    return new Set([...source.matchAll(/^ *\{"(\w+)",/gm)].map(([, name]) => name));
  } catch {
    return new Set(); // not yet written
  }
}

const rows = Object.entries(systems).map(([system, file]) => [system, rowsOf(file)]);

const values = {
  boolean: 'boolean',
  integer: 'number',
  rate: 'number or `null`',
  bigint: 'bigint',
  string: 'string',
  bytes: 'Buffer',
  error: "code such as `'ECONNRESET'`, or `null`",
  linger: 'number or `null`',
  credentials: '`{ pid, uid, gid }`',
  address: '`{ address, family, port }`',
};

function line([name, row]) {
  const value = [values[row.kind], row.unit].filter(Boolean).join('; ');
  const access = { r: 'read only', w: 'set only' }[row.access];
  const notes = [access, row.when, row.privilege && `needs ${row.privilege}`].filter(Boolean).join('; ');
  const has = rows.filter(([, names]) => names.has(name)).map(([system]) => system);
  if (has.length === 0) throw new Error(`no system has a row for ${name}`);
  const others = Object.entries(row.elsewhere ?? {}).map(([system, constant]) => `; ${system}: ${constant}`);
  const cells = [name, `\`${row.level}\`, \`${row.constant}\`${others.join('')}`, value, `${row.doc}${notes && ` (${notes})`}`, has.join(', ')];
  return `| ${cells.join(' | ')} |`;
}

const table = [
  '| option | level, constant | value | what it does | systems |',
  '|---|---|---|---|---|',
  ...Object.entries(registry).map(line),
].join('\n');

writeTable('docs/API.md', 'options', table);
