// What a connecting socket tells, for comparing connect() with net.connect().
import type net from 'node:net';

import { closed, track } from './pair.js';
import { needsLinux } from './skip.js';

/** A suite's before(). */
export function linuxOnly(this: Mocha.Context): void {
  needsLinux(this, "the options are Linux'");
}

export interface Told extends NodeJS.ErrnoException {
  option?: string;
}

export interface Connecting {
  readonly socket: net.Socket;
  /** Names of events in their order. */
  readonly events: string[];
  readonly errors: Told[];
}

const names = ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'timeout', 'end', 'close'];

export function watch(socket: net.Socket): Connecting {
  track(socket);
  const events: string[] = [];
  const errors: Told[] = [];
  for (const name of names) socket.on(name, () => events.push(name));
  socket.on('error', (error: Told) => {
    events.push('error');
    errors.push(error);
  });
  return { socket, events, errors };
}

/** Until it is connected or closed. */
export async function settled({ socket }: Connecting): Promise<void> {
  await new Promise<void>((resolve) => socket.once('ready', resolve).once('close', () => resolve()));
}

/** After its 'close': the one error that it told, or none. */
export async function failureOf(connecting: Connecting): Promise<Told | undefined> {
  await closed(connecting.socket);
  await new Promise(setImmediate); // for what comes after it
  return connecting.errors[0];
}

/** A lookup that answers with these addresses, at once or later. */
export function lookupOf(addresses: readonly string[], atOnce = false): net.LookupFunction {
  const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_hostname, options, callback) => {
    const answer = (): void => {
      if (options.all === true) callback(null, all);
      else callback(null, all[0]!.address, all[0]!.family);
    };
    if (atOnce) answer();
    else setImmediate(answer);
  };
}
