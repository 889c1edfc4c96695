// What this system's kernel tells of acknowledgements on TCP: Windows before 10 version 1703, and Wine, tell nothing.
// What depends on it is null there, and is tested as null.
import { pendingBytes } from 'socket-linger';

import { closeTracked, connectPair, type Pair } from './pair.js';

async function ask(): Promise<boolean> {
  const { near }: Pair = await connectPair();
  const { unacked } = pendingBytes(near);
  await closeTracked();
  return unacked !== null;
}

export const tellsAcked = process.platform !== 'win32' || (await ask());

/** `delivered` where everything was. */
export const delivered = tellsAcked ? true : null;

/** `unacked` and `unackedBytes` where nothing is. */
export const noneUnacked = tellsAcked ? 0 : null;

/** What was written has arrived at the peer's kernel; where nobody tells: it has left Node, and loopback is fast. */
export function isAcked(socket: Parameters<typeof pendingBytes>[0]): boolean {
  const { unacked, writeBuffered } = pendingBytes(socket);
  return (unacked ?? writeBuffered) === 0;
}
