// Writes the table of tcpInfo()'s fields in docs/API.md: from lib/tcp-info-fields.ts, and from the fields that each
// system's file has.
import { readFileSync } from 'node:fs';

import { tcpInfoRows } from '../dist/lib/tcp-info-fields.js';
import { root, tableOf, writeTable } from './generated.mjs';

const systems = { Linux: 'linux', macOS: 'darwin', BSD: 'bsd', Windows: 'windows' };

/** The names of the fields that a system's file describes: the first argument of a row's macro or function. */
function fieldsOf(file) {
  const source = readFileSync(new URL(`native/sys/${file}_tcp_info.cc`, root), 'utf8');
  return new Set([...source.matchAll(/^ *[A-Za-z]+(?:<\w+>)?\("(\w+)",/gm)].map(([, name]) => name));
}

const fields = Object.entries(systems).map(([system, file]) => [system, fieldsOf(file)]);

const kinds = { limit: 'number or `null`', state: 'string or `null`', name: 'string', flags: 'string[]' };

function cellsOf([name, { kind, values, doc }]) {
  const has = fields.filter(([, names]) => names.has(name)).map(([system]) => system);
  if (has.length === 0) throw new Error(`no system has ${name}`);
  const choices = values ? `; ${values.map((value) => `\`'${value}'\``).join(', ')}` : '';
  return [name, kinds[kind] ?? kind, `${doc}${choices}`, has.join(', ')];
}

const headings = ['field', 'value', 'what it is', 'systems'];
writeTable('docs/API.md', 'tcp-info', tableOf(headings, Object.entries(tcpInfoRows).map(cellsOf)));
