// One connection of the randomized test: runs its script on real sockets and holds what came out against the model.
import assert from 'node:assert/strict';
import net from 'node:net';
import { Readable, Writable } from 'node:stream';
import tls from 'node:tls';

import {
  lingerClose,
  pendingBytes,
  resetClose,
  setLinger,
  shutdown,
  shutdownRead,
  shutdownWrite,
  type LingerOptions,
  type LingerResult,
} from 'socket-linger';

import { certificate, connectPair, isTlsFamily, listen, listenAgain, payload, silence, sleep, tick, tlsVersion, track } from './pair.js';
import type { EarlyStep, FarStep, LateStep, NearStep, Script } from './random-scripts.js';

/** Nothing here takes a second by itself: whoever waits so long waits for ever. */
const patience = 15_000;

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const pool = payload(9_000_000);
let chunksMade = 0;

/** Bytes that are unlike those before and after. */
function chunkOf(bytes: number): Buffer {
  const start = (chunksMade += 104_729) % (pool.length - bytes);
  return pool.subarray(start, start + bytes);
}

/** One direction: what was written, and whether what arrives is that, from its start, byte by byte. */
class Transmission {
  written = 0;
  received = 0;
  /** Something else has arrived. */
  wrong = false;
  private readonly chunks: Buffer[] = [];
  private offset = 0;

  write(chunk: Buffer): Buffer {
    this.written += chunk.length;
    this.chunks.push(chunk);
    return chunk;
  }

  receive(data: Buffer): void {
    this.received += data.length;
    for (let rest = data; rest.length > 0 && !this.wrong;) {
      const expected = this.chunks[0]?.subarray(this.offset, this.offset + rest.length) ?? Buffer.alloc(0);
      this.wrong = expected.length === 0 || !expected.equals(rest.subarray(0, expected.length));
      rest = rest.subarray(expected.length);
      this.offset += expected.length;
      if (this.offset === this.chunks[0]?.length) {
        this.chunks.shift();
        this.offset = 0;
      }
    }
  }

  isComplete(): boolean {
    return !this.wrong && this.received === this.written;
  }

  toString(): string {
    return `${this.received} of ${this.written} bytes${this.wrong ? ', and wrong ones' : ''}`;
  }
}

type FarReading = 'all' | 'slowly' | 'not';

interface Far {
  readonly socket: net.Socket;
  reading: FarReading;
  /** 'end', an error's code, or 'close'. */
  saw: string | undefined;
  /** Reset or destroyed by the script. */
  gone: boolean;
  /** And that before it had read to the end. */
  broke: boolean;
  ended: boolean;
  /** Whatever it sends had arrived when the close began: nothing of it meets a closed socket. */
  quiet: boolean;
  readonly over: Promise<void>;
}

/** What the steps may be refused with: the socket has gone, or isn't there yet, or has output left. */
const refusals = new Set(['ERR_SOCKET_CLOSED', 'ERR_SOCKET_NOT_CONNECTED', 'ERR_WRITES_PENDING', 'ERR_OPTION_NOT_SUPPORTED', 'ENOTCONN']);

function isRefusal(error: unknown): boolean {
  return refusals.has((error as NodeJS.ErrnoException | null)?.code ?? '');
}

