// The programs of examples/, run as a user runs them, and their modules against peers that misbehave.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { resetClose } from 'socket-linger';

import {
  createClient,
  createTolerantServer,
  readExactly,
  readMessage,
  writeMessage,
  type Client,
  type ClientOptions,
} from './support/examples-modules.js';
import { Program, run, runExample, startServer, stopPrograms } from './support/examples-programs.js';
import { closed, connectPair, listen as listenTracked, track } from './support/pair.js';

/** Bytes that are the same nowhere: a message that is shifted, cut or repeated does not pass for another. */
function distinctBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length - (length % 4));
  for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32BE((i * 2_654_435_761) % 2 ** 32, i);
  return bytes;
}

function connect(port: number): net.Socket {
  return track(net.connect(port, '127.0.0.1')).on('error', () => undefined);
}

async function listen(server: net.Server): Promise<number> {
  return ((await listenTracked(server)) as net.TcpNetConnectOpts).port;
}

function client(options: ClientOptions): Client {
  return createClient({ backOff: 1, ...options });
}

describe('examples', () => {
  afterEach('kills what is still running', stopPrograms);

  describe('early-reply-server.mjs', () => {
    const version = spawnSync('curl', ['--version'], { encoding: 'utf8' });
    if (version.error !== undefined) {
      it(`against curl (skipped: curl can't be run here: ${version.error.message})`);
      return;
    }

    const tries = 20;
    const replyBytes = 300_000;
    let directory: string;
    let upload: string;

    before(() => {
      directory = mkdtempSync(path.join(tmpdir(), 'socket-linger-'));
      upload = path.join(directory, 'upload');
      writeFileSync(upload, '');
      truncateSync(upload, 100_000_000);
    });

    after(() => rmSync(directory, { recursive: true, force: true }));

    interface Try {
      readonly complete: boolean;
      /** For the message of an assertion that fails. */
      readonly story: string;
    }

    const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

    /** What the server says to a request that uploads nothing: there is nothing unread, so any close delivers it. */
    async function wholeReply(port: number): Promise<string> {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      const reply = Buffer.from(await response.arrayBuffer());
      assert.equal(response.status, 413);
      assert.equal(reply.length, replyBytes);
      return sha256(reply);
    }

    async function uploadOnce(port: number, expected: string, args: readonly string[]): Promise<Try> {
      const output = path.join(directory, 'reply');
      rmSync(output, { force: true });
      const { status, stdout, stderr } = await run('curl', [
        ...['--disable', '--silent', '--show-error', '--max-time', '15', '--noproxy', '*'],
        // Without this curl asks first whether it may upload, and the server answers before the upload instead of in it.
        ...['--header', 'Expect:'],
        ...['--output', output, '--write-out', '%{http_code}', '--upload-file', upload],
        ...args,
        `http://127.0.0.1:${port}/`,
      ]);
      let reply: Buffer = Buffer.alloc(0);
      try {
        reply = readFileSync(output);
      } catch {
        // curl makes the file when the first byte of the body comes.
      }
      // The bytes decide, not curl's status: it may have got the whole answer and complain about its own upload.
      return {
        complete: stdout === '413' && sha256(reply) === expected,
        story: `curl exited with ${status}, HTTP ${stdout}, ${reply.length} bytes. ${stderr.trim()}`,
      };
    }

    async function uploadOften(close: string, args: readonly string[]): Promise<{ lost: string[]; printed: string[] }> {
      const { server, port } = await startServer('early-reply-server.mjs', '0', '--close', close);
      const expected = await wholeReply(port);
      const lost: string[] = [];
      for (let i = 0; i < tries; i++) {
        const { complete, story } = await uploadOnce(port, expected, args);
        if (!complete) lost.push(story);
      }
      // One more for wholeReply()
      const printed = await server.printed(/^closed: /, tries + 1);
      await server.kill();
      return { lost, printed: printed.slice(1) };
    }

    // Loopback is so fast that curl often has the whole answer in the moment between the server's write and its close.
    // At the speed of a gigabit network it has not. At half of that or less curl itself pauses before enough of the
    // upload has arrived to be left unread, and the premise is gone.
    const networkSpeed = ['--limit-rate', '100M'];

    for (const [title, args] of [
      ['as fast as curl can', []],
      ['at 100 MB/s', networkSpeed],
    ] as const) {
      it(`lingerClose: curl, uploading 100 MB ${title}, gets all of the 300 kB answer in ${tries} of ${tries} tries`, async function () {
        this.timeout(120_000);
        const { lost, printed } = await uploadOften('lingerClose', args);
        assert.deepEqual(lost, []);
        for (const line of printed) {
          assert.match(line, /outcome: 'peer-fin'/);
          assert.match(line, /delivered: true/);
        }
      });
    }

    // On a quiet machine nearly all of them; on a busy one curl more often has the answer in time.
    it('destroySoon, at 100 MB/s: answers are lost', async function () {
      this.timeout(120_000);
      const { lost } = await uploadOften('destroySoon', networkSpeed);
      assert.ok(lost.length > 0);
    });
  });

  describe('messages.mjs', () => {
    it('readExactly() puts together what arrives in pieces', async () => {
      const { near, far } = await connectPair();
      const bytes = distinctBytes(64);
      const reading = readExactly(near, bytes.length);
      for (const byte of bytes) {
        const arrived = once(near, 'readable');
        far.write(Buffer.of(byte));
        await arrived;
      }
      assert.deepEqual(await reading, bytes);
    });

    it('readExactly() leaves what belongs to the next call', async () => {
      const { near, far } = await connectPair();
      const bytes = distinctBytes(300);
      const arrived = once(near, 'readable');
      far.end(bytes);
      await arrived;
      assert.deepEqual(await readExactly(near, 100), bytes.subarray(0, 100));
      assert.deepEqual(await readExactly(near, 0), Buffer.alloc(0));
      assert.deepEqual(await readExactly(near, 199), bytes.subarray(100, 299));
      assert.deepEqual(await readExactly(near, 1), bytes.subarray(299));
    });

    it('readExactly() takes more than the buffers hold', async () => {
      const { near, far } = await connectPair();
      const bytes = distinctBytes(8 * 1024 * 1024);
      far.end(bytes);
      const read = await readExactly(near, bytes.length);
      assert.ok(read.equals(bytes));
    });

    it('readExactly() rejects when the end comes before', async () => {
      const { near, far } = await connectPair();
      far.end('123');
      await assert.rejects(readExactly(near, 4), { code: 'ERR_CONNECTION_LOST' });
      await assert.rejects(readExactly(near, 4), { code: 'ERR_CONNECTION_LOST' }, 'and again, after the end');
    });

    it('readMessage() refuses a length above its limit before it waits for them', async () => {
      const { near, far } = await connectPair();
      void writeMessage(far, Buffer.alloc(1_001));
      await assert.rejects(readMessage(near, 1_000), RangeError);
    });

    it('writeMessage() rejects when the connection ends before the kernel has all', async () => {
      const { near, far } = await connectPair({ farSilent: true });
      near.on('error', () => undefined);
      const rejected = assert.rejects(writeMessage(near, Buffer.alloc(16 * 1024 * 1024)), { code: 'ERR_CONNECTION_LOST' });
      await resetClose(far);
      await rejected;
      await assert.rejects(writeMessage(near, Buffer.alloc(1)), { code: 'ERR_CONNECTION_LOST' });
    });
  });

  describe('exact-client.mjs and tolerant-server.mjs', () => {
    const answer = distinctBytes(200_000);

    /** The first connections meet what is listed, all later ones the tolerant server. */
    async function misbehavingServer(...behaviours: ((socket: net.Socket) => unknown)[]): Promise<number> {
      const good = createTolerantServer(() => answer);
      const server = net.createServer({ allowHalfOpen: true }, (socket) => {
        const behave = behaviours.shift();
        if (behave === undefined) good.emit('connection', socket);
        else behave(socket);
      });
      return listen(server);
    }

    /** A client that notes what each of its connections was lost by: an errno name, or 'end'. */
    function notingClient(port: number, options: Partial<ClientOptions> = {}): { one: Client; losses: string[] } {
      const losses: string[] = [];
      const one = client({
        connect: () => connect(port),
        onLost: ({ code, cause }) => {
          assert.equal(code, 'ERR_CONNECTION_LOST');
          losses.push(cause === undefined ? 'end' : (cause.code ?? cause.message));
        },
        ...options,
      });
      return { one, losses };
    }

    /** Takes the server's log; `logged` resolves with the first lines of it. */
    function collectLines(count: number): { log: (line: string) => void; logged: Promise<string[]> } {
      const lines: string[] = [];
      const complete = new EventEmitter();
      const logged = once(complete, 'complete').then(() => lines.slice(0, count));
      const log = (line: string): void => {
        if (lines.push(line) === count) complete.emit('complete');
      };
      return { log, logged };
    }

    /** Half of an answer: the length of all of it, and a part. */
    function halfAnswer(): Buffer {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(answer.length);
      return Buffer.concat([length, answer.subarray(0, answer.length / 2)]);
    }

    it('answers by the programs as the README shows them', async () => {
      const { port } = await startServer('tolerant-server.mjs', '0');
      const { status, stdout, stderr } = await runExample('exact-client.mjs', String(port), 'hello, server');
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'HELLO, SERVER\n', stderr: '' });
    });

    it('many requests over one connection, sent at once, are answered in their order', async () => {
      const server = createTolerantServer((message) => Buffer.concat([message, message]));
      const port = await listen(server);
      let connections = 0;
      server.on('connection', () => connections++);
      const { one, losses } = notingClient(port);
      const requests = Array.from({ length: 20 }, (_, i) => Buffer.from(`request ${i} `));
      const answers = await Promise.all(requests.map((message) => one.request(message)));
      assert.deepEqual(
        answers.map(String),
        requests.map((message) => String(message).repeat(2)),
      );
      assert.equal(connections, 1);
      assert.deepEqual(losses, []);
    });

    describe('the client gets the right answer although', () => {
      it('the server process is killed in the middle of its answer and started again', async () => {
        const message = Buffer.from('abcdefgh'.repeat(2 * 1024 * 1024));
        const first = await startServer('tolerant-server.mjs', '0');
        const { port } = first;
        let killed: Promise<void> | undefined;
        const { one, losses } = notingClient(port, {
          tries: 30,
          backOff: 10,
          connect: () => {
            const socket = connect(port);
            // 16 MB are far more than the kernel holds for a client that has only begun to read.
            socket.once('readable', () => {
              killed ??= first.server.kill();
            });
            return socket;
          },
        });
        const reply = one.request(message);
        await first.server.ended;
        assert.notEqual(killed, undefined, 'it was this test that ended the server');
        await startServer('tolerant-server.mjs', String(port));
        assert.ok((await reply).equals(Buffer.from(String(message).toUpperCase())));
        assert.match(losses[0]!, /^(end|ECONNRESET)$/, `the answer had begun: ${losses[0]}`);
      });

      it('the server resets in the middle of its answer', async () => {
        const port = await misbehavingServer((socket) => {
          socket.once('data', () => {
            socket.write(halfAnswer(), () => void resetClose(socket));
          });
        });
        const { one, losses } = notingClient(port);
        assert.ok((await one.request(Buffer.from('hello'))).equals(answer));
        // libuv reports a reset as the end when it comes together with data (uv__stream_io, POLLHUP): one more reason
        // to treat them alike.
        assert.equal(losses.length, 1);
        assert.match(losses[0]!, /^(end|ECONNRESET)$/);
      });

      it('the server resets before its answer', async () => {
        const port = await misbehavingServer((socket) => {
          socket.once('data', () => void resetClose(socket));
        });
        const { one, losses } = notingClient(port);
        assert.ok((await one.request(Buffer.from('hello'))).equals(answer));
        assert.deepEqual(losses, ['ECONNRESET']);
      });

      it('the server half-closes in the middle of its answer', async () => {
        const port = await misbehavingServer((socket) => {
          socket.once('data', () => socket.end(halfAnswer()));
        });
        const { one, losses } = notingClient(port);
        assert.ok((await one.request(Buffer.from('hello'))).equals(answer));
        assert.deepEqual(losses, ['end']);
      });

      it('the server half-closes in the middle of the length', async () => {
        const port = await misbehavingServer((socket) => socket.end(halfAnswer().subarray(0, 3)));
        const { one, losses } = notingClient(port);
        assert.ok((await one.request(Buffer.from('hello'))).equals(answer));
        assert.deepEqual(losses, ['end']);
      });

      it('the server closes while the client writes', async () => {
        const port = await misbehavingServer(
          (socket) => socket.destroy(),
          (socket) => socket.once('data', () => socket.destroy()),
          (socket) => socket.once('data', () => void resetClose(socket)),
          (socket) => socket.once('data', () => socket.end(() => void resetClose(socket))),
          // No reset: the client learns of this one only by reading.
          (socket) => socket.pause().end(),
        );
        const { one, losses } = notingClient(port);
        assert.ok((await one.request(distinctBytes(16 * 1024 * 1024))).equals(answer));
        // Which of the names each close gets depends on what is faster, and that is the point: they are all alike.
        for (const loss of losses) assert.match(loss, /^(end|ECONNRESET|EPIPE)$/);
        assert.equal(losses.length, 5);
      });

      it('the client writes into a broken pipe', async () => {
        const port = await misbehavingServer();
        const { near, far } = await connectPair({ farSilent: true });
        await new Promise<void>((resolve) => near.end(resolve));
        await resetClose(near);
        // FIN and RST have come and the client has read neither: what it finds is that it can't write.
        const sockets = [far];
        const { one, losses } = notingClient(port, { connect: () => sockets.pop() ?? connect(port) });
        assert.ok((await one.request(Buffer.from('hello'))).equals(answer));
        assert.deepEqual(losses, ['EPIPE']);
      });

      it('the server says nothing', async () => {
        const port = await misbehavingServer((socket) => socket.resume());
        const { one, losses } = notingClient(port, { silence: 1000 });
        assert.ok((await one.request(Buffer.from('hello'))).equals(answer));
        assert.deepEqual(losses, ['nothing heard for 1000 ms']);
      });

      it('the server has closed the connection that the client kept', async () => {
        const port = await misbehavingServer((socket) => {
          void readMessage(socket)
            .then(() => writeMessage(socket, answer))
            .then(() => socket.end());
        });
        const made: net.Socket[] = [];
        const { one, losses } = notingClient(port, {
          connect: () => {
            made.push(connect(port));
            return made.at(-1)!;
          },
        });
        assert.ok((await one.request(Buffer.from('first'))).equals(answer));
        await closed(made[0]!);
        assert.ok((await one.request(Buffer.from('second'))).equals(answer));
        assert.equal(made.length, 2);
        assert.deepEqual(losses, [], 'no request was sent to the closed connection');
      });
    });

    describe('the client gives up', () => {
      it('after its number of tries, and says why', async () => {
        let connections = 0;
        const port = await listen(
          net.createServer((socket) => {
            connections++;
            socket.once('data', () => void resetClose(socket));
          }),
        );
        const { one, losses } = notingClient(port, { tries: 4 });
        await assert.rejects(one.request(Buffer.from('hello')), (error: NodeJS.ErrnoException & { cause: Error }) => {
          assert.equal(error.code, 'ERR_NO_ANSWER');
          assert.match(error.message, /no answer in 4 tries.*ECONNRESET/);
          assert.equal((error.cause as NodeJS.ErrnoException).code, 'ERR_CONNECTION_LOST');
          return true;
        });
        assert.equal(connections, 4);
        assert.deepEqual(losses, Array(4).fill('ECONNRESET'));
      });

      it('when nobody listens, and the program says so', async () => {
        const { server, port } = await startServer('tolerant-server.mjs', '0');
        await server.kill();
        const { status, stdout, stderr } = await runExample('exact-client.mjs', String(port), 'hello');
        assert.equal(status, 1);
        assert.equal(stdout, '');
        assert.match(stderr, /^no answer in 6 tries; the last: .*ECONNREFUSED/m);
      });

      it('at once on what a new connection would not change', async () => {
        const port = await misbehavingServer((socket) => socket.write(Buffer.from('ffffffff', 'hex')));
        const { one, losses } = notingClient(port);
        await assert.rejects(one.request(Buffer.from('hello')), RangeError);
        assert.deepEqual(losses, []);
        assert.ok((await one.request(Buffer.from('hello'))).equals(answer), 'and the next request is a new start');
      });
    });

    describe('the server', () => {
      it('goes on serving while other clients reset, half-send, vanish and keep silent', async () => {
        const { server, port } = await startServer('tolerant-server.mjs', '0');
        const { one: good, losses } = notingClient(port);
        let asked = 0;
        const ask = async (): Promise<void> => {
          const text = `request ${++asked}`;
          assert.equal(String(await good.request(Buffer.from(text))), text.toUpperCase());
        };
        const halfMessage = Buffer.from('000000ff616263', 'hex');

        const badClients: (() => Promise<unknown>)[] = [
          async function resetsAtOnce() {
            const socket = connect(port);
            await once(socket, 'connect');
            await resetClose(socket);
          },
          async function resetsInTheLength() {
            const socket = connect(port);
            await new Promise((resolve) => socket.write(halfMessage.subarray(0, 2), resolve));
            await resetClose(socket);
          },
          async function halfClosesInTheMessage() {
            await closed(connect(port).end(halfMessage).resume());
          },
          async function sendsTooMuch() {
            const socket = connect(port).resume();
            socket.write(Buffer.from('ffffffff', 'hex'));
            await closed(socket);
          },
          async function resetsInTheAnswer() {
            const socket = connect(port);
            void writeMessage(socket, Buffer.alloc(16 * 1024 * 1024, 'a'));
            await once(socket, 'readable');
            await resetClose(socket);
          },
          async function vanishes() {
            const program = `require('node:net').connect(${port}, '127.0.0.1').write('0', () => console.log('sent'))`;
            const process = Program.start(['--eval', program]);
            await process.printed(/^sent$/);
            await process.kill();
          },
        ];
        const silent = connect(port);
        silent.write(halfMessage);

        let gone = 0;
        for (const misbehave of badClients) {
          await ask();
          await misbehave();
          // The server has seen it, and has not lost the others by it.
          await server.printed(/^closed: /, ++gone);
          await ask();
        }
        assert.equal(server.alive, true);
        assert.deepEqual(losses, [], 'the good client never had to reconnect');
        assert.equal(silent.closed, false);
        const another = notingClient(port);
        assert.equal(String(await another.one.request(Buffer.from('new'))), 'NEW');
      });

      it('closes a connection on which nothing moves', async () => {
        const { log, logged } = collectLines(2);
        const port = await listen(createTolerantServer((message) => message, { silence: 50, log }));
        connect(port).resume();
        assert.deepEqual(await logged, [
          'closing: connection lost: it ended too early',
          'closed: peer-fin, delivered: true',
        ]);
      });

      it('closes a connection whose answer fails, and that one only', async () => {
        const port = await listen(
          createTolerantServer((message) => {
            if (String(message) === 'bad') throw new Error('no answer to that');
            return message;
          }),
        );
        const bad = notingClient(port, { tries: 2 });
        const good = notingClient(port);
        assert.equal(String(await good.one.request(Buffer.from('good'))), 'good');
        await assert.rejects(bad.one.request(Buffer.from('bad')), { code: 'ERR_NO_ANSWER' });
        assert.equal(String(await good.one.request(Buffer.from('good'))), 'good');
        assert.deepEqual(good.losses, []);
      });

      it('answers a client that half-closes behind its request', async () => {
        let served: net.Socket | undefined;
        const server = createTolerantServer(async () => {
          const ended = once(served!, 'end');
          socket.end();
          await ended;
          return answer;
        });
        server.on('connection', (accepted) => (served = accepted));
        const socket = connect(await listen(server));
        void writeMessage(socket, Buffer.from('hello'));
        assert.ok((await readMessage(socket)).equals(answer));
      });

      it('delivers its last answer to a client that goes on sending', async () => {
        const last = distinctBytes(2_000_000);
        const { log, logged } = collectLines(1);
        const port = await listen(createTolerantServer(() => last, { log }));
        const socket = connect(port);
        void writeMessage(socket, Buffer.from('hello'));
        // The next request is too long, so the server closes with all of this unread.
        socket.write(Buffer.alloc(8 * 1024 * 1024, 0xff));
        const length = await readExactly(socket, 4);
        const beginning = await readExactly(socket, 100_000);
        assert.match((await logged).join(), /^closing: message of 4294967295 bytes/);
        const rest = await readExactly(socket, length.readUInt32BE() - beginning.length);
        assert.ok(Buffer.concat([beginning, rest]).equals(last));
        socket.end();
        await closed(socket);
      });
    });
  });
});
