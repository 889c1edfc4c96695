// Which linger engines there are, and the choice of one.
import { once } from 'node:events';
import net from 'node:net';

import { selectEngine } from '#lib/engine.js';
import { lingerClose } from 'socket-linger';

import { sleep } from './measure.js';

export type Engine = 'portable' | 'background';

export function useEngine(engine: Engine): void {
  selectEngine(engine === 'portable' ? 'portable' : 'auto');
}

export const noBackgroundEngine = 'There is no background engine here: its rows are left out.';

/** The background engine takes the handle away from a socket that lingers; the portable one needs it. */
async function hasBackgroundEngine(): Promise<boolean> {
  useEngine('background');
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  const far = net.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [near] = await accepted;
  const closing = lingerClose(near);
  await sleep(50);
  const handedOver = (near as unknown as { _handle: unknown })._handle == null && !near.closed;
  far.on('error', () => undefined).destroy();
  await closing;
  server.close();
  return handedOver;
}

let found: Promise<readonly Engine[]> | undefined;

export function engines(): Promise<readonly Engine[]> {
  found ??= hasBackgroundEngine().then((background) => (background ? ['background', 'portable'] : ['portable']));
  return found;
}