function tolerate(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

function hasHandle(socket: net.Socket): boolean {
  return !socket.destroyed && !socket.connecting && (socket as unknown as { _handle: unknown })._handle !== null;
}

/** Nothing that the socket has sent is still on its way. */
function isQuiet(socket: net.Socket): boolean {
  if (socket.errored !== null || !hasHandle(socket)) return socket.readableEnded;
  const { unacked, writeBuffered } = pendingBytes(socket);
  return writeBuffered === 0 && (unacked ?? 0) === 0;
}

/** Near sockets of all connections, to see whether anything keeps them after their end. */
export const seen: WeakRef<net.Socket>[] = [];

export class RandomConnection {
  private near!: net.Socket;
  private server!: net.Server;
  private far: Far | undefined;
  private farArrives: Promise<void> = Promise.resolve();

  private readonly down = new Transmission();
  private readonly up = new Transmission();
  private closings = 0;
  private nearClosed!: Promise<void>;
  /** Written when the peer had gone. */
  private wasted = 0;
  private errorsAfterClose: Error[] = [];
  private closing = false;
  /** The script destroyed or reset the near socket. */
  private destroyed = false;
  private reset = false;
  /** Linux: end-of-file comes at once then, and input after our FIN resets the connection (tcp_rcv_state_process()). */
  private readShut = false;
  /** setLinger(30) is what was set last. */
  private armed = false;
  private readonly controller = new AbortController();
  private lateWrites: Promise<void>[] = [];
  private readonly others: Promise<unknown>[] = [];
  private lingering: Promise<LingerResult> | undefined;

  constructor(private readonly script: Script) {}

  async run(): Promise<void> {
    await within('the connection', this.open());
    for (const step of this.script.early) await this.take(step);
    const check = this.close();
    for (const step of this.script.late) {
      if ('late' in step) this.takeLate(step);
      else await this.take(step);
    }
    if (this.far === undefined) await Promise.race([this.farArrives, this.nearClosed, sleep(500)]);
    await this.end();
    await within("'close'", this.nearClosed);
    await within('what else was called', Promise.all([...this.others, ...this.lateWrites]));
    await this.readRest();
    await within('the result', Promise.resolve(check()));
    assert.equal(this.closings, 1, "'close' events");
    assert.equal(this.down.wrong, false, `the peer got what was not written: ${this.down.toString()}`);
    assert.equal(this.up.wrong, false, `the application got what was not sent: ${this.up.toString()}`);
    this.far?.socket.destroy();
    this.server.close();
  }

  // How it starts

  private async open(): Promise<void> {
    const { family, near, allowHalfOpen } = this.script;
    if (near === 'unconnected') {
      await this.connect();
    } else {
      const pair = await connectPair({ family, server: { allowHalfOpen: allowHalfOpen || near !== 'accepted' } });
      this.server = pair.server;
      this.near = near === 'accepted' ? pair.near : pair.far;
      this.watchFar(near === 'accepted' ? pair.far : pair.near);
    }
    this.watchNear();
  }

  private async connect(): Promise<void> {
    const { family, allowHalfOpen } = this.script;
    const isTls = isTlsFamily(family);
    const serverOptions = { allowHalfOpen: true };
    this.server = isTls
      ? tls.createServer({ ...certificate, ...tlsVersion(family), ...serverOptions })
      : net.createServer(serverOptions);
    const target = { ...(await listen(this.server, family)), allowHalfOpen };
    this.farArrives = new Promise((resolve) => {
      this.server.once(isTls ? 'secureConnection' : 'connection', (far: net.Socket) => {
        this.watchFar(far);
        // Node drops a record if end() is called within this very event and more has come along with the handshake.
        setImmediate(resolve);
      });
    });
    this.near = track(isTls ? tls.connect({ ...target, ...tlsVersion(family), rejectUnauthorized: false }) : net.connect(target));
  }

  private watchNear(): void {
    const { near } = this;
    seen.push(new WeakRef(near));
    this.nearClosed = new Promise((resolve) => {
      near.on('close', () => {
        this.closings += 1;
        resolve();
      });
    });
    near.on('error', (error) => {
      if (this.closing) this.errorsAfterClose.push(error);
    });
    if (this.script.reads === 'data') this.listenForData();
    if (this.script.reads === 'readable') near.on('readable', () => this.read());
  }

  private readonly takeIn = (data: Buffer): void => this.up.receive(data);

  private listenForData(): void {
    if (!this.near.listeners('data').includes(this.takeIn)) this.near.on('data', this.takeIn);
  }

  private read(): void {
    const data = this.near.read() as Buffer | null;
    if (data !== null && this.near.listenerCount('data') === 0) this.takeIn(data);
  }

  private watchFar(socket: net.Socket): void {
    const over = new Promise<void>((resolve) => {
      const sees = (what: string): void => {
        far.saw ??= what;
        resolve();
      };
      socket.once('end', () => sees('end'));
      socket.once('close', () => sees('close'));
      socket.on('error', (error: NodeJS.ErrnoException) => sees(error.code ?? error.message));
    });
    const far: Far = { socket, reading: 'all', saw: undefined, gone: false, broke: false, ended: false, quiet: true, over };
    socket.on('data', (data) => {
      this.down.receive(data);
      if (far.reading !== 'slowly') return;
      socket.pause();
      setTimeout(() => {
        if (far.reading === 'slowly') socket.resume();
      }, 1);
    });
    this.far = far;
  }

  // Steps

  private async take(step: EarlyStep): Promise<void> {
    if ('near' in step) this.takeNear(step);
    else if ('far' in step) this.takeFar(step);
    else if (step.wait === 'tick') await tick();
    else if (step.wait === 'immediate') await new Promise(setImmediate);
    else await sleep(step.wait);
  }

  private takeNear(step: NearStep): void {
    const { near } = this;
    switch (step.near) {
      case 'write':
        if (near.writable) near.write(this.writeDown(chunkOf(step.bytes)));
        break;
      case 'pipe from':
        this.pipeFrom(step.chunks, step.bytes);
        break;
      case 'setLinger':
        tolerate(() => {
          setLinger(near, step.seconds);
          this.armed = step.seconds === 30;
        });
        break;
      case 'resume':
        this.listenForData();
        near.resume();
        break;
      case 'silence':
        if (hasHandle(near)) silence(near);
        break;
      case 'listen':
        if (hasHandle(near)) listenAgain(near);
        break;
      case 'pipe':
        this.listenForData();
        near.pipe(new Writable({ write: (_data, _encoding, done) => void setTimeout(done, 1) }));
        break;
      case 'read':
        this.read();
        break;
      case 'shutdown':
        tolerate(() => shutdown(near, 'write'));
        break;
      case 'shutdownRead':
        tolerate(() => {
          shutdownRead(near);
          this.readShut = true;
        });
        break;
      case 'shutdownWrite':
        // It may die of whatever the connection dies of.
        this.others.push(shutdownWrite(near).catch(() => undefined));
        break;
      case 'resetClose':
        this.resetNear();
        break;
      case 'destroy':
      case 'destroySoon':
        this.destroyed = true;
        near[step.near]();
        break;
      default:
        near[step.near]();
    }
  }

  private writeDown(chunk: Buffer): Buffer {
    if (this.far?.socket.closed === true) this.wasted += chunk.length;
    return this.down.write(chunk);
  }

  private pipeFrom(chunks: number, bytes: number): void {
    const source = Readable.from((function* () {
      for (let count = 0; count < chunks; count += 1) yield chunkOf(bytes);
    })());
    // Before pipe()'s own listener: what that will write now.
    source.on('data', (data: Buffer) => {
      if (this.near.writable && !this.closing) this.writeDown(data);
    });
    source.pipe(this.near);
  }

  private resetNear(): void {
    this.destroyed = this.reset = true;
    this.others.push(
      resetClose(this.near).catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
        this.near.destroy();
      }),
    );
  }

  private takeFar(step: FarStep): void {
    const { far } = this;
    if (far === undefined || far.socket.destroyed) return;
    switch (step.far) {
      case 'write':
        this.upload(far, step.bytes);
        break;
      case 'read all':
        this.setReading(far, 'all');
        break;
      case 'read slowly':
        this.setReading(far, 'slowly');
        break;
      case 'stop reading':
        this.setReading(far, 'not');
        break;
      case 'end':
        this.endFar(far);
        break;
      default:
        far.broke ||= far.saw === undefined;
        far.gone = true;
        if (step.far === 'destroy' || this.script.family === 'unix') {
          far.ended = true;
          far.socket.destroy();
        } else {
          this.others.push(resetClose(far.socket));
        }
    }
  }

  private upload(far: Far, bytes: number): void {
    if (!far.socket.writable) return;
    if (this.closing) far.quiet = false;
    far.socket.write(this.up.write(chunkOf(bytes)));
  }

  private endFar(far: Far): void {
    if (this.closing && isTlsFamily(this.script.family) && far.saw === undefined) far.quiet = false; // close_notify
    far.ended = true;
    far.socket.end();
  }

  private setReading(far: Far, reading: FarReading): void {
    far.reading = reading;
    if (!hasHandle(far.socket)) return;
    if (reading === 'not') {
      silence(far.socket);
    } else {
      listenAgain(far.socket);
      far.socket.resume();
    }
  }

  private takeLate(step: LateStep): void {
    const { near, lingering } = this;
    switch (step.late) {
      case 'write':
        if (lingering !== undefined) this.writeLate();
        break;
      case 'lingerClose':
        if (lingering !== undefined) assert.equal(lingerClose(near), lingering, 'a second call joins the first');
        break;
      case 'abort':
        this.controller.abort();
        break;
      case 'resetClose':
        this.resetNear();
        break;
      default:
        // lingerClose() has taken destroySoon() over.
        this.destroyed ||= step.late === 'destroy' || lingering === undefined;
        near[step.late]();
    }
  }

  private writeLate(): void {
    this.lateWrites.push(
      new Promise((resolve, reject) => {
        this.near.write(chunkOf(10), (error) => {
          if (error == null) reject(new Error('a late write was accepted'));
          else resolve();
        });
      }),
    );
  }

  // The close

  /** Begins it. The returned function checks how it went, when all is over. */
  private close(): () => void | Promise<void> {
    const { near, script } = this;
    const { close } = script;
    const before = { dead: near.destroyed, taken: this.up.received };
    this.closing = true;
    if (this.far !== undefined) this.far.quiet = isQuiet(this.far.socket);
    if (close.by === 'lingerClose') {
      const { signal } = close;
      const options = this.limited(close.options);
      if (signal === 'aborted') this.controller.abort();
      const promise = lingerClose(near, signal === 'none' ? options : { ...options, signal: this.controller.signal });
      const settled = promise.then(
        (result) => ({ result, closings: this.closings }),
        (error: unknown) => ({ error, closings: this.closings }),
      );
      this.lingering = promise;
      return async () => {
        const outcome = await settled;
        assert.equal(outcome.closings, 1, "settled after 'close'");
        if ('error' in outcome) this.checkAbort(outcome.error);
        else this.checkResult(outcome.result, options, before);
        if (signal === 'aborted') assert.ok('error' in outcome, 'not rejected for the aborted signal');
      };
    }
    if (close.by === 'resetClose') {
      this.resetNear();
    } else {
      near[close.by]();
      // Its linger ends as destroy()'s does; but it does not begin before the flush.
      this.destroyed ||= close.by !== 'end';
    }
    return () => this.checkLinger(before.dead);
  }

  /** Some peers never come to an end, nor does an application that is still to be given what it does not take. */
  private limited(options: LingerOptions): LingerOptions {
    const { family, finale, near } = this.script;
    const endless =
      ['read', 'stop reading', 'upload'].includes(finale) ||
      options.unread === 'deliver' ||
      // A handshake that was cut off: the server waits for the rest.
      (near === 'unconnected' && isTlsFamily(family));
    return endless && (options.timeout ?? Infinity) > 300 ? { ...options, timeout: 300 } : options;
  }

  /** Brings the near socket to its 'close'. */
  private async end(): Promise<void> {
    const { far, near, script } = this;
    if (far !== undefined && !far.socket.destroyed) {
      // Only lingerClose() has limits of its own.
      const finale = script.finale === 'stop reading' && this.lingering === undefined ? 'destroy' : script.finale;
      if (finale === 'reset' || finale === 'destroy') {
        this.takeFar({ far: finale });
      } else {
        if (finale === 'end, read') this.endFar(far);
        this.setReading(far, finale === 'stop reading' ? 'not' : 'all');
        if (finale === 'read, end') {
          if (far.socket.readableEnded) this.endFar(far);
          else far.socket.once('end', () => this.endFar(far));
        }
        while (finale === 'upload' && !near.closed && far.socket.writable && this.lingering !== undefined) {
          if (far.socket.writableLength < 1_000_000) this.upload(far, 65_536);
          await sleep(1);
        }
      }
    }
    if (script.close.by === 'end') {
      if (far !== undefined) await within('the end', Promise.race([far.over, this.nearClosed]));
      near.destroy();
    }
    // It waits for the handshake, which waits for a silenced socket.
    if (script.close.by === 'destroySoon' && script.near === 'unconnected') near.destroy();
  }

  /** The peer reads what it has not read yet. */
  private async readRest(): Promise<void> {
    const { far } = this;
    if (far === undefined || far.socket.destroyed || far.saw !== undefined) return;
    this.setReading(far, 'all');
    await within('the end at the peer', far.over);
  }

  // What must be true

  private checkAbort(error: unknown): void {
    if (!this.controller.signal.aborted || (error as Error).name !== 'AbortError') throw error;
  }

  private checkResult(result: LingerResult, options: LingerOptions, before: { dead: boolean; taken: number }): void {
    const { far, script, down, up } = this;
    const { outcome, delivered, unackedBytes, discardedBytes } = result;
    const told = `${outcome} (${String(result.error)}), delivered ${delivered}, ${unackedBytes} unacked, ${discardedBytes} discarded; the peer saw ${far?.saw}, got ${down.toString()}; sent ${up.written}, taken ${up.received}`;
    const must = (condition: boolean, what: string): void => assert.ok(condition, `${what}: ${told}`);

    // The result by itself
    must((delivered === true) === (unackedBytes === 0), 'delivered without unacked bytes, and only then');
    must(delivered !== null || unackedBytes === null, 'unacked bytes where delivered is not known');
    must(delivered !== false || unackedBytes !== null || outcome === 'already-closed', 'not delivered, but how much');
    must(delivered !== null || script.family === 'unix' || outcome === 'already-closed' || (script.near === 'unconnected' && down.written === 0), 'TCP can tell');
    must(delivered !== true || this.wasted === 0, 'delivered to nobody');
    must(result.durationMs >= 0 && discardedBytes >= 0, 'numbers');

    // The outcome
    if (outcome === 'peer-fin' || outcome === 'acked') must(delivered === (script.family === 'unix' ? null : true), 'a good end');
    // Without a TCP state our own SHUT_RD looks like the peer's FIN.
    const sawEnd = outcome === 'peer-fin' && !(script.family === 'unix' && this.readShut);
    // libuv's write of close_notify may take the socket's error with it; then nothing tells a reset from an end.
    const isHidden = isTlsFamily(script.family) && far?.gone === true;
    if (sawEnd && !isHidden) must(far?.ended === true, 'the peer never ended');
    if (outcome === 'acked') must(options.until === 'acked', 'nobody asked for that');
    if (outcome === 'timeout') must(Number.isFinite(options.timeout ?? 30_000), 'there was no such limit');
    if (outcome === 'idle-timeout') must(Number.isFinite(options.idleTimeout ?? 5000), 'there was no such limit');
    if (outcome === 'byte-limit') must(discardedBytes > (options.maxBytes ?? Infinity), 'the limit was not reached');
    if (outcome === 'peer-reset') {
      const broken = far?.gone === true || far?.socket.errored != null || this.readShut;
      must(broken, 'the peer did nothing of the kind');
      must(result.error !== undefined, 'of what');
    }
    if (outcome === 'already-closed') {
      // Node takes the end of input for the end of the connection as long as the handshake lasts.
      const mayHandshake = script.near === 'unconnected' && isTlsFamily(script.family);
      const isConnected = (result.error as NodeJS.ErrnoException | undefined)?.syscall !== 'connect';
      must(before.dead || this.destroyed || !isConnected || (this.readShut && mayHandshake), 'it was open');
    }

    // The application
    if (!before.dead) must(this.errorsAfterClose.length === 0, `an 'error' ${String(this.errorsAfterClose[0])}`);
    if (!before.dead && options.unread !== 'deliver') must(up.received === before.taken, 'given to the application');

    // The peer
    const delivers = delivered === true || (delivered === null && outcome !== 'already-closed');
    if (far?.saw === 'end' && delivers) must(down.isComplete(), 'not all has arrived');
    if (sawEnd && far?.broke === false) {
      must(far.saw === 'end' && down.isComplete(), 'the peer lost something');
      // TLS: ciphertext counts.
      if (!isTlsFamily(script.family) && !far.gone) must(up.received + discardedBytes === up.written, 'input is not accounted for');
    }
    if (delivers && far?.broke === false && far.quiet && !this.reset && options.onTimeout !== 'reset') {
      must(far.saw === 'end' && down.isComplete(), 'the peer, who sent nothing meanwhile, lost something');
    }
  }

  /** destroy() after setLinger(30). */
  private checkLinger(dead: boolean): void {
    const { far } = this;
    if (dead || !this.armed || this.reset || this.readShut || far === undefined || far.broke || this.script.near === 'unconnected') return;
    if (far.saw === 'end') assert.ok(this.down.isComplete(), `setLinger(30): the peer got ${this.down.toString()}`);
    if (far.quiet) assert.equal(far.saw, 'end', 'setLinger(30): how the peer saw it end');
  }
}
