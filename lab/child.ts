// A child process of the lab, and the messages from it.
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { runLimitMs } from './settings.js';

/** The lab itself failed; what the strategies do to the bytes is a result, not a failure. */
export class LabError extends Error {
  override name = 'LabError';
}

interface Message {
  readonly type: string;
}

const errorOutputLength = 2000;

export class Child<Sent extends Message, Received extends Message> {
  private readonly process: ChildProcess;
  private readonly gone: Promise<void>;
  private readonly arrived: Received[] = [];
  private arrivedOne: () => void = () => undefined;
  private failure: LabError | undefined;
  private errorOutput = '';
  private stopping = false;

  constructor(
    private readonly name: string,
    file: string,
    ...args: string[]
  ) {
    this.process = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errorOutput = (this.errorOutput + text).slice(-errorOutputLength);
    });
    this.process.on('message', (message) => {
      this.arrived.push(message as Received);
      this.arrivedOne();
    });
    this.process.on('error', (error) => this.fail(`cannot be started: ${error.message}`));
    this.gone = new Promise((resolve) => {
      // 'close' comes after the last of its error output; there is no such event if it never started.
      this.process.once('error', () => resolve());
      this.process.once('close', (status, signal) => {
        if (!this.stopping) this.fail(`ended unexpectedly (${signal ?? `status ${status}`})`);
        resolve();
      });
    });
  }

  send(message: Sent): void {
    // If it can't be sent, 'close' says why.
    this.process.send(message, () => undefined);
  }

  /** The next message of that type. Rejects if the child dies or does not answer in time. */
  async next<Type extends Received['type']>(type: Type): Promise<Extract<Received, { type: Type }>> {
    const timer = setTimeout(() => this.fail(`does not answer ('${type}' was due)`), runLimitMs);
    try {
      for (;;) {
        const index = this.arrived.findIndex((message) => message.type === type);
        if (index >= 0) return this.arrived.splice(index, 1)[0] as Extract<Received, { type: Type }>;
        if (this.failure !== undefined) throw this.failure;
        await new Promise<void>((resolve) => {
          this.arrivedOne = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the process, and resolves when it is gone. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.fail('was ended');
    // Nothing is left to be tidied up there, and a process that the kernel's linger blocks could not.
    this.process.kill();
    await this.gone;
  }

  private fail(reason: string): void {
    this.failure ??= new LabError(`${this.name} ${reason}${this.errorOutput === '' ? '' : `:\n${this.errorOutput.trim()}`}`);
    this.arrivedOne();
  }
}
