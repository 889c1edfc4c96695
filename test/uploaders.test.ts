// Peers that upload without end to sockets that linger: what the kernel may hold for them, and that nobody waits for
// them. Both ends are in a network namespace of their own, for the sake of their ports.
import assert from 'node:assert/strict';

import { native } from '#lib/native.js';

import { descriptorLimit } from './support/descriptors.js';
import { runInNamespace } from './support/namespace.js';
import { needsNamespace, skip } from './support/skip.js';
import type { UploadReport } from './support/uploading-host.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/** The stated amount: docs/PERFORMANCE.md */
const limit = (sockets: number): number => sockets * 128 * KiB + 256 * MiB;

/** The kernel takes one more packet (of loopback's 64 KiB) for a buffer that is nearly full. */
const packet = 68 * KiB;

function needs(context: Mocha.Context, sockets: number): void {
  needsNamespace(context, 'ss');
  if (!native.hasLingerEngine) skip(context, `there is no background engine on ${process.platform}`);
  const allowed = descriptorLimit()!; // where there are namespaces there is /proc
  if (allowed < sockets + 100) skip(context, `${sockets} sockets are more than the limit of descriptors, ${allowed}`);
}

function run(sockets: number, bytes: number, ...flags: string[]): Promise<UploadReport> {
  return runInNamespace<UploadReport>('uploading-host.js', String(sockets), String(bytes), ...flags);
}

/** Nobody waits for them. */
function expectVerdicts({ order, closed }: UploadReport): void {
  assert.deepEqual(order, Array.from({ length: 10 }, (_none, index) => 200 + index * 100));
  assert.deepEqual(closed, Array.from({ length: 10 }, () => 'peer-fin'));
}

describe('peers that upload without end', function () {
  this.timeout(120_000);

  it('10 000 of them: the receive buffers have their budget, this process holds nothing, and others get their verdicts', async function () {
    needs(this, 10_000);
    const report = await run(10_000, 256 * KiB);
    const { uploading, growth, lingering } = report;
    assert.equal(lingering, 10_000);
    assert.equal(uploading.sockets, 10_000);
    assert.ok(uploading.size <= limit(10_000), `${uploading.size} bytes of receive buffers`);
    expectVerdicts(report);
    assert.ok(growth < 64 * MiB, `${growth} bytes for 2.6 GB that were thrown away`);
  });

  it('300 of them, and this process stands still: the kernel holds no more than that', async function () {
    needs(this, 300);
    const report = await run(300, 16 * MiB, '--stop');
    const { open, uploading, stopped, lingering } = report;
    assert.equal(lingering, 300);
    assert.ok(uploading.size > open.size + 128 * MiB, 'the budget is there to be used');
    assert.ok(uploading.size <= limit(300), `${uploading.size} bytes of receive buffers`);
    expectVerdicts(report);
    assert.ok(stopped!.held > 64 * MiB, 'the buffers were filled');
    assert.ok(stopped!.held <= limit(300) + 300 * packet, `${stopped!.held} bytes held`);
  });
});
