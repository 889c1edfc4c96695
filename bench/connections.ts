// 8. What connect() costs in place of net.connect(), and what closeCause() adds to a connection.
import type { Benchmark, Context, Findings } from './benchmark.js';
import { NodeChild } from './child.js';
import type { ServerAnswer, ServerRequest } from './closes-server.js';
import type { ClientAnswer, ClientRequest, Connector } from './connections-client.js';
import { interleave } from './measure.js';
import { compare } from './rounds.js';

const atATime = 16;
const connectors: readonly Connector[] = ['net.connect', 'connect', 'options', 'tracked'];

async function run({ quick, signal, say }: Context): Promise<Findings> {
  const count = quick ? 2000 : 5000;
  const rounds = quick ? 5 : 15;
  const server = new NodeChild<ServerRequest, ServerAnswer>('./closes-server.js');
  const clients = connectors.map((name) => [name, new NodeChild<ClientRequest, ClientAnswer>('./connections-client.js', [name])] as const);
  try {
    const { port } = await server.ask({ type: 'listen', closer: 'destroySoon' });
    await server.ask({ type: 'expect', count: Number.MAX_SAFE_INTEGER, bytes: 1, until: 'peer-fin' });
    say(`${rounds + 2} rounds of ${count} connections: ${connectors.join(', ')}`);
    const cpuUs = async (client: NodeChild<ClientRequest, ClientAnswer>): Promise<number> =>
      ((await client.ask({ port: port!, count, atATime })).cpuMs * 1000) / count;
    const variants = Object.fromEntries(clients.map(([name, client]) => [name, () => cpuUs(client)])) as Record<Connector, () => Promise<number>>;
    const results = await interleave(variants, { rounds, warmups: 2, signal });
    const row = (what: string, name: Connector): Findings['rows'][number] => compare(`CPU each, ${what}`, 'us', results[name], results['net.connect']);
    return {
      rows: [
        row('connect() : net.connect()', 'connect'),
        row('connect(), 2 options : net.connect()', 'options'),
        row('net.connect() and closeCause() : alone', 'tracked'),
      ],
      notes: [`CPU of the client process, all threads, for the whole life of a connection; ${atATime} at a time.`],
    };
  } finally {
    await Promise.all([server.stop(), ...clients.map(([, client]) => client.stop())]);
  }
}

export const connections: Benchmark = {
  name: 'connections',
  title: 'connect() against net.connect(); closeCause() on and off',
  run,
};
