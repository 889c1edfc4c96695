// The server programs of examples/: who uploads too much gets the answer, and a stop loses nothing.
import assert from 'node:assert/strict';
import net from 'node:net';

import { startServer, stopPrograms } from './support/examples-programs.js';
import { readAnswer, send } from './support/http.js';
import { payload, silence, track } from './support/pair.js';

describe('examples, servers', () => {
  afterEach('kills what is still running', stopPrograms);

  for (const file of ['http-server.mjs', 'express-server.mjs', 'fastify-server.mjs']) {
    it(file, async () => {
      const { server, port } = await startServer(file);

      const put = (bytes: number, headers = ''): string =>
        `PUT /x HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-test\r\nContent-Length: ${bytes}\r\n${headers}\r\n`;
      const small = track(net.connect(port, '127.0.0.1'));
      await send(small, `${put(1000, 'Connection: close\r\n')}${'x'.repeat(1000)}`);
      assert.match((await readAnswer(small)).body.toString(), /1000 bytes/);

      const large = track(net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
      large.on('error', () => undefined);
      await send(large, put(100_000_000));
      silence(large);
      // It goes on sending when the answer is long there, and reads only then.
      for (let i = 0; i < 20; i += 1) await send(large, payload(100_000));
      const { status, saw } = await readAnswer(large);
      large.end();
      assert.deepEqual([status, saw], [413, 'end']);

      assert.equal(await server.stop(), 0);
      assert.match(server.lines.join('\n'), /refused uploads: 1, [1-9]\d* bytes/);
    });
  }
});
