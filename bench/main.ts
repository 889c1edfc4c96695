// The command: arguments, the runs, what is printed.
import { parseArgs } from 'node:util';

import type { Benchmark } from './benchmark.js';
import { killChildren } from './child.js';
import { closes } from './closes.js';
import { tidyUp } from './compile.js';
import { connections } from './connections.js';
import { deadlines } from './deadlines.js';
import { discard } from './discard.js';
import { idle } from './idle.js';
import { untilInterrupted } from './interrupt.js';
import { options } from './options.js';
import { makeReport, type BenchmarkReport } from './report.js';
import { server } from './server.js';
import { stall } from './stall.js';
import { renderBenchmark, renderHead } from './table.js';

const benchmarks: readonly Benchmark[] = [options, discard, idle, closes, connections, server, stall, deadlines];

const usage = `Usage: npm run bench -- [--quick] [--json] [NAME ...]

${benchmarks.map(({ name, title }) => `  ${name.padEnd(11)} ${title}`).join('\n')}

Without a NAME all of them, one after the other: about nine minutes. Linux only.

  --quick   short runs, rough numbers: about two minutes
  --json    print one JSON object instead of the table (its fields: bench/report.ts, BenchReport)
  --help    print this

What each number means: bench/README.md. Exit status: 0 when the benchmarks were made, whether or not
their bars are reached; 1 when one could not be made; 2 for a wrong argument.
`;

interface Arguments {
  readonly chosen: readonly Benchmark[];
  readonly json: boolean;
  readonly quick: boolean;
  readonly help: boolean;
}

function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  for (const name of positionals) {
    if (!benchmarks.some((benchmark) => benchmark.name === name)) throw new Error(`There is no benchmark '${name}'`);
  }
  return {
    chosen: positionals.length === 0 ? benchmarks : benchmarks.filter(({ name }) => positionals.includes(name)),
    json: values.json ?? false,
    quick: values.quick ?? false,
    help: values.help ?? false,
  };
}

async function work({ chosen, json, quick }: Arguments, signal: AbortSignal): Promise<number> {
  const startedAt = new Date();
  const reports: BenchmarkReport[] = [];
  let status = 0;
  if (!json) process.stdout.write(renderHead(makeReport([], startedAt, quick)));
  for (const { name, title, run } of chosen) {
    const from = performance.now();
    const say = (text: string): void => void process.stderr.write(`bench: ${name}: ${text}\n`);
    try {
      const findings = await run({ quick, signal, say });
      const report = { name, title, ...findings, durationMs: performance.now() - from };
      reports.push(report);
      if (!json) process.stdout.write(renderBenchmark(report));
    } catch (error) {
      signal.throwIfAborted();
      const { stack, message } = error as Error;
      process.stderr.write(`bench: ${name} could not be made: ${stack ?? message}\n`);
      status = 1;
    }
  }
  if (json) process.stdout.write(`${JSON.stringify(makeReport(reports, startedAt, quick), null, 2)}\n`);
  return status;
}

async function bench(args: readonly string[]): Promise<number> {
  let given: Arguments;
  try {
    given = readArguments(args);
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (given.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (process.platform !== 'linux') {
    process.stderr.write('bench: it reads /proc and calls Linux by name, so it runs on Linux only\n');
    return 1;
  }
  try {
    return await untilInterrupted((signal) => work(given, signal));
  } finally {
    killChildren();
    await tidyUp();
  }
}

process.exitCode = await bench(process.argv.slice(2));
