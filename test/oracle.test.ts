// What the kernel says: its counters of aborted connections, in a network namespace of their own. The bare
// closes show the premise (FACTS of Linux), ours must move none of them.
import assert from 'node:assert/strict';

import { runScenario, type AbortCounters } from './support/namespace.js';
import type { Delivery } from './support/scenarios.js';
import { needsNamespace } from './support/skip.js';

const quiet: AbortCounters = { abortOnClose: 0, abortOnData: 0, outRsts: 0 };

describe("the kernel's counters", () => {
  const premises: [string, keyof AbortCounters, boolean][] = [
    ['unread: close', 'abortOnClose', false],
    ['unread: SHUT_WR, close', 'abortOnClose', false],
    ['unread and FIN: close', 'abortOnClose', false],
    ['drained: SHUT_WR, close, late input', 'abortOnData', false],
    ['linger 0: close', 'abortOnData', false],
  ];
  for (const [scenario, counter] of premises) {
    it(`premise: ${scenario}: ${counter} moves, and the peer loses bytes`, async function () {
      needsNamespace(this);
      const { result, counters } = await runScenario<Delivery>(scenario);
      assert.equal(counters[counter], 1);
      assert.ok(counters.outRsts >= 1);
      assert.equal(result.complete, false);
      assert.equal(result.prefix, true);
    });
  }

  it('premise: drained: SHUT_WR, close: nothing moves, the peer has everything', async function () {
    needsNamespace(this);
    const { result, counters } = await runScenario<Delivery>('drained: SHUT_WR, close');
    assert.deepEqual(counters, quiet);
    assert.equal(result.complete, true);
  });

  const ours = [
    'unread: lingerClose',
    'unread and FIN: lingerClose',
    'drained: lingerClose',
    'drained: lingerClose, late input',
    'unread: lingerClose until acked',
  ];
  for (const scenario of ours) {
    it(`${scenario}: nothing moves, the peer has everything`, async function () {
      needsNamespace(this);
      const { result, counters } = await runScenario<Delivery>(scenario);
      assert.deepEqual(counters, quiet);
      assert.equal(result.complete, true);
      assert.equal(result.saw, 'end');
      assert.equal(result.lingered?.delivered, true);
    });
  }

  it('unread: setLinger(30), destroy: nothing moves, the peer has everything', async function () {
    needsNamespace(this);
    const { result, counters } = await runScenario<Delivery>('unread: setLinger(30), destroy');
    assert.deepEqual(counters, quiet);
    assert.equal(result.complete, true);
  });

  it('packet loss: lingerClose: nothing moves, the peer has everything', async function () {
    needsNamespace(this, 'nft');
    const { result, counters } = await runScenario<Delivery>('packet loss: lingerClose');
    assert.deepEqual(counters, quiet);
    assert.equal(result.complete, true);
    assert.equal(result.lingered?.delivered, true);
  });

  it('packets dropped: lingerClose: a vanished peer ends in the idle timeout, and nothing is called delivered', async function () {
    needsNamespace(this, 'nft');
    const { result } = await runScenario<Delivery>('packets dropped: lingerClose');
    assert.equal(result.lingered?.outcome, 'idle-timeout');
    assert.equal(result.lingered.delivered, false);
    assert.equal(result.lingered.unackedBytes, 50_000);
  });

  for (const family of ['ipv4', 'tls1.2', 'tls1.3']) {
    for (const scenario of [`resetClose, ${family}`, `end, resetClose, ${family}`]) {
      it(`${scenario}: sends RST`, async function () {
        needsNamespace(this);
        const { counters } = await runScenario(scenario);
        assert.ok(counters.outRsts >= 1);
      });
    }
  }
});
