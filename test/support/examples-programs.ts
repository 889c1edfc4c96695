// The examples as a user starts them: programs that say what they do, line by line.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** From dist-test/test/support. */
const examples = new URL('../../../examples/', import.meta.url);

export function exampleUrl(file: string): string {
  return new URL(file, examples).href;
}

const running = new Set<ChildProcess>();

/** Whatever a failed test has left behind. */
export async function stopPrograms(): Promise<void> {
  await Promise.all([...running].map(kill));
}

/** With SIGKILL: the program gets no chance to say goodbye. Resolves when it is gone. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function run(command: string, args: readonly string[]): Promise<Finished> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  try {
    await once(child, 'close');
  } finally {
    running.delete(child);
  }
  return { status: child.exitCode, stdout, stderr };
}

export function runExample(file: string, ...args: string[]): Promise<Finished> {
  return run(process.execPath, [fileURLToPath(exampleUrl(file)), ...args]);
}

/** A program that goes on until it is killed. */
export class Program {
  /** What it has printed so far. */
  readonly lines: string[] = [];
  readonly ended: Promise<void>;
  private readonly waiting = new Set<() => void>();

  private constructor(private readonly child: ChildProcess) {
    running.add(child);
    createInterface({ input: child.stdout! }).on('line', (line) => {
      this.lines.push(line);
      this.wake();
    });
    this.ended = new Promise((resolve) => child.once('close', () => resolve()));
    void this.ended.then(() => {
      running.delete(child);
      this.wake();
    });
  }

  static start(args: readonly string[]): Program {
    return new Program(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
  }

  private wake(): void {
    for (const look of this.waiting) look();
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves when it has printed that many lines that match; rejects when it ends before. */
  printed(pattern: RegExp, count = 1): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.lines.filter((line) => pattern.test(line));
        if (found.length < count && running.has(this.child)) return;
        this.waiting.delete(look);
        if (found.length >= count) resolve(found);
        else reject(new Error(`ended before it printed ${pattern.source}; it printed: ${this.lines.join(' | ')}`));
      };
      this.waiting.add(look);
      look();
    });
  }

  kill(): Promise<void> {
    return kill(this.child);
  }

  /** Asks it to stop, and resolves with its exit status. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    await this.ended;
    return this.child.exitCode;
  }
}

/** An example that listens, and its port. */
export async function startServer(file: string, ...args: string[]): Promise<{ server: Program; port: number }> {
  const server = Program.start([fileURLToPath(exampleUrl(file)), ...args]);
  const [line] = await server.printed(/^listening on port \d+$/);
  return { server, port: Number(/\d+$/.exec(line!)![0]) };
}
