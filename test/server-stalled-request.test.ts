// enableLingeringClose() where somebody has begun to read the request, and has stopped.
import assert from 'node:assert/strict';
import http from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { enableLingeringClose } from 'socket-linger';

import { postHead, protocols, readAnswer, send, startHost } from './support/http.js';
import { payload, until } from './support/pair.js';

/** More than the two kernels take for a client that does not read. */
const answer = payload(12_000_000);
const uploadBytes = 24_000_000;

function refuse(response: http.ServerResponse): void {
  response.writeHead(413, { Connection: 'close', 'Content-Length': answer.length });
  response.end(answer);
}

describe('enableLingeringClose, a request that is not read to its end', () => {
  for (const protocol of protocols) {
    it(`${protocol}: a client that sends all before it reads gets the answer, although a web stream holds the request`, async () => {
      let request: http.IncomingMessage | undefined;
      const { server, connect } = await startHost(protocol, (incoming, response) => {
        request = incoming;
        Readable.toWeb(incoming); // which reads until its buffer is full
        refuse(response);
      });
      const control = enableLingeringClose(server);
      const client = await connect();
      await send(client, postHead('/', uploadBytes));
      await send(client, payload(uploadBytes));
      const { status, body, saw } = await readAnswer(client);
      client.end();
      assert.deepEqual([status, saw, body.equals(answer)], [413, 'end', true]);
      assert.equal(request?.readableEnded, false, 'nobody may take a part of the request for the whole');
      await until('nobody lingers', () => control.lingering === 0);
    });

    it(`${protocol}: a slow reader gets the whole request`, async () => {
      let received = 0;
      let pauseAt = 0;
      let ended = false;
      const { server, connect } = await startHost(protocol, (incoming, response) => {
        void (async () => {
          for await (const chunk of incoming) {
            received += (chunk as Buffer).length;
            if (received < pauseAt) continue;
            pauseAt += 4_000_000;
            await sleep(100);
          }
          ended = true;
        })().catch(() => undefined);
        refuse(response);
      });
      enableLingeringClose(server);
      const client = await connect();
      await send(client, postHead('/', uploadBytes));
      await send(client, payload(uploadBytes));
      await until('it is read', () => ended);
      const { body } = await readAnswer(client);
      client.end();
      assert.equal(received, uploadBytes);
      assert.ok(body.equals(answer));
    });
  }
});
