// Every function of the package once, as an application of any runtime would call it. Prints what came of each as JSON:
// its value, or `CODE` of what it threw. It waits for nothing longer than three seconds.
import http from 'node:http';
import net from 'node:net';
import process from 'node:process';

import * as api from 'socket-linger';

const ignore = () => {};
const late = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds, 'still waiting'));
const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));

async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: server.address().port };
}

async function pair() {
  const server = net.createServer({ allowHalfOpen: true });
  const accepted = once(server, 'connection');
  const far = net.connect({ ...(await listen(server)), allowHalfOpen: true });
  const near = await accepted;
  if (far.connecting) await once(far, 'connect');
  server.close();
  for (const socket of [near, far]) socket.on('error', ignore);
  return { near, far };
}

/** Counts what comes, and closes its side when the other has. */
function reader(socket) {
  const counted = { bytes: 0, ended: once(socket, 'end') };
  socket.on('data', (data) => (counted.bytes += data.length)).on('end', () => socket.end());
  return counted;
}

const withPair = (call) => async () => {
  const { near, far } = await pair();
  const value = await call(near, far);
  near.destroy();
  far.destroy();
  return value;
};

/** The answer to a client that uploads until it has it. */
async function upload(server, head) {
  const client = net.connect(await listen(server)).on('error', ignore);
  const read = reader(client);
  client.write(head);
  client.write(new Uint8Array(1_000_000));
  await read.ended;
  client.destroy();
  server.close();
  return read.bytes >= 300_000;
}

const calls = {
  setLinger: withPair((socket) => (api.setLinger(socket, 3), api.getLinger(socket))),
  setNoDelay: withPair((socket) => (api.setNoDelay(socket, true), api.getNoDelay(socket))),
  setOption: withPair((socket) => (api.setOption(socket, 'keepalive', true), api.getOption(socket, 'keepalive'))),
  setRawOption: withPair((socket) => {
    const { SOL_SOCKET, SO_KEEPALIVE } = { SOL_SOCKET: 1, SO_KEEPALIVE: 9 }; // Linux'
    api.setRawOption(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    return api.getRawOption(socket, SOL_SOCKET, SO_KEEPALIVE, 4)[0];
  }),
  tcpInfo: withPair((socket) => api.tcpInfo(socket).state),
  pendingBytes: withPair((socket) => api.pendingBytes(socket).unsent),
  shutdown: withPair((socket) => (api.shutdown(socket, 'write'), 'done')),
  shutdownRead: withPair((socket) => (api.shutdownRead(socket), 'done')),
  shutdownWrite: withPair(async (near, far) => {
    const { ended } = reader(far);
    near.write('x');
    await api.shutdownWrite(near);
    await ended;
    return 'done';
  }),
  lingerClose: withPair(async (near, far) => {
    const read = reader(far);
    near.pause();
    far.write(new Uint8Array(1_000_000));
    near.write(new Uint8Array(300_000));
    const { outcome, delivered } = await api.lingerClose(near);
    return [outcome, read.bytes, delivered === false ? 'not delivered' : 'as far as it can tell'];
  }),
  'setLinger, destroy': withPair(async (near, far) => {
    const read = reader(far);
    near.write(new Uint8Array(2_000_000));
    api.setLinger(near, 5);
    near.destroy();
    await read.ended;
    return read.bytes;
  }),
  resetClose: withPair(async (near, far) => {
    const error = once(far.resume(), 'error');
    await api.resetClose(near);
    return (await error).code;
  }),
  connect: async () => {
    const server = net.createServer((socket) => socket.on('error', ignore));
    const socket = api.connect(await listen(server)).on('error', ignore);
    await once(socket, 'connect');
    socket.destroy();
    server.close();
    return 'connected';
  },
  'connect, socketOptions': async () => {
    const server = net.createServer((socket) => socket.on('error', ignore));
    const target = await listen(server);
    try {
      const socket = api.connect({ ...target, socketOptions: { keepalive: true } }).on('error', ignore);
      await once(socket, 'connect');
      const value = api.getOption(socket, 'keepalive');
      socket.destroy();
      return value;
    } finally {
      server.close();
    }
  },
  'enableLingeringClose, net': async () => {
    const server = net.createServer((socket) => {
      socket.on('error', ignore).write(new Uint8Array(300_000));
      socket.destroySoon();
    });
    api.enableLingeringClose(server);
    return upload(server, 'hello');
  },
  'enableLingeringClose, http': async () => {
    const server = http.createServer((request, response) => response.writeHead(413, { Connection: 'close' }).end('x'.repeat(300_000)));
    api.enableLingeringClose(server);
    return upload(server, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n');
  },
  'closeServer, net': async () => {
    const server = net.createServer();
    await listen(server);
    return (await api.closeServer(server)).reset;
  },
  closeCause: withPair(async (near, far) => {
    api.closeCause(near);
    near.resume().on('end', () => near.end());
    far.end();
    await once(near, 'close');
    return api.closeCause(near).cause;
  }),
  explainError: () => api.explainError(Object.assign(new Error('x'), { code: 'ECONNRESET' })).code,
  doctor: async () => (await api.doctor()).groups.length > 0,
};

const results = {};
for (const [name, call] of Object.entries(calls)) {
  try {
    results[name] = await Promise.race([call(), late(3000)]);
  } catch (error) {
    results[name] = error.code ?? `no code: ${error.stack}`;
  }
}
process.stdout.write(`${JSON.stringify(results)}\n`, () => process.exit());
