// The command: arguments, the runs, what is printed and written.
import { access, constants, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { LabError } from './child.js';
import { makeOutcome, type LabOutcome } from './outcome.js';
import { Progress } from './progress.js';
import { renderReport } from './report.js';
import { runAll } from './run.js';
import { renderTable } from './table.js';

const usage = `Usage: npm run lab -- [--json] [--report FILE.html]

Closes real TCP sockets in 8 ways and 7 situations, with the peer in a process of its own, and shows how
many bytes the peer got, what it saw, and what the close cost. Takes about 20 seconds.

  --json          print one JSON object instead of the table (its fields: lab/outcome.ts, LabOutcome)
  --report FILE   also write a self-contained HTML page with charts
  --help          print this

The table has colour on a terminal only, and none with NO_COLOR. Exit status: 0 when all runs were made,
whatever came out of them; 1 when the lab itself failed; 2 for a wrong argument.
`;

class UsageError extends Error {
  override name = 'UsageError';
}

interface Arguments {
  readonly json: boolean;
  readonly help: boolean;
  readonly report: string | undefined;
}

function readArguments(args: readonly string[]): Arguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { json: { type: 'boolean' }, report: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    return { json: values.json ?? false, help: values.help ?? false, report: values.report };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Said before half a minute of work, not after it. */
async function checkReportPath(file: string): Promise<void> {
  if (file === '') throw new UsageError('--report needs the name of a file');
  const existing = await stat(file).catch(() => undefined);
  if (existing?.isDirectory() === true) throw new UsageError(`The report can't be written: ${file} is a directory`);
  try {
    await access(existing === undefined ? path.dirname(path.resolve(file)) : file, constants.W_OK);
  } catch (error) {
    throw new UsageError(`The report can't be written: ${(error as Error).message}`);
  }
}

async function writeReport(file: string, outcome: LabOutcome): Promise<void> {
  try {
    await writeFile(file, renderReport(outcome));
  } catch (error) {
    throw new LabError(`the report can't be written: ${(error as Error).message}`);
  }
  process.stderr.write(`report: ${file}\n`);
}

const signals = ['SIGINT', 'SIGTERM'] as const;

async function work({ json, report }: Arguments): Promise<void> {
  if (report !== undefined) await checkReportPath(report);
  const interrupted = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => interrupted.abort(new LabError(`ended by ${signal}`));
  for (const signal of signals) process.once(signal, interrupt);
  const startedAt = new Date();
  const progress = new Progress(process.stderr);
  try {
    const results = await runAll((run, done) => progress.note(run, done), interrupted.signal);
    const outcome = makeOutcome(results, startedAt, Date.now() - startedAt.getTime());
    progress.end();
    const colour = process.stdout.isTTY && (process.env.NO_COLOR ?? '') === '';
    process.stdout.write(json ? `${JSON.stringify(outcome, null, 2)}\n` : renderTable(outcome, colour));
    if (report !== undefined) await writeReport(report, outcome);
  } finally {
    progress.end();
    for (const signal of signals) process.off(signal, interrupt);
  }
}

/** Runs the command, and returns its exit status. */
export async function lab(args: readonly string[]): Promise<number> {
  try {
    const given = readArguments(args);
    if (given.help) process.stdout.write(usage);
    else await work(given);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`close lab: ${error.message}\n\n${usage}`);
      return 2;
    }
    const { message, stack } = error as Error;
    process.stderr.write(`close lab: ${error instanceof LabError ? message : (stack ?? message)}\n`);
    return 1;
  }
}
