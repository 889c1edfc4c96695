// The command: arguments, the run, what is printed.
import { parseArgs } from 'node:util';

import { untilInterrupted } from '../bench/interrupt.js';
import { describeCombination } from './combination.js';
import { everything, noProofReason, prove, type ProofOptions } from './proof.js';
import { renderProof } from './table.js';

const usage = `Usage: npm run proof -- [--tries N | --quick] [--json] [FILTERS]

Uploads 100 MB by real clients to real servers that answer 413 at once, with and
without us, and counts the complete answers. Linux with network namespaces.

  --tries N       of each combination; default 20, --quick: 5
  --json          print one JSON object (proof/proof.ts, ProofReport)
  --client NAME   only this one; may be repeated, as all of these
                  ${everything.clients.join(', ')}
  --server NAME   ${everything.servers.join(', ')}
  --link NAME     ${everything.links.join(', ')}
  --help          print this

Exit status: 0 when it was tried, whatever came out; 1 when it could not be;
2 for a wrong argument.
`;

interface Arguments extends Omit<ProofOptions, 'signal' | 'progress'> {
  readonly json: boolean;
  readonly help: boolean;
}

function choose<Name extends string>(option: string, all: readonly Name[], given: readonly string[] = []): readonly Name[] {
  const unknown = given.find((name) => !all.some((one) => one === name));
  if (unknown !== undefined) throw new Error(`There is no ${option} '${unknown}'`);
  return given.length === 0 ? all : all.filter((name) => given.includes(name));
}

function readArguments(args: readonly string[]): Arguments {
  const several = { type: 'string', multiple: true } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      tries: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      client: several,
      server: several,
      link: several,
    },
  });
  const { tries = values.quick ? 5 : 20, json, help } = values;
  if (!(Number(tries) >= 1)) throw new Error(`--tries takes a number, not '${tries}'`);
  return {
    tries: Math.floor(Number(tries)),
    json,
    help,
    clients: choose('client', everything.clients, values.client),
    servers: choose('server', everything.servers, values.server),
    links: choose('link', everything.links, values.link),
  };
}

async function main(args: readonly string[]): Promise<number> {
  let given: Arguments;
  try {
    given = readArguments(args);
  } catch (error) {
    process.stderr.write(`proof: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (given.help) {
    process.stdout.write(usage);
    return 0;
  }
  const reason = noProofReason();
  if (reason !== undefined) {
    process.stderr.write(`proof: ${reason}\n`);
    return 1;
  }
  return untilInterrupted(async (signal) => {
    const report = await prove({
      ...given,
      signal,
      progress: (result, done, all) => {
        process.stderr.write(`proof: ${done}/${all}: ${describeCombination(result)}: ${result.complete} of ${result.tries}\n`);
        if (result.lingers) process.stderr.write(result.losses.map((text) => `  ${text}\n`).join(''));
      },
    });
    process.stdout.write(given.json ? `${JSON.stringify(report, null, 2)}\n` : renderProof(report));
    return 0;
  });
}

process.exitCode = await main(process.argv.slice(2));
