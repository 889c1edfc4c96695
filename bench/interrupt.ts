// What a command does when it is interrupted: its children end, and it exits as the shell expects.
import os from 'node:os';

import { killChildren } from './child.js';

/** The exit status that `work` comes to, or, once a signal has interrupted it, the status that stands for that signal. */
export async function untilInterrupted(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const interrupted = new AbortController();
  let interruptedBy: 'SIGINT' | 'SIGTERM' | undefined;
  process.on('exit', killChildren);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interruptedBy = signal;
      interrupted.abort();
      killChildren(); // which ends whatever waits for one
    });
  }
  try {
    return await work(interrupted.signal);
  } catch (error) {
    if (interruptedBy === undefined) throw error;
    return 128 + os.constants.signals[interruptedBy];
  }
}
