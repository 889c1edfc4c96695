// Around every test: what it made is closed, and no descriptor, timer or rejection stays behind.
import assert from 'node:assert/strict';

import { openSockets } from './descriptors.js';
import { closeTracked, until } from './pair.js';
import { skip } from './skip.js';
import { windowsSkipReason } from './windows.js';

function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

let socketsBefore: number | undefined;
let timersBefore = 0;
const rejections: unknown[] = [];

process.on('unhandledRejection', (reason) => rejections.push(reason));

export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    const reason = windowsSkipReason(this.currentTest!.fullTitle());
    if (reason !== undefined) skip(this, reason);
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
