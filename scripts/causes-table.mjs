// Writes the tables of errors in docs/CAUSES.md from lib/error-table.ts.
import { errorTable } from '../dist/lib/error-table.js';
import { writeTable } from './generated.mjs';

const list = (title, items) => (items === undefined ? [] : [`${title}:`, '', ...items.map((item, index) => `${index + 1}. ${item}`), '']);

function numbersOf(code, { numbers, windowsName = `WSA${code}` }) {
  if (numbers === undefined) return '-';
  const windows = numbers.windows === null ? '-' : `${windowsName} ${numbers.windows}`;
  return `${numbers.linux} | ${numbers.macos} | ${windows}`;
}

const rows = Object.entries(errorTable);
const numbers = [
  '| code | Linux | macOS, BSD | Windows | what has happened |',
  '|---|---|---|---|---|',
  ...rows.filter(([, row]) => row.numbers).map(([code, row]) => `| [${code}](#${code.toLowerCase()}) | ${numbersOf(code, row)} | ${row.summary} |`),
];
const sections = rows.flatMap(([code, row]) => [
  `### ${code}`,
  '',
  row.summary,
  '',
  ...list('Likely causes, in order', row.causes),
  ...list('From connect()', row.connecting),
  ...list('Made by Node itself (no `errno`)', row.madeByNode),
  'What to do:',
  '',
  ...row.advice.map((item) => `- ${item}`),
  '',
]);
writeTable('docs/CAUSES.md', 'numbers', numbers.join('\n'));
writeTable('docs/CAUSES.md', 'errors', `\n${sections.join('\n')}`);
