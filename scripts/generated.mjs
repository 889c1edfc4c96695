// The parts of the documentation that are made from tables in lib/, between <!-- NAME: npm run docs --> and <!-- /NAME -->.
// `--check` fails if one is not up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

export const root = new URL('../', import.meta.url);

/** The names of the options that C++ has rows for. */
export function optionsIn(source) {
  return new Set([...source.matchAll(/^ *\{"(\w+)",/gm)].map(([, name]) => name));
}

/** Those of a file of native/sys, whatever a system's headers make of it. */
export function optionsOf(file) {
  return optionsIn(readFileSync(new URL(`native/sys/${file}.cc`, root), 'utf8'));
}

/** A table of cells, a row each. */
export function tableOf(headings, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(headings), `|${'---|'.repeat(headings.length)}`, ...rows.map(line)].join('\n');
}

export function writeTable(page, name, table) {
  const file = new URL(page, root);
  const [begin, end] = [`<!-- ${name}: npm run docs -->\n`, `\n<!-- /${name} -->`];
  const before = readFileSync(file, 'utf8');
  const start = before.indexOf(begin);
  const stop = before.indexOf(end, start);
  if (start === -1 || stop === -1) throw new Error(`${page} has no place for ${name}`);
  const after = before.slice(0, start) + begin + table + before.slice(stop);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, after);
  } else if (after !== before) {
    console.error(`${page} is not what the table of ${name} says: npm run docs`);
    process.exitCode = 1;
  }
}
