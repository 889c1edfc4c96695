// enableLingeringClose() on net and tls servers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

import { enableLingeringClose, pendingBytes, type LingeringClose } from 'socket-linger';

import { describeEngines } from './support/engines.js';
import { certificate, closed, listen, payload, readAll, silence, tlsVersion, track, until, type Family } from './support/pair.js';

const answer = payload(300_000);

describeEngines('enableLingeringClose, net and tls', () => {
  for (const family of ['ipv4', 'ipv6', 'unix', 'tls1.2', 'tls1.3'] as const satisfies readonly Family[]) {
    const isTls = family === 'tls1.2' || family === 'tls1.3';
    const halfOpen = { allowHalfOpen: true };

    async function connect(mode: 'on' | 'always' = 'on'): Promise<{ near: net.Socket; far: net.Socket; control: LingeringClose }> {
      const server = isTls ? tls.createServer({ ...certificate, ...tlsVersion(family), ...halfOpen }) : net.createServer(halfOpen);
      const control = enableLingeringClose(server, { mode });
      const target = await listen(server, family);
      const accepted = once(server, isTls ? 'secureConnection' : 'connection') as Promise<[net.Socket]>;
      const options = { ...target, ...halfOpen };
      const far = track(isTls ? tls.connect({ ...options, ...tlsVersion(family), rejectUnauthorized: false }) : net.connect(options));
      const [[near]] = await Promise.all([accepted, once(far, isTls ? 'secureConnect' : 'connect')]);
      far.on('error', () => undefined);
      silence(far);
      return { near, far, control };
    }

    it(`destroySoon() while the peer is still sending, ${family}`, async () => {
      const { near, far, control } = await connect();
      silence(near);
      far.write(payload(100_000));
      await until('it has arrived', () => (pendingBytes(near).unread ?? 0) > 0);
      near.write(answer);
      near.destroySoon();
      far.resume();
      const received = readAll(far);
      await until('it lingers', () => control.total === 1);
      far.write(payload(100_000));
      const { data, saw } = await received;
      far.end();
      assert.deepEqual([data.equals(answer), saw], [true, 'end']);
      await until('nobody lingers', () => control.lingering === 0);
      assert.equal(control.outcomes['peer-fin'], 1);
      await closed(near);
    });

    it(`destroy() after end() delivers what was still queued, ${family}`, async () => {
      const { near, far, control } = await connect();
      const big = payload(8_000_000);
      near.end(big);
      near.destroy();
      const received = readAll(far);
      const { data, saw } = await received;
      far.end();
      assert.deepEqual([data.equals(big), saw], [true, 'end']);
      await until('nobody lingers', () => control.lingering === 0);
      assert.equal(control.outcomes['peer-fin'], 1);
    });

    it(`destroy() without end() is an abort, ${family}`, async () => {
      const { near, control } = await connect();
      near.write(payload(8_000_000));
      near.destroy();
      await closed(near);
      assert.equal(control.total, 0);
    });

    it(`a connection that both sides have ended does not linger, ${family}`, async () => {
      for (const mode of ['on', 'always'] as const) {
        const { near, far, control } = await connect(mode);
        far.end();
        near.resume().end('bye');
        assert.equal((await readAll(far)).data.toString(), 'bye');
        await closed(near);
        assert.equal(control.total, 0);
      }
    });

    // Node's throws on the others.
    if (family === 'ipv4' || family === 'ipv6') {
      it(`resetAndDestroy() stays a reset, ${family}`, async () => {
        const { near, far, control } = await connect();
        near.resetAndDestroy();
        assert.equal((await readAll(far)).saw, 'ECONNRESET');
        await closed(near);
        assert.equal(control.total, 0);
      });
    }
  }
});
