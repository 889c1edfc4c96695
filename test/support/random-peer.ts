// The peer in the randomized test: it reads, writes and ends as its script says, and notes what it sees.
import type net from 'node:net';

import { pendingBytes, resetClose } from 'socket-linger';

import { hasHandle, isTlsFamily, listenAgain, silence, sleep, type Family } from './pair.js';
import type { FarStep } from './random-scripts.js';
import { chunkOf, type Transmission } from './random-transmission.js';

export class Peer {
  /** How it ended: 'end', an error's code, or 'close', whatever came first. */
  saw: string | undefined;
  readonly over: Promise<void>;
  /** It has sent its FIN, or will. */
  ended = false;
  /** Reset or destroyed by the script. */
  gone = false;
  /** And that before it had read to the end: it may have lost what the kernel had for it. */
  broke = false;
  /** Whatever it sends had arrived when the close began, so nothing of it meets a closed socket. */
  quiet = true;
  /** It closed by itself with output on its way. Where memory is short, the kernel resets for such (tcp_check_oom()). */
  orphaned = false;
  readonly others: Promise<unknown>[] = [];

  private reading: 'all' | 'slowly' | 'not' = 'all';
  /** The other side has begun to close. */
  private closing = false;
  private readonly isTls: boolean;

  constructor(
    readonly socket: net.Socket,
    private readonly family: Family,
    private readonly up: Transmission,
    down: Transmission,
  ) {
    this.isTls = isTlsFamily(family);
    this.over = new Promise((resolve) => {
      const sees = (what: string): void => {
        this.saw ??= what;
        resolve();
      };
      socket.once('end', () => sees('end'));
      socket.once('close', () => sees('close'));
      socket.on('error', (error: NodeJS.ErrnoException) => sees(error.code ?? error.message));
    });
    // Node closes it when both sides have ended.
    socket.once('finish', () => {
      this.orphaned = hasHandle(socket) && this.hasOutput();
    });
    socket.on('data', (data) => {
      down.receive(data);
      if (this.reading !== 'slowly') return;
      socket.pause();
      setTimeout(() => {
        if (this.reading === 'slowly') socket.resume();
      }, 1);
    });
  }

  /** To be called when the other side begins to close; `isNew`: this one has not been there before. */
  noteClosing(isNew: boolean): void {
    this.closing = true;
    // TLS 1.3 sends tickets after the handshake.
    this.quiet = isNew ? !this.isTls : this.isQuiet();
  }

  /** Nothing that was sent is still on its way. */
  private isQuiet(): boolean {
    const { socket } = this;
    if (socket.errored !== null || !hasHandle(socket)) return socket.readableEnded;
    const mayNotify = this.isTls && this.ended && !socket.writableFinished; // close_notify
    return !this.hasOutput() && !mayNotify;
  }

  private hasOutput(): boolean {
    const { unacked, writeBuffered } = pendingBytes(this.socket);
    return writeBuffered > 0 || (unacked ?? 0) > 0;
  }

  take(step: FarStep): void {
    if (this.socket.destroyed) return;
    switch (step.far) {
      case 'write':
        this.upload(step.bytes);
        break;
      case 'read all':
        this.read('all');
        break;
      case 'read slowly':
        this.read('slowly');
        break;
      case 'stop reading':
        this.read('not');
        break;
      case 'end':
        this.end();
        break;
      case 'reset':
      case 'destroy':
        this.broke ||= this.saw === undefined;
        this.gone = true;
        // Unix-domain sockets have no reset.
        if (step.far === 'reset' && this.family !== 'unix') {
          this.others.push(resetClose(this.socket));
        } else {
          this.ended = true;
          this.socket.destroy();
        }
    }
  }

  read(how: 'all' | 'slowly' | 'not'): void {
    this.reading = how;
    if (!hasHandle(this.socket)) return;
    if (how === 'not') {
      silence(this.socket);
    } else {
      listenAgain(this.socket);
      this.socket.resume();
    }
  }

  end(): void {
    if (this.closing && this.isTls && this.saw === undefined) this.quiet = false; // close_notify
    this.ended = true;
    this.socket.end();
  }

  endAfterEnd(): void {
    if (this.socket.readableEnded) this.end();
    else this.socket.once('end', () => this.end());
  }

  private upload(bytes: number): void {
    if (!this.socket.writable) return;
    if (this.closing) this.quiet = false;
    this.socket.write(this.up.write(chunkOf(bytes)));
  }

  /** As much as the other side takes, until that is closed. */
  async keepUploading(other: net.Socket): Promise<void> {
    while (!other.closed && this.socket.writable) {
      if (this.socket.writableLength < 1_000_000) this.upload(65_536);
      await sleep(1);
    }
  }
}
