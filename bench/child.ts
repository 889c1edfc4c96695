// The bench's child processes. Every one is ended by its handle, whatever happens.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A benchmark could not be made; which numbers come out of it is a result, not a failure. */
export class BenchError extends Error {
  override name = 'BenchError';
}

const running = new Set<ChildProcess>();

/** For the moment when this process ends, when nothing can be waited for. */
export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

function register(child: ChildProcess): ChildProcess {
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

const answerLimitMs = 180_000;

/** The first of what is waited for, or the reason why it can't come any more. */
async function orGone<T>(child: ChildProcess, name: string, awaited: Promise<T>, limitMs = answerLimitMs): Promise<T> {
  const settled = new AbortController();
  const gone = async (): Promise<never> => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit', { signal: settled.signal });
    throw new BenchError(`${name} ended unexpectedly (${child.signalCode ?? `status ${child.exitCode}`})`);
  };
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new BenchError(`${name} does not answer`)), limitMs);
    settled.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  try {
    return await Promise.race([awaited, gone(), late]);
  } finally {
    settled.abort();
  }
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL'); // one that the kernel's linger blocks hears nothing else
  await gone;
}

/** A module of the bench in a process of its own: it is asked, and answers each time. */
export class NodeChild<Request extends object, Answer extends object> {
  private readonly process: ChildProcess;

  constructor(
    private readonly file: string,
    args: readonly string[] = [],
    execArgv: readonly string[] = [],
  ) {
    this.process = register(
      fork(fileURLToPath(new URL(file, import.meta.url)), [...args], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        execArgv: [...execArgv],
      }),
    );
    this.process.on('error', () => undefined); // orGone() tells
  }

  get pid(): number {
    return this.process.pid!;
  }

  async ask(request: Request): Promise<Answer> {
    const answer = once(this.process, 'message') as Promise<[Answer]>;
    this.process.send(request, () => undefined);
    return (await orGone(this.process, this.file, answer))[0];
  }

  stop(): Promise<void> {
    return stopChild(this.process);
  }
}

/** Within a NodeChild: answers every request, and ends with the process that asks. */
export function serve(handle: (request: never) => object | Promise<object>): void {
  process.on('message', (request) => {
    void (async () => {
      const answer = await handle(request as never);
      process.send?.(answer);
    })();
  });
  process.on('disconnect', () => process.exit());
}

/** A program that is given a line and answers with lines, the last one being empty. */
export class LineChild {
  private readonly process: ChildProcess;
  private readonly lines: AsyncIterator<string, undefined>;

  constructor(
    private readonly program: string,
    args: readonly string[] = [],
  ) {
    this.process = register(spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
    this.process.on('error', () => undefined);
    this.process.stdin!.on('error', () => undefined);
    this.lines = createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
  }

  get pid(): number {
    return this.process.pid!;
  }

  async ask(request: string, limitMs?: number): Promise<string[]> {
    this.process.stdin!.write(`${request}\n`);
    return orGone(this.process, this.program, this.readAnswer(), limitMs);
  }

  stop(): Promise<void> {
    return stopChild(this.process);
  }

  private async readAnswer(): Promise<string[]> {
    const answer: string[] = [];
    for (;;) {
      const line = await this.lines.next();
      if (line.done === true) return new Promise(() => undefined); // its end says why
      if (line.value === '') return answer;
      answer.push(line.value);
    }
  }
}

/** Any other program, left to itself. */
export function startProgram(program: string, args: readonly string[]): ChildProcess {
  const child = register(spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] }));
  child.on('error', () => undefined);
  return child;
}
