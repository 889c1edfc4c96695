// closeCause() and explainError() for what only a network does, in a namespace of its own.
import assert from 'node:assert/strict';

import { runInNamespace } from './support/namespace.js';
import type { CauseRun } from './support/cause-scenarios.js';
import { needsNamespace } from './support/skip.js';

interface Expected {
  cause: string;
  detail?: string;
  code: string;
  syscall?: string;
  unackedBytes?: number;
}

const expected: Record<string, Expected> = {
  keepalive: { cause: 'timed-out', detail: 'keepalive', code: 'ETIMEDOUT', syscall: 'read', unackedBytes: 0 },
  'user timeout': { cause: 'timed-out', detail: 'user-timeout', code: 'ETIMEDOUT', syscall: 'read', unackedBytes: 1000 },
  retransmission: { cause: 'timed-out', detail: 'retransmission', code: 'ETIMEDOUT', syscall: 'read', unackedBytes: 1000 },
  'our own firewall': { cause: 'timed-out', detail: 'retransmission', code: 'ETIMEDOUT', syscall: 'read', unackedBytes: 1000 },
  'zero window': { cause: 'timed-out', detail: 'zero-window', code: 'ETIMEDOUT' },
  'the peer vanishes after our FIN': { cause: 'timed-out', detail: 'retransmission', code: 'ETIMEDOUT', unackedBytes: 3 },
  'connect, no answer': { cause: 'timed-out', detail: 'connect', code: 'ETIMEDOUT', syscall: 'connect', unackedBytes: 0 },
  'connect, unreachable host': { cause: 'unreachable', code: 'EHOSTUNREACH', syscall: 'connect', unackedBytes: 0 },
  'connect, unreachable network': { cause: 'unreachable', code: 'ENETUNREACH', syscall: 'connect', unackedBytes: 0 },
  'rejected on the way': { cause: 'unreachable', code: 'EHOSTUNREACH', unackedBytes: 1000 },
  'lingering, auto': { cause: 'timed-out', code: 'ETIMEDOUT', unackedBytes: 1000 },
  'lingering, portable': { cause: 'timed-out', detail: 'user-timeout', code: 'ETIMEDOUT', unackedBytes: 1000 },
};

describe('closeCause, over a network that fails', () => {
  for (const [scenario, { cause, detail, code, syscall, unackedBytes }] of Object.entries(expected)) {
    it(scenario, async function () {
      needsNamespace(this, 'nft');
      const run = await runInNamespace<CauseRun>('cause-scenarios.js', scenario);
      assert.equal(run.end?.cause, cause);
      assert.equal(run.end.detail, detail);
      assert.equal(run.code, code);
      assert.equal(run.origin, 'system');
      if (syscall !== undefined) assert.equal(run.syscall, syscall);
      if (unackedBytes !== undefined) assert.equal(run.end.unackedBytes, unackedBytes);
    });
  }
});
