// Reads Linux' /proc. Nothing throws: what can't be read is a reading that says why.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { Reading } from './report.js';

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'no such file (an older kernel, a container or a network namespace that does not show it)';
  if (code === 'EACCES' || code === 'EPERM') return `no permission (${code})`;
  return code ?? message;
}

/** Numbers between white space; anything else is not readable. */
function parse(text: string, source: string): Reading {
  const words = text.trim().split(/\s+/);
  const numbers = words.map(Number);
  if (words[0] === '' || numbers.some(Number.isNaN)) return { unreadable: `${source} holds no numbers` };
  return { value: numbers };
}

export class Proc {
  readonly #root: string;
  readonly #texts = new Map<string, { text: string } | { unreadable: string }>();

  /** `root`: where to look; tests have a folder of their own. */
  constructor(root = '/proc') {
    this.#root = root;
  }

  /** The path as it is reported. */
  pathOf(file: string): string {
    return path.posix.join('/proc', file);
  }

  /** A setting, e.g. 'sys/net/ipv4/tcp_rmem'. */
  numbers(file: string): Reading {
    const read = this.#read(file);
    return 'text' in read ? parse(read.text, this.pathOf(file)) : read;
  }

  /** One counter of net/netstat or net/snmp: a line of names, then a line of numbers. */
  counter(file: string, group: string, name: string): Reading {
    const read = this.#read(file);
    if ('unreadable' in read) return read;
    const lines = read.text.split('\n').filter((line) => line.startsWith(`${group}:`));
    const [names = [], values = []] = lines.map((line) => line.split(' '));
    const value = values[names.indexOf(name)];
    if (value === undefined) return { unreadable: `${this.pathOf(file)} has no ${name}: an older kernel` };
    return parse(value, this.pathOf(file));
  }

  /** One value of a line of net/sockstat or net/sockstat6: names and numbers alternate. */
  sockstat(name: string, protocol: 'TCP' | 'TCP6' = 'TCP'): Reading {
    const file = protocol === 'TCP' ? 'net/sockstat' : 'net/sockstat6';
    const read = this.#read(file);
    if ('unreadable' in read) return read;
    const words = read.text.split('\n').find((line) => line.startsWith(`${protocol}:`))?.split(' ') ?? [];
    const at = words.indexOf(name);
    const value = at === -1 ? undefined : words[at + 1];
    if (value === undefined) return { unreadable: `${this.pathOf(file)} has no ${protocol} ${name}` };
    return parse(value, this.pathOf(file));
  }

  /** RLIMIT_NOFILE of this process. */
  openFilesLimit(which: 'soft' | 'hard'): Reading {
    const read = this.#read('self/limits');
    if ('unreadable' in read) return read;
    const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(read.text) ?? [];
    const value = which === 'soft' ? soft : hard;
    if (value === 'unlimited') return { value };
    return value === undefined ? { unreadable: '/proc/self/limits has no "Max open files"' } : parse(value, '/proc/self/limits');
  }

  /** How many descriptors this process has open. */
  openFiles(): Reading {
    try {
      // One of them is the listing's own.
      return { value: [readdirSync(path.join(this.#root, 'self/fd')).length - 1] };
    } catch (error) {
      return { unreadable: reasonOf(error) };
    }
  }

  #read(file: string): { text: string } | { unreadable: string } {
    let read = this.#texts.get(file);
    if (read === undefined) {
      try {
        read = { text: readFileSync(path.join(this.#root, file), 'utf8') };
      } catch (error) {
        read = { unreadable: reasonOf(error) };
      }
      this.#texts.set(file, read);
    }
    return read;
  }
}
