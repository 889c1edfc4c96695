// The command line `socket-linger`: arguments, what is printed, the exit status.
import { parseArgs } from 'node:util';

import { doctor } from '../lib/doctor.js';
import { renderDoctor } from './doctor-text.js';

const usage = `Usage: socket-linger doctor [--json] [--strict]

Shows the kernel's settings, limits and counters that decide how TCP connections end, and begin under load:
each with its value, what it does, and a warning where it will hurt. Only reads.

  --json      print the report as JSON (its fields: docs/API.md, doctor())
  --strict    exit with status 1 if there is a warning
  --help      print this

There is colour on a terminal only, and none with NO_COLOR. Exit status: 0 when it has looked, whatever it has
found; 1 with --strict if there is a warning, or if the command itself failed; 2 for a wrong argument.
`;

class UsageError extends Error {
  override name = 'UsageError';
}

interface Arguments {
  readonly command: string | undefined;
  readonly json: boolean;
  readonly strict: boolean;
  readonly help: boolean;
}

function readArguments(args: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, strict: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    if (positionals.length > 1) throw new Error(`one command at a time, not '${positionals.join(' ')}'`);
    return { command: positionals[0], json: values.json ?? false, strict: values.strict ?? false, help: values.help ?? false };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function runDoctor({ json, strict }: Arguments): Promise<number> {
  const report = await doctor();
  const colour = process.stdout.isTTY && (process.env.NO_COLOR ?? '') === '';
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : renderDoctor(report, colour));
  return strict && report.warnings > 0 ? 1 : 0;
}

/** Runs the command, and returns its exit status. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    const given = readArguments(args);
    if (given.help) {
      process.stdout.write(usage);
      return 0;
    }
    if (given.command === 'doctor') return await runDoctor(given);
    throw new UsageError(given.command === undefined ? 'no command' : `unknown command '${given.command}'`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`socket-linger: ${error.message}\n\n${usage}`);
    return 2;
  }
}
