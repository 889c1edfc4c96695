// The proof in CI: every combination that this machine has, a few times. `npm run proof` tries each 20 times.
import assert from 'node:assert/strict';

import { killChildren } from '../../bench/child.js';
import { describeCombination, type CombinationResult } from '../../proof/combination.js';
import { linkNames } from '../../proof/link.js';
import { everything, noProofReason, prove } from '../../proof/proof.js';
import { renderProof } from '../../proof/table.js';
import { skip } from '../support/skip.js';

const tries = Number(process.env.SOCKET_LINGER_TRIES ?? 2);

describe(`clients and servers that we did not write, ${tries} tries each`, function () {
  this.timeout(tries * 600_000);

  const reason = noProofReason();
  if (reason !== undefined) {
    it(`(skipped: ${reason})`);
    return;
  }

  let results: readonly CombinationResult[] = [];
  let skipped: readonly string[] = [];

  before('tries every combination', async () => {
    process.on('exit', killChildren);
    const report = await prove({ ...everything, tries });
    ({ results, skipped } = report);
    console.log(renderProof(report).replace(/^/gm, '  '));
  });

  after(() => {
    process.off('exit', killChildren);
    killChildren();
  });

  const ours = (): CombinationResult[] => results.filter(({ server, lingers }) => lingers && server !== 'nginx');

  for (const name of [...everything.clients, 'nginx'] as const) {
    it(`${name} is tried where it is installed`, function () {
      const text = skipped.find((one) => one.startsWith(`${name}:`));
      if (text !== undefined) skip(this, text);
      assert.ok(results.some(({ client, server }) => client === name || server === name));
    });
  }

  for (const link of linkNames) {
    // Not nginx: what that loses is for its authors to explain.
    for (const server of everything.servers.filter((name) => name !== 'nginx')) {
      it(`${link} link, ${server} with us: every answer is complete`, () => {
        const mine = ours().filter((result) => result.link === link && result.server === server);
        assert.ok(mine.length > 0);
        const lost = mine.filter(({ losses }) => losses.length > 0);
        assert.deepEqual(lost.map((result) => [describeCombination(result), ...result.losses]), []);
      });
    }
  }

  it('with us the kernel has aborted no connection', () => {
    // Behind a client's own reset a segment of it may still be on its way, on a link that reorders: that is answered by RST.
    const aborted = ours().filter(
      ({ counters, resets }) => counters.abortOnClose + counters.abortOnData > 0 || (counters.outRsts > 0 && resets === 0),
    );
    assert.deepEqual(aborted.map((result) => [describeCombination(result), result.counters]), []);
  });

  for (const link of linkNames) {
    it(`premise: without us answers are lost, ${link} link`, () => {
      const bare = results.filter((result) => result.link === link && !result.lingers);
      assert.ok(bare.some(({ complete, tries: made }) => complete < made));
      assert.ok(bare.some(({ counters }) => counters.abortOnClose > 0));
    });
  }
});
