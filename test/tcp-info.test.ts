// tcpInfo(): what the kernel returns, decoded by the length that it returns.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';

import fc from 'fast-check';
import { getOption, getRawOption, pendingBytes, setOption, shutdownWrite, tcpInfo } from 'socket-linger';

import { native } from '#lib/native.js';
import { decodeTcpInfo, tcpInfoFields } from '#lib/tcp-info.js';
import { tcpInfoRows, type TcpInfoRow } from '#lib/tcp-info-fields.js';

import { connectPair, listen, payload, silence, tcpFamilies, tlsFamilies, until } from './support/pair.js';
import { needsLinux, skip } from './support/skip.js';

const isLinux = process.platform === 'linux';
const rows: Readonly<Record<string, TcpInfoRow | undefined>> = tcpInfoRows;

/** Bytes as Linux 7.1 would return them, all of them set to something else. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 37 + 11) & 0xff);
}

describe('tcpInfo', () => {
  for (const family of [...tcpFamilies, ...tlsFamilies]) {
    it(`tells of a connection, ${family}`, async () => {
      const { near, far } = await connectPair({ family });
      far.resume();
      await new Promise((resolve) => near.write(payload(100_000), resolve));
      await until('it is acknowledged', () => pendingBytes(near).unacked === 0);
      const info = tcpInfo(near);
      assert.equal(info.state, 'ESTABLISHED');
      assert.ok(info.rttUs! > 0 && info.rtoUs! >= info.rttUs!);
      if (!isLinux) return;
      assert.ok(info.bytesAcked! >= 100_000n && info.bytesSent! >= 100_000n);
      assert.equal(info.caState, 'open');
      assert.ok(info.options?.includes('wscale'));
      assert.equal(info.notsentBytes, 0);
      assert.equal(info.retransmits, 0);
    });
  }

  it('has every field that this kernel returns, and none of those that it does not', async function () {
    needsLinux(this, 'only Linux returns more or less of them');
    const { near } = await connectPair();
    const { length } = getRawOption(near, 6, 11, 4096);
    const names = tcpInfoFields().filter(({ needs }) => needs <= length).map(({ name }) => name);
    assert.deepEqual(Object.keys(tcpInfo(near)), names);
    const end = Math.max(...tcpInfoFields().map(({ needs }) => needs));
    if (length > end) console.log(`      this kernel returns ${length} bytes, ${length - end} more than are known`);
    // What lies between the fields that are known is no field that was forgotten.
    const known = new Set<number>();
    for (const { offset, size } of tcpInfoFields()) for (let byte = offset; byte < offset + size; byte += 1) known.add(byte);
    assert.equal(known.size, end);
  });

  it("agrees with what else is known: the application's options, the queues, the window scale", async () => {
    const { near, far } = await connectPair();
    silence(far);
    setOption(near, 'maxPacingRate', 12_345_678);
    if (isLinux) {
      assert.equal(tcpInfo(near).maxPacingRate, 12_345_678);
      assert.equal(tcpInfo(far).maxPacingRate, null);
    }
    const [one, other] = [tcpInfo(near), tcpInfo(far)];
    assert.equal(one.sndWscale, other.rcvWscale);
    assert.equal(one.rcvWscale, other.sndWscale);
    setOption(near, 'maxPacingRate', null);
    near.write(payload(8_000_000));
    await until('the window is closed', () => pendingBytes(near).unsent! > 0);
    if (!isLinux) return;
    assert.equal(tcpInfo(near).notsentBytes, pendingBytes(near).unsent);
    assert.equal(tcpInfo(near).pmtu, getOption(near, 'ipMtu'));
  });

  it('states by name, from the handshake to the reset', async () => {
    const { near, far } = await connectPair();
    await shutdownWrite(near);
    await until('the FIN is acknowledged', () => tcpInfo(near).state === 'FIN_WAIT2');
    await until('the FIN is there', () => tcpInfo(far).state === 'CLOSE_WAIT');
    far.on('error', () => undefined);
    silence(near);
    far.resetAndDestroy();
    await until('the reset is there', () => tcpInfo(near).state === 'CLOSED');
  });

  it('a listener: its state, and the backlog', async () => {
    const server = net.createServer();
    await listen(server);
    const info = tcpInfo(server);
    assert.equal(info.state, 'LISTEN');
    if (!isLinux) return;
    assert.equal(info.unacked, 0);
    assert.equal(info.sacked, 511);
    assert.equal(info.rttUs, 0);
  });

  it('refuses what is not TCP, and what is not open', async () => {
    const unsupported = { code: 'ERR_OPTION_NOT_SUPPORTED' };
    const { near } = await connectPair({ family: 'unix' });
    assert.throws(() => tcpInfo(near), unsupported);
    const udp = dgram.createSocket('udp4').bind(0, '127.0.0.1');
    await once(udp, 'listening');
    try {
      assert.throws(() => tcpInfo(udp), unsupported);
    } finally {
      udp.close();
    }
    for (const one of [undefined, null, 5, {}]) assert.throws(() => tcpInfo(one as never), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => tcpInfo(new net.Socket()), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    near.destroy();
    assert.throws(() => tcpInfo(near), { code: 'ERR_SOCKET_CLOSED' });
  });

  it('every field that this system has is a row of lib/tcp-info-fields.ts, of that kind and with those names', () => {
    for (const { name, kind, names } of tcpInfoFields()) {
      const row = rows[name];
      assert.equal(row?.kind, kind, name);
      if (kind === 'name' || kind === 'flags') assert.deepEqual(row.values, names, name);
    }
  });
});

describe('decodeTcpInfo', () => {
  const most = 1024;

  it('leaves out what is not whole, whatever the length, and does not look beyond it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: most, maxLength: most }), fc.integer({ min: 0, max: most }), (bytes, length) => {
        const info = decodeTcpInfo(bytes, length);
        const other = decodeTcpInfo(bytes.map((byte, index) => (index < length ? byte : byte ^ 0xff)), length);
        assert.deepEqual(info, other);
        assert.deepEqual(decodeTcpInfo(bytes.slice(0, length), length), info);
        const present = new Set(Object.keys(info));
        present.delete('state');
        for (const { name, needs, kind } of tcpInfoFields()) {
          if (needs > length) assert.ok(!present.has(name), name);
          // The name of a number that has none is left out as well.
          else if (kind !== 'name' && kind !== 'state') assert.ok(present.has(name), name);
        }
        for (const [name, value] of Object.entries(info)) {
          const kind = rows[name]!.kind;
          const type = { number: 'number', limit: 'number', bigint: 'bigint', boolean: 'boolean', state: 'string', name: 'string', flags: 'object' }[kind];
          if (value === null) assert.ok(kind === 'limit' || kind === 'state', name);
          else assert.equal(typeof value, type, name);
          if (typeof value === 'number') assert.ok(value >= 0 && Number.isFinite(value), name);
        }
      }),
    );
  });

  it("Linux' lengths: 104 (2.6 to 3.14), 192 (4.10), 232 (5.4), 248 (6.7), 280 (6.18)", function () {
    if (!isLinux || process.arch === 's390x') skip(this, "these are Linux' bytes on a little-endian machine");
    const bytes = pattern(280);
    const view = new DataView(bytes.buffer);
    const has = (length: number): readonly string[] => Object.keys(decodeTcpInfo(bytes, length));
    assert.ok(has(104).includes('totalRetrans') && !has(104).includes('pacingRate'));
    assert.ok(!has(104).includes('deliveryRateAppLimited') && has(192).includes('deliveryRateAppLimited'));
    assert.ok(!has(192).includes('fastopenClientFail') && !has(192).includes('bytesSent'));
    assert.ok(has(232).includes('sndWnd') && !has(232).includes('rcvWnd'));
    assert.ok(has(248).includes('totalRtoTimeMs') && !has(248).includes('receivedCe'));
    assert.ok(has(280).includes('receivedCeBytes') && has(280).includes('accecnFailMode'));
    assert.deepEqual(Object.keys(decodeTcpInfo(bytes, 0)), ['state']);
    const info = decodeTcpInfo(bytes, 280);
    assert.equal(info.rttUs, view.getUint32(68, true));
    assert.equal(info.totalRetrans, view.getUint32(100, true));
    assert.equal(info.bytesAcked, view.getBigUint64(120, true));
    assert.equal(info.rcvWnd, view.getUint32(232, true));
    assert.equal(info.totalRto, view.getUint16(240, true));
    assert.equal(info.receivedCeBytes, view.getUint32(272, true));
    assert.equal(info.sndWscale, bytes[6]! & 15);
    assert.equal(info.rcvWscale, bytes[6]! >> 4);
    assert.equal(info.deliveryRateAppLimited, (bytes[7]! & 1) === 1);
  });

  it("states that the system's numbers stand for", () => {
    const seen = new Set<unknown>();
    for (let number = 0; number < 256; number += 1) seen.add(decodeTcpInfo(Uint8Array.of(number), 1).state);
    assert.deepEqual(seen, new Set(native.tcpStates));
  });
});
