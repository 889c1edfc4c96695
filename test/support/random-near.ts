// The socket that the randomized test closes, and its application.
import assert from 'node:assert/strict';
import type net from 'node:net';
import { Readable, Writable } from 'node:stream';

import { lingerClose, resetClose, setLinger, shutdown, shutdownRead, shutdownWrite, type LingerResult } from 'socket-linger';

import { hasHandle, listenAgain, silence } from './pair.js';
import { lingerSeconds, type LateStep, type NearStep, type Script } from './random-scripts.js';
import { chunkOf, type Transmission } from './random-transmission.js';

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

/** The near sockets of all connections, to see whether anything keeps them after their end. */
export const seen: WeakRef<net.Socket>[] = [];

export class Near {
  readonly closed: Promise<void>;
  closings = 0;
  /** The close has begun, and with it: */
  closing = false;
  errorsAfterClose: Error[] = [];
  /** The script destroyed or reset it. */
  destroyed = false;
  reset = false;
  /** Linux: end-of-file comes at once then, and input after our FIN resets the connection (tcp_rcv_state_process()). */
  readShut = false;
  /** setLinger(lingerSeconds) is what was set last. */
  armed = false;
  /** Bytes that were written when the peer had gone. */
  wasted = 0;
  lingering: Promise<LingerResult> | undefined;
  readonly controller = new AbortController();
  /** What has to settle in the end. */
  readonly others: Promise<unknown>[] = [];

  constructor(
    readonly socket: net.Socket,
    reads: Script['reads'],
    private readonly up: Transmission,
    private readonly down: Transmission,
    private readonly isPeerClosed: () => boolean,
  ) {
    seen.push(new WeakRef(socket));
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.closings += 1;
        resolve();
      });
    });
    socket.on('error', (error) => {
      if (this.closing) this.errorsAfterClose.push(error);
    });
    if (reads === 'data') this.listenForData();
    if (reads === 'readable') socket.on('readable', () => this.read());
  }

  private readonly takeIn = (data: Buffer): void => this.up.receive(data);

  private listenForData(): void {
    if (!this.socket.listeners('data').includes(this.takeIn)) this.socket.on('data', this.takeIn);
  }

  private read(): void {
    const data = this.socket.read() as Buffer | null;
    if (data !== null && this.socket.listenerCount('data') === 0) this.takeIn(data);
  }

  take(step: NearStep): void {
    const { socket } = this;
    switch (step.near) {
      case 'write':
        if (socket.writable) socket.write(this.noteWrite(chunkOf(step.bytes)));
        break;
      case 'pipe from':
        this.pipeFrom(step.chunks, step.bytes);
        break;
      case 'setLinger':
        tolerate(() => {
          setLinger(socket, step.seconds);
          this.armed = step.seconds === lingerSeconds;
        });
        break;
      case 'cork':
        // After end() Node would never send what is still queued.
        if (socket.writable) socket.cork();
        break;
      case 'resume':
        this.listenForData();
        socket.resume();
        break;
      case 'silence':
        if (hasHandle(socket)) silence(socket);
        break;
      case 'listen':
        // Nobody but a test reads on after the end of input: the stream would fail.
        if (hasHandle(socket) && !this.readShut) listenAgain(socket);
        break;
      case 'pipe':
        this.listenForData();
        socket.pipe(new Writable({ write: (_data, _encoding, done) => void setTimeout(done, 1) }));
        break;
      case 'read':
        this.read();
        break;
      case 'shutdown':
        tolerate(() => shutdown(socket, 'write'));
        break;
      case 'shutdownRead':
        tolerate(() => {
          shutdownRead(socket);
          this.readShut = true;
        });
        break;
      case 'shutdownWrite':
        // It may die of whatever the connection dies of.
        this.others.push(shutdownWrite(socket).catch(() => undefined));
        break;
      case 'resetClose':
        this.resetClose();
        break;
      case 'destroy':
      case 'destroySoon':
        this.destroyed = true;
        socket[step.near]();
        break;
      default:
        socket[step.near]();
    }
  }

  private noteWrite(chunk: Buffer): Buffer {
    if (this.isPeerClosed()) this.wasted += chunk.length;
    return this.down.write(chunk);
  }

  private pipeFrom(chunks: number, bytes: number): void {
    const source = Readable.from((function* () {
      for (let count = 0; count < chunks; count += 1) yield chunkOf(bytes);
    })());
    // Before pipe()'s own listener: what that will write now.
    source.on('data', (data: Buffer) => {
      if (this.socket.writable && !this.closing) this.noteWrite(data);
    });
    source.pipe(this.socket);
  }

  resetClose(): void {
    this.destroyed = this.reset = true;
    this.others.push(
      resetClose(this.socket).catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
        this.socket.destroy();
      }),
    );
  }

  takeLate(step: LateStep): void {
    const { socket, lingering } = this;
    switch (step.late) {
      case 'write':
        if (lingering !== undefined) this.others.push(this.writeLate());
        break;
      case 'lingerClose':
        if (lingering !== undefined) assert.equal(lingerClose(socket), lingering, 'a second call joins the first');
        break;
      case 'abort':
        this.controller.abort();
        break;
      case 'resetClose':
        this.resetClose();
        break;
      case 'destroy':
      case 'destroySoon':
        // lingerClose() has taken destroySoon() over.
        this.destroyed ||= step.late === 'destroy' || lingering === undefined;
        socket[step.late]();
    }
  }

  private writeLate(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(chunkOf(10), (error) => {
        if (error == null) reject(new Error('a late write was accepted'));
        else resolve();
      });
    });
  }
}
