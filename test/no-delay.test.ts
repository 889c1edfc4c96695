import assert from 'node:assert/strict';
import net from 'node:net';

import { getNoDelay, setNoDelay } from 'socket-linger';

import { connectPair, tcpFamilies, tlsFamilies } from './support/pair.js';

describe('setNoDelay, getNoDelay', () => {
  for (const family of [...tcpFamilies, ...tlsFamilies]) {
    it(`round-trips on ${family}`, async () => {
      const { near } = await connectPair({ family });
      const initial = getNoDelay(near);
      setNoDelay(near, !initial);
      assert.equal(getNoDelay(near), !initial);
      setNoDelay(near, initial);
      assert.equal(getNoDelay(near), initial);
      setNoDelay(near, false);
      setNoDelay(near);
      assert.equal(getNoDelay(near), true);
    });
  }

  it("agrees with Node's own setNoDelay(), which skips calls that it thinks are not needed", async () => {
    const { near } = await connectPair();
    near.setNoDelay(false);
    setNoDelay(near, true);
    near.setNoDelay(false);
    assert.equal(getNoDelay(near), false);
    near.setNoDelay(true);
    setNoDelay(near, false);
    near.setNoDelay(true);
    assert.equal(getNoDelay(near), true);
  });

  it("passes on the system's error on a unix-domain socket", async () => {
    const { near } = await connectPair({ family: 'unix' });
    assert.throws(() => setNoDelay(near), { code: 'EOPNOTSUPP', syscall: 'setsockopt' });
    assert.throws(() => getNoDelay(near), { code: 'EOPNOTSUPP', syscall: 'getsockopt' });
  });

  it('refuses other values and other states', async () => {
    const { near } = await connectPair();
    setNoDelay(near, true);
    for (const value of [0, 1, 'true', null, {}]) {
      assert.throws(() => setNoDelay(near, value as boolean), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    }
    assert.equal(getNoDelay(near), true);
    assert.throws(() => setNoDelay(new net.Socket()), { code: 'ERR_SOCKET_NOT_CONNECTED' });
    assert.throws(() => getNoDelay({} as unknown as net.Socket), { code: 'ERR_INVALID_ARG_TYPE' });
    near.destroy();
    assert.throws(() => setNoDelay(near), { code: 'ERR_SOCKET_CLOSED' });
    assert.throws(() => getNoDelay(near), { code: 'ERR_SOCKET_CLOSED' });
  });
});
