// What the options of connect() do to the very first packet, as the kernel's counters and filters see it, in a network
// namespace of the test's own.
import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';

import { runInNamespace } from './support/namespace.js';
import { needsNamespace, skip } from './support/skip.js';

function run<Result>(scenario: string): Promise<Result> {
  return runInNamespace('connect-scenarios.js', scenario);
}

describe('connect, its packets', () => {
  before(function () {
    needsNamespace(this, 'nft', 'ip');
  });

  it('the SYN has the mark', async () => {
    assert.deepEqual(await run('mark'), { plain: [0, 1], withMark: [1, 2] });
  });

  it('so has the SYN to each address, where the first one is silent', async () => {
    const { events, ...rest } = await run<{ events: string[] }>('silentAddress');
    assert.deepEqual(rest, { toSilent: 1, toTarget: 1, address: '127.0.0.1' });
    assert.deepEqual(events.filter((name) => name !== 'lookup'), [
      'connectionAttempt',
      'connectionAttemptTimeout',
      'connectionAttempt',
      'connect',
      'ready',
    ]);
  });

  it('the SYN goes out by the device, where no route would', async () => {
    assert.deepEqual(await run('device'), { plain: 'ENETUNREACH', out: true });
  });

  /** Skips, and says why, where Fast Open can't be allowed. */
  function fastOpenOnly(this: Mocha.Context): void {
    try {
      accessSync('/proc/sys/net/ipv4/tcp_fastopen', constants.W_OK);
    } catch (error) {
      skip(this, (error as Error).message);
    }
  }

  it('TCP Fast Open: the first write is in the SYN', async function () {
    fastOpenOnly.call(this);
    assert.deepEqual(await run('fastOpen'), { state: 'SYN_SENT', inSyn: 10, data: '0123456789', active: 1 });
  });

  for (const [how, scenario, closing] of [
    ['end()', 'lateEnd', 'answer'],
    ['lingerClose()', 'lateLingerClose', { outcome: 'peer-fin', delivered: true }],
    ['setLinger(), destroy()', 'lateSetLinger', null],
    ['shutdown(), which is refused', 'lateShutdown', 'ERR_SOCKET_NOT_CONNECTED'],
  ] as const) {
    it(`TCP Fast Open: a half-close before the SYN is answered loses nothing: ${how}`, async function () {
      fastOpenOnly.call(this);
      assert.deepEqual(await run(scenario), { state: 'SYN_SENT', received: '0123456789', saw: 'end', closing });
    });
  }
});
