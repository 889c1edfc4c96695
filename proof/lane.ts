// A lane as a process: one server and one client at a time. node lane.js FILE, FILE being what is uploaded; it has to be
// started in a network namespace of its own.
//
// A line of its standard input is a Request; it answers with a line of JSON, a CombinationResult, and an empty line.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { killChildren, LineChild } from '../bench/child.js';
import { readAbortCounters, type AbortCounters } from '../test/support/namespace.js';
import { sha256, type Upload } from './clients/client.js';
import type { ClientName, Combination, CombinationResult, ServerName } from './combination.js';
import { makeLink } from './link.js';
import { makeReply } from './reply.js';
import type { Ports, Tally } from './servers/server.js';

export interface Request {
  readonly combination: Combination;
  readonly tries: number;
}

/**
 * After how many seconds a client gives up. Without us some wait for ever, and the others are done in a moment; with us a busy
 * machine may need its time.
 */
const patience = { withUs: 60, withoutUs: 5 };

const upload = process.argv[2]!;
const links = { fast: await makeLink('fast'), slow: await makeLink('slow') };

function compiled(name: string): string {
  return fileURLToPath(new URL(`${name}.js`, import.meta.url));
}

/** What tsc leaves where it is: dist-test/proof -> proof. */
function source(name: string): string {
  return fileURLToPath(new URL(`../../proof/${name}`, import.meta.url));
}

async function ask<Answer>(child: LineChild, request: string): Promise<Answer> {
  const [line] = await child.ask(request);
  return JSON.parse(line!) as Answer;
}

interface Server {
  readonly name: ServerName;
  readonly lingers: boolean;
  readonly child: LineChild;
  readonly ports: Ports;
}

let server: Server | undefined;

async function startServer({ server: name, lingers }: Combination): Promise<Server> {
  if (server?.name === name && server.lingers === lingers) return server;
  await server?.child.stop();
  const program = name === 'nginx' ? [compiled('servers/nginx')] : [compiled('servers/main'), name];
  const child = new LineChild(process.execPath, [...program, ...(lingers ? ['--linger'] : [])]);
  server = { name, lingers, child, ports: await ask<Ports>(child, 'listen') };
  return server;
}

function clientCommand(name: ClientName): string[] {
  switch (name) {
    case 'python':
      return ['python3', source('clients/client.py'), upload];
    case 'java':
      return ['java', source('clients/Client.java'), upload];
    default:
      return [process.execPath, compiled(`clients/${name}`), upload];
  }
}

const clients = new Map<string, LineChild>();

async function startClient({ client, link }: Combination): Promise<LineChild> {
  const key = `${client} ${link}`;
  let child = clients.get(key);
  if (child === undefined) {
    const [command, ...args] = [...links[link].clientSide, ...clientCommand(client)];
    clients.set(key, (child = new LineChild(command!, args)));
    await child.ask(''); // a JVM takes its time to start, which is nobody's patience
  }
  return child;
}

function difference(before: AbortCounters, after: AbortCounters): AbortCounters {
  return {
    abortOnClose: after.abortOnClose - before.abortOnClose,
    abortOnData: after.abortOnData - before.abortOnData,
    outRsts: after.outRsts - before.outRsts,
  };
}

async function run({ combination, tries }: Request): Promise<CombinationResult> {
  const { link, lingers, scheme, replyBytes } = combination;
  const { child, ports } = await startServer(combination);
  const client = await startClient(combination);
  const seconds = lingers ? patience.withUs : patience.withoutUs;
  const url = `${scheme}://${links[link].host}:${ports[scheme]}/${replyBytes}`;
  const expected = sha256(makeReply(replyBytes));
  const before = readAbortCounters();
  const resetsBefore = links[link].clientResets();
  const losses: string[] = [];
  let made = 0;
  let isStuck = false;
  let complete = 0;
  let reached: number | null = 0;
  while (made < tries && !isStuck) {
    made += 1;
    const from = performance.now();
    const got = await ask<Upload>(client, `${url} ${seconds}`);
    // A first try like that says that the others would be the same, and take as long again.
    isStuck = !lingers && made === 1 && performance.now() - from >= seconds * 1000;
    const { connections, delivered, results } = await ask<Tally>(child, 'settle');
    const isComplete = got.status === 413 && got.sha256 === expected;
    const story = [`HTTP ${got.status}, ${got.bytes} bytes`, got.error, `${connections} connections`, ...results];
    if (isComplete) complete += 1;
    else losses.push(story.filter((text) => text !== null).join('; '));
    // A client that has read the answer may reset before it acknowledges TLS' close_notify: complete says more.
    if (delivered === null || reached === null) reached = null;
    else if (isComplete || delivered > 0) reached += 1;
  }
  const counters = difference(before, readAbortCounters());
  const resets = links[link].clientResets() - resetsBefore;
  return { ...combination, tries: made, isStuck, complete, reached, counters, resets, losses };
}

process.once('exit', killChildren);
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line) as Request))}\n\n`);
}
process.exit();
