import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';

import { resetClose } from 'socket-linger';

import { describeEngines } from './support/engines.js';
import { closed, connectPair, listen, payload, readAll, tcpFamilies, tick, tlsFamilies, track, until } from './support/pair.js';

/** What a paused peer gets; the reset drops what it had not read. */
async function seenByPeer(far: net.Socket): Promise<string> {
  return (await readAll(far)).saw;
}

describeEngines('resetClose', () => {
  for (const family of [...tcpFamilies, ...tlsFamilies]) {
    it(`sends RST, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      const seen = seenByPeer(far);
      await resetClose(near);
      assert.equal(near.closed, true);
      assert.equal(await seen, 'ECONNRESET');
    });

    it(`sends RST after end(), where resetAndDestroy() hangs or throws, ${family}`, async () => {
      const { near, far } = await connectPair({ family, farSilent: true });
      near.end(payload(8_000_000)); // its shutdown() is pending
      await until('the kernels are full', () => near.writableLength > 0);
      const closing = resetClose(near);
      await closing;
      assert.match(await seenByPeer(far), /ECONNRESET|end|close/); // see the kernel's counters in oracle.test.ts
      const other = await connectPair({ family });
      other.near.end();
      await once(other.near, 'finish');
      assert.equal(await seenByPeer(other.far), 'end');
      await resetClose(other.near);
      const failed = once(other.far, 'error');
      other.far.write('hello?');
      assert.match(((await failed)[0] as NodeJS.ErrnoException).code ?? '', /^(ECONNRESET|EPIPE)$/);
    });
  }

  it('is no error on a closed socket, and waits for one that is closing', async () => {
    const { near } = await connectPair();
    near.destroy();
    await Promise.all([resetClose(near), closed(near)]);
    await resetClose(near);
    await resetClose(new net.Socket());
  });

  it('gives up a connect', async () => {
    const server = net.createServer((accepted) => accepted.on('error', () => undefined));
    const target = await listen(server);
    for (const ticks of [0, 1]) {
      const socket = track(net.connect(target));
      for (let count = 0; count < ticks; count += 1) await tick();
      await resetClose(socket);
      assert.equal(socket.closed, true);
    }
  });

  it('is refused on unix-domain sockets, which have no reset, and leaves them alone', async () => {
    const { near, far } = await connectPair({ family: 'unix' });
    await assert.rejects(resetClose(near), { code: 'ERR_OPTION_NOT_SUPPORTED' });
    near.end('alive');
    assert.equal((await readAll(far)).data.toString(), 'alive');
  });

  it('rejects what is not a socket', async () => {
    for (const socket of [null, undefined, {}, 5]) {
      await assert.rejects(resetClose(socket as net.Socket), { code: 'ERR_INVALID_ARG_TYPE' });
    }
  });
});
