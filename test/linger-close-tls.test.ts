// lingerClose() and TLS: handshakes that do not finish, peers that break the protocol, close_notify and FIN.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';

import { lingerClose, pendingBytes, resetClose } from 'socket-linger';

import { delivered as deliveredAll, isAcked } from './support/acknowledgements.js';
import { describeEngines } from './support/engines.js';
import { certificate, closed, connectPair, listen, payload, readAll, tlsFamilies, tlsVersion, track, until } from './support/pair.js';

/** A TLS client whose server does not speak TLS: a plain socket. */
async function connectToSilence(): Promise<{ near: tls.TLSSocket; far: net.Socket }> {
  const server = net.createServer({ allowHalfOpen: true });
  const target = await listen(server);
  const near = track(tls.connect({ ...target, rejectUnauthorized: false }));
  const [far] = (await once(server, 'connection')) as [net.Socket];
  await until('the hello has come', () => (pendingBytes(far).unread ?? 0) + far.readableLength > 0);
  return { near, far };
}

describeEngines('lingerClose on TLS', () => {
  it('handshake unfinished, nothing written: FIN without close_notify', async () => {
    const { near, far } = await connectToSilence();
    const lingering = lingerClose(near);
    const { saw } = await readAll(far);
    assert.equal(saw, 'end');
    far.end('not TLS at all');
    const result = await lingering;
    assert.equal(result.outcome, 'peer-fin');
    assert.equal(result.delivered, deliveredAll);
    assert.equal(result.error, undefined);
  });

  it('handshake unfinished, something written: it waits within its limits and says that it was lost', async () => {
    const { near, far } = await connectToSilence();
    near.write('never encrypted');
    const [result] = await Promise.all([lingerClose(near, { idleTimeout: 200 }), readAll(far)]);
    assert.equal(result.outcome, 'idle-timeout');
    assert.equal(result.delivered, false);
    assert.ok((result.unackedBytes ?? 0) >= 'never encrypted'.length);
  });

  it('handshake unfinished, and the peer answers with something else', async () => {
    const { near, far } = await connectToSilence();
    near.write('never encrypted');
    const lingering = lingerClose(near, { idleTimeout: 500 });
    far.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    assert.equal((await readAll(far)).saw, 'end');
    far.end();
    const result = await lingering;
    assert.equal(result.outcome, 'peer-fin');
    assert.equal(result.delivered, false);
  });

  for (const family of tlsFamilies) {
    it(`called before the handshake, ${family}: what was written arrives`, async () => {
      const server = tls.createServer({ ...certificate, ...tlsVersion(family), allowHalfOpen: true });
      const target = await listen(server);
      const near = track(tls.connect({ ...target, ...tlsVersion(family), rejectUnauthorized: false }));
      const data = payload(300_000);
      near.write(data);
      const lingering = lingerClose(near);
      const [far] = (await once(server, 'secureConnection')) as [tls.TLSSocket];
      assert.ok((await readAll(far)).data.equals(data));
      far.end();
      const result = await lingering;
      assert.equal(result.outcome, 'peer-fin');
      assert.equal(result.delivered, deliveredAll);
    });

    it(`a server's side, and a client's side over a socket of its own, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      const data = payload(300_000);
      near.write(data);
      const [result, received] = await Promise.all([lingerClose(near, { until: 'acked' }), readAll(far)]);
      assert.ok(received.data.equals(data));
      assert.equal(result.outcome, 'acked');

      const server = tls.createServer({ ...certificate, ...tlsVersion(family), allowHalfOpen: true });
      const target = await listen(server);
      const plain = track(net.connect(target));
      await once(plain, 'connect');
      const client = track(tls.connect({ socket: plain, ...tlsVersion(family), rejectUnauthorized: false }));
      const [peer] = (await once(server, 'secureConnection')) as [tls.TLSSocket];
      if (!client.authorized && client.getProtocol() === null) await once(client, 'secureConnect');
      client.write(data);
      const lingering = lingerClose(client);
      assert.ok((await readAll(peer)).data.equals(data));
      peer.end();
      assert.equal((await lingering).outcome, 'peer-fin');
      await closed(plain);
    });

    it(`a peer that sends garbage in the middle, ${family}: only what TLS can no longer encrypt is lost`, async () => {
      const { near, far } = await connectPair({ family, farSilent: true });
      const data = payload(8_000_000);
      near.write(data);
      const lingering = lingerClose(near, { idleTimeout: 1000 });
      // Under the TLS layer of the peer
      const raw = (far as unknown as { _handle: { _parent: { writeBuffer(request: object, data: Buffer): number } } })._handle._parent;
      raw.writeBuffer({}, Buffer.from('this is not a TLS record'));
      await until('it has arrived', () => isAcked(far));
      const received = await readAll(far);
      far.destroy();
      const result = await lingering;
      assert.ok(received.data.equals(data.subarray(0, received.data.length)));
      // What TLS could not encrypt any more is lost, and is called so.
      assert.equal(result.delivered, received.data.length === data.length);
    });

    it(`close_notify comes before the FIN, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      near.write('answer');
      const lingering = lingerClose(near);
      const { saw } = await readAll(far);
      assert.equal(saw, 'end');
      // Without it the peer's TLS layer would have reported a truncation.
      assert.equal(far.errored, null);
      await resetClose(far);
      assert.equal((await lingering).outcome, 'peer-reset');
    });
  }

  it('over a stream that is no socket: no descriptor, and still everything is sent', async () => {
    const server = tls.createServer({ ...certificate, allowHalfOpen: true });
    const target = await listen(server);
    const carrier = track(net.connect(target));
    const stream = new Duplex({
      read: () => carrier.resume(),
      write: (chunk, _encoding, done) => void carrier.write(chunk as Buffer, done),
      final: (done) => void carrier.end(done),
    });
    carrier.on('data', (chunk) => stream.push(chunk)).on('end', () => stream.push(null));
    const near = track(tls.connect({ socket: stream, rejectUnauthorized: false }));
    const [far] = (await once(server, 'secureConnection')) as [tls.TLSSocket];
    if (near.getProtocol() === null) await once(near, 'secureConnect');
    assert.throws(() => pendingBytes(near), { code: 'ERR_NO_DESCRIPTOR' });
    await assert.rejects(resetClose(near), { code: 'ERR_NO_DESCRIPTOR' });
    const data = payload(3_000_000);
    near.write(data);
    const lingering = lingerClose(near, { idleTimeout: 2000 });
    assert.ok((await readAll(far)).data.equals(data));
    far.end();
    const result = await lingering;
    assert.equal(result.outcome, 'peer-fin');
    assert.equal(result.delivered, null);
    stream.destroy();
  });

  it("a peer whose certificate is refused is no uncaught error", async () => {
    const target = await listen(tls.createServer(certificate).on('tlsClientError', () => undefined));
    const near = track(tls.connect(target));
    near.write('never sent');
    const result = await lingerClose(near);
    assert.equal(result.outcome, 'already-closed');
    assert.equal(result.delivered, false);
    assert.equal((result.error as NodeJS.ErrnoException).code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  });
});
