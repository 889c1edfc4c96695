// doctor()'s report for people, 80 columns wide. Warnings are marked by a word, not by colour alone.
import { styleText } from 'node:util';

import type { DoctorItem, DoctorReport } from '../lib/doctor/report.js';
import { wrap } from './wrap.js';

const width = 79;
const nameWidth = 37;
const valueWidth = 24;

const platformNames: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'Linux',
  darwin: 'macOS',
  freebsd: 'FreeBSD',
  win32: 'Windows',
};

function valueText({ value }: DoctorItem): string {
  return Array.isArray(value) ? value.join(' ') : String(value ?? '-');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** With `colour`, the same text with escape sequences around parts of it. */
export function renderDoctor(report: DoctorReport, colour: boolean): string {
  const paint = (style: 'bold' | 'red', text: string): string =>
    // validateStream would look at stdout, whatever was asked for
    colour ? styleText(style, text, { validateStream: false }) : text;

  const renderItem = (item: DoctorItem): string[] => {
    const name = `  ${item.name}`.padEnd(nameWidth + 2);
    const value = valueText(item).padStart(valueWidth);
    const lines = [`${name} ${value} ${item.unit ?? ''}`.trimEnd()];
    // What nobody can read needs no explanation.
    if (item.unreadable !== undefined) return [...lines, ...wrap(`not readable: ${item.unreadable}`, width, '      ')];
    lines.push(...wrap([item.meaning, item.note ?? ''].join(' ').trimEnd(), width, '      '));
    if (item.warning !== undefined) {
      const [first, ...rest] = wrap(`WARNING: ${item.warning}`, width, '      ');
      lines.push(...[`    ! ${first!.trimStart()}`, ...rest].map((line) => paint('red', line)));
    }
    return lines;
  };

  const items = report.groups.flatMap((group) => group.items);
  const unreadable = items.filter((item) => item.unreadable !== undefined).length;
  const warned = items.filter((item) => item.warning !== undefined).map((item) => item.name);

  const system = `${platformNames[report.platform] ?? report.platform} ${report.release}, Node ${report.node}`;
  const lines = [paint('bold', `socket-linger doctor: ${system}`)];
  for (const group of report.groups) {
    lines.push('', paint('bold', group.title.toUpperCase()), ...group.items.flatMap(renderItem));
  }
  lines.push('');
  if (items.length === 0) lines.push('Nothing can be read on this system so far.');
  else {
    const summary = `${count(items.length - unreadable, 'value')} read, ${unreadable} not readable. `;
    const warnings = warned.length === 0 ? 'No warnings.' : `${count(warned.length, 'warning')}: ${warned.join(', ')}.`;
    lines.push(...wrap(summary + warnings, width));
  }
  return `${lines.join('\n')}\n`;
}
