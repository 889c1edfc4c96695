// Around every test: what it made is closed, and no descriptor, timer or rejection stays behind.
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';

import { closeTracked, until } from './pair.js';

/** The numbers of the sockets that this process has open; undefined where the system has no /proc. */
export function openSockets(): number | undefined {
  let names: string[];
  try {
    names = readdirSync('/proc/self/fd');
  } catch {
    return undefined;
  }
  return names.filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:');
    } catch {
      return false; // the descriptor of the listing itself
    }
  }).length;
}

function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

let socketsBefore: number | undefined;
let timersBefore = 0;
const rejections: unknown[] = [];

process.on('unhandledRejection', (reason) => rejections.push(reason));

export const mochaHooks = {
  beforeEach(): void {
    socketsBefore = openSockets();
    timersBefore = activeTimers();
    rejections.length = 0;
  },
  async afterEach(): Promise<void> {
    await closeTracked();
    const before = socketsBefore;
    if (before !== undefined) {
      await until('every socket is closed again', () => (openSockets() ?? 0) <= before);
    }
    await until('no timer is left', () => activeTimers() <= timersBefore + 1); // mocha's own for this hook
    assert.deepEqual(rejections, [], 'unhandled rejections');
  },
};
