import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { LabOutcome, LabResult } from '#lab/outcome.js';
import { renderTable } from '#lab/table.js';

import { run, type Ended } from './support/command.js';
import { needsLinux } from './support/skip.js';

const command = fileURLToPath(new URL('../../dist/lab/main.js', import.meta.url));

const runLab = (...args: string[]): Promise<Ended> => run(process.execPath, command, ...args);

describe('the close lab', () => {
  describe('a whole run', function () {
    this.timeout(90_000);
    let folder: string;
    let ended: Ended;
    let outcome: LabOutcome;
    let report: string;

    before(async () => {
      folder = await mkdtemp(path.join(os.tmpdir(), 'close-lab-'));
      const file = path.join(folder, 'report.html');
      ended = await runLab('--json', '--report', file);
      assert.equal(ended.status, 0, ended.stderr);
      outcome = JSON.parse(ended.stdout) as LabOutcome;
      report = await readFile(file, 'utf8');
    });
    after(() => rm(folder, { recursive: true }));

    const lossesOf = (strategy: string): LabResult[] =>
      outcome.results.filter((result) => result.strategy === strategy && result.receivedBytes < result.sentBytes);

    it('has a result for every strategy in every situation, and intact content', () => {
      const pairs = new Set(outcome.results.map(({ strategy, situation }) => `${strategy} ${situation}`));
      assert.equal(outcome.strategies.length * outcome.situations.length, 56);
      assert.equal(pairs.size, 56);
      assert.deepEqual(outcome.results.filter(({ intact }) => !intact), []);
    });

    it('finds losses where they are known to happen (premise)', () => {
      assert.notDeepEqual(lossesOf('destroy'), []);
      assert.notDeepEqual(lossesOf('linger-0'), []);
    });

    it('finds every byte delivered by lingerClose() wherever the peer reads', () => {
      const deliverable = outcome.situations.filter((situation) => situation.deliverable).map(({ id }) => id);
      assert.equal(deliverable.length, 5);
      assert.deepEqual(lossesOf('linger-close').filter(({ situation }) => deliverable.includes(situation)), []);
    });

    it('has lingerClose() say delivered only of what was delivered, and always where the peer reads', function () {
      needsLinux(this, 'only Linux is sure to tell what is acknowledged');
      for (const { strategy, situation, sentBytes, receivedBytes, verdict } of outcome.results) {
        if (strategy !== 'linger-close') continue;
        const { deliverable } = outcome.situations.find(({ id }) => id === situation)!;
        if (deliverable) assert.equal(verdict.delivered, true, situation);
        if (verdict.delivered === true) assert.equal(receivedBytes, sentBytes, situation);
      }
    });

    it('fits into 80 columns, and has no escape sequences without colour', () => {
      const table = renderTable(outcome, false);
      assert.deepEqual(table.split('\n').filter((line) => line.length > 80), []);
      assert.equal(table.includes('\x1b'), false);
      assert.equal(renderTable(outcome, true).includes('\x1b'), true);
      assert.match(table, /^destroy\(\) .*LOST/m);
    });

    it('writes a report with table and charts that needs nothing from elsewhere', () => {
      assert.match(report, /<table/);
      assert.match(report, /<svg/);
      assert.match(report, /lingerClose\(\)/);
      assert.doesNotMatch(report.replaceAll('http://www.w3.org/2000/svg', ''), /https?:|<script|<link|@import|src=|href=/);
    });
  });

  it('ends with status 2 for a wrong argument, and says which', async () => {
    const { status, stdout, stderr } = await runLab('--colour');
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /--colour/);
  });
});
