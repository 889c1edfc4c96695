// The line on stderr that says how far the lab is.
import type { WriteStream } from 'node:tty';

import { runs, type Run } from './run.js';

const clearLine = '\r\x1b[K';
/** A line per so many runs, where it can't be rewritten in place. */
const plainStep = 14;

export class Progress {
  private readonly startedAt = performance.now();

  constructor(private readonly stream: WriteStream | NodeJS.WriteStream) {
    this.show(`close lab: ${runs.length} runs on this machine's loopback, about 20 s`);
  }

  note({ strategy, situation }: Run, done: number): void {
    const seconds = Math.round((performance.now() - this.startedAt) / 1000);
    const text = `close lab: ${done} of ${runs.length} runs, ${seconds} s`;
    if (this.stream.isTTY) this.show(`${text} (${situation.title}: ${strategy.label})`);
    else if (done % plainStep === 0) this.show(text);
  }

  /** Leaves nothing behind on a terminal. */
  end(): void {
    if (this.stream.isTTY) this.stream.write(clearLine);
  }

  private show(text: string): void {
    if (!this.stream.isTTY) this.stream.write(`${text}\n`);
    else this.stream.write(`${clearLine}${text.slice(0, this.stream.columns - 1)}`);
  }
}
