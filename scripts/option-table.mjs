// Writes the table of options in docs/API.md: from the registry (lib/options.ts), and from the rows that each system's
// file has. `--check` fails if it is not up to date. The ranges are those of the addon on Linux: elsewhere there is nothing
// to be written, or checked.
import process from 'node:process';

import { native } from '../dist/lib/native.js';
import { registry } from '../dist/lib/options.js';
import { optionsOf, tableOf, writeTable } from './generated.mjs';

const systems = { Linux: 'linux', macOS: 'darwin', BSD: 'bsd', Windows: 'windows' };

const rows = Object.entries(systems).map(([system, file]) => [system, optionsOf(file)]);

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

const most = 2 ** 31 - 1;

/** What Linux takes. */
function rangeOf(name, { kind, access, unit = '' }) {
  const found = native.options.find((option) => option.name === name);
  if (found === undefined || access === 'r' || /^\d /.test(unit)) return undefined; // a list of its values
  const { min, max } = found;
  if (kind === 'string') return `at most ${max} bytes`;
  if (kind !== 'integer' && kind !== 'rate' && kind !== 'linger') return undefined;
  return max >= most / 2 ? `${min} or more` : `${min} to ${max}`;
}

function cellsOf([name, row]) {
  const value = [values[row.kind], row.unit, rangeOf(name, row)].filter(Boolean).join('; ');
  const access = { r: 'read only', w: 'set only' }[row.access];
  const notes = [access, row.when, row.privilege && `needs ${row.privilege}`].filter(Boolean).join('; ');
  const has = rows.filter(([, names]) => names.has(name)).map(([system]) => system);
  if (has.length === 0) throw new Error(`no system has a row for ${name}`);
  const others = Object.entries(row.elsewhere ?? {}).map(([system, constant]) => `; ${system}: ${constant}`);
  return [name, `\`${row.level}\`, \`${row.constant}\`${others.join('')}`, value, `${row.doc}${notes && ` (${notes})`}`, has.join(', ')];
}

if (process.platform !== 'linux') process.exit();

const headings = ['option', 'level, constant', 'value', 'what it does', 'systems'];
writeTable('docs/API.md', 'options', tableOf(headings, Object.entries(registry).map(cellsOf)));
