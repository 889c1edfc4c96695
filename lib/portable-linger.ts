// The portable linger engine: waits for one socket's end by its own events and a backing-off timer, and closes
// it. It serves lingerClose() (an open stream) and setLinger() (a stream that destroy() has already ended).
import {
  halfCloseNow,
  hasDescriptor,
  descriptorOf,
  isHandshaking,
  isPipe,
  isReferenced,
  isTls,
  isWriting,
  libuvQueue,
  startReading,
  stopReading,
  takeQueuedWrites,
  writeBuffered,
  writeNow,
  type SocketLike,
} from './handle.js';
import { discardInput } from './intercept.js';
import { How, InputEnd, native, type TcpState } from './native.js';
import { nativeRow } from './options.js';
import { kernelQueues } from './queues.js';

export type Outcome =
  | 'peer-fin'
  | 'acked'
  | 'timeout'
  | 'idle-timeout'
  | 'byte-limit'
  | 'peer-reset'
  | 'already-closed';

/** Milliseconds and bytes; Infinity: no limit. */
export interface LingerLimits {
  readonly until: 'peer-fin' | 'acked';
  readonly unread: 'discard' | 'deliver';
  readonly timeout: number;
  readonly idleTimeout: number;
  readonly maxBytes: number;
}

export interface Verdict {
  readonly outcome: Outcome;
  readonly delivered: boolean | null;
  readonly unackedBytes: number | null;
  readonly discardedBytes: number;
  readonly durationMs: number;
  readonly error?: Error;
}

/** What is known of the connection at one moment. */
interface Sample {
  /** Our FIN is in the kernel, behind everything that was written. */
  readonly halfClosed: boolean;
  readonly unacked: number | null;
  readonly state: TcpState | null;
  /** All of it and the FIN are acknowledged; null: this system can't tell. */
  readonly acknowledged: boolean | null;
}

// The peer's FIN has been received in these. CLOSED follows LAST_ACK and TIME_WAIT, and a reset.
const peerFinStates: ReadonlySet<TcpState | null> = new Set(['CLOSE_WAIT', 'LAST_ACK', 'CLOSING', 'TIME_WAIT', 'CLOSED']);
const beforeFinStates: ReadonlySet<TcpState | null> = new Set(['ESTABLISHED', 'CLOSE_WAIT', 'SYN_SENT', 'SYN_RECEIVED']);
const finUnackedStates: ReadonlySet<TcpState | null> = new Set(['FIN_WAIT1', 'CLOSING', 'LAST_ACK']);

/** Input that is thrown away at a time, so that one fast sender does not hold up the event loop. */
const discardBudget = 4 * 1024 * 1024;
/** What the last look before the close takes; a sender that is faster than that is reset in any case. */
const lastDiscardBudget = 16 * 1024 * 1024;
const longestPause = 250;
const longestTimer = 2 ** 31 - 1;

const numbers = new Float64Array(3);

/** null where the system can't answer, or the descriptor is gone: no reason to give up the linger. */
function attempt<T>(call: () => T): T | null {
  try {
    return call();
  } catch {
    return null;
  }
}

function tcpState(socket: SocketLike): TcpState | null {
  return native.tcpStates[native.readTcpState(descriptorOf(socket))] ?? null;
}

const active = new WeakMap<SocketLike, PortableLinger>();

/** Ends a linger that is under way, if there is one: its socket is closed at once. */
export function abandonLinger(socket: SocketLike): void {
  active.get(socket)?.abandon(null);
}

export class PortableLinger {
  /** Called once, right before the socket is closed. */
  private readonly onVerdict: (verdict: Verdict) => void;
  private readonly startedAt = performance.now();
  private lastProgressAt = this.startedAt;
  private lastSignature = '';
  private timer: NodeJS.Timeout | undefined;
  private done = false;

  private connected: boolean;
  private discardedBytes = 0;
  private restoreInput: (() => void) | undefined;
  /** Input is taken from the descriptor by us, no longer by Node. */
  private raw = false;
  /** The last time there was more than the budget. */
  private moreInput = false;
  private peerEnded = false;

  /** Everything that was written is with libuv or the kernel, and the FIN behind it. */
  private flushed = false;
  /** Bytes above the kernel at the last look, and those that can't be sent any more. */
  private lastBuffered: number;
  private lost = 0;
  /** destroy() waits for this to be called. */
  private release: (() => void) | undefined;

  constructor(
    private readonly socket: SocketLike,
    private readonly limits: LingerLimits,
    onVerdict: (verdict: Verdict) => void,
  ) {
    this.onVerdict = onVerdict;
    this.connected = !socket.connecting;
    this.lastBuffered = writeBuffered(socket);
    active.set(socket, this);
  }

  // How it starts

  /** For an open stream, whose end() has been called or is about to be. */
  watchStream(): void {
    const { socket } = this;
    if (this.limits.unread === 'discard') {
      this.restoreInput = discardInput(socket, {
        discarded: (bytes) => this.noteDiscarded(bytes),
        ended: () => this.noteEnd(),
      });
      if (this.connected) this.read();
    } else if (socket.readableEnded) {
      this.noteEnd();
    } else {
      socket.once('end', this.noteEnd);
    }
    if (!this.connected) socket.once('connect', this.noteConnect);
    socket.once('finish', this.noteFinish);
    if (socket.writableFinished) this.noteFinish();
    else this.look();
  }

  /**
   * For a stream that has been destroyed while its handle is still open: sends what Node had queued, half-closes,
   * and takes the input from the descriptor. `release` closes the handle. To be called within `_destroy`.
   */
  watchDestroyed(release: () => void, tlsBroken = false): void {
    this.release = release;
    this.socket.setTimeout(0);
    this.stopWatchingStream();
    // A handshake that has not finished can't go on without the stream: nothing that was written can be sent.
    if (tlsBroken || isHandshaking(this.socket)) this.giveUpFlushing();
    else this.flush(takeQueuedWrites(this.socket));
    this.readRaw();
  }

  /** What the kernel has not taken by now it will never get. */
  private giveUpFlushing(): void {
    // Where a write has failed already it is not in any queue any more.
    if (!this.flushed) this.lost = Math.max(this.lastBuffered, writeBuffered(this.socket));
    this.flushed = true;
  }

  private flush(queued: ReturnType<typeof takeQueuedWrites>): void {
    const halfClose = (error?: Error | null): void => {
      if (this.done) return;
      if (error == null && hasDescriptor(this.socket)) {
        halfCloseNow(this.socket, this.noteFlushed);
      } else {
        this.giveUpFlushing();
        this.look();
      }
    };
    const write = (): void => {
      if (this.done || !hasDescriptor(this.socket)) return;
      // TLS takes one write at a time.
      if (isWriting(this.socket)) this.beforeLook = write;
      else if (queued.length > 0) writeNow(this.socket, queued, halfClose);
      else halfClose();
    };
    write();
  }

  private beforeLook: (() => void) | undefined;

  // What happens meanwhile

  private readonly noteConnect = (): void => {
    this.connected = true;
    if (this.limits.unread === 'discard') this.read();
  };

  private read(): void {
    if (this.done || this.raw) return;
    if (this.socket.readableEnded) this.noteEnd();
    else startReading(this.socket);
  }

  private readRaw(): void {
    if (!this.raw) {
      this.raw = true;
      stopReading(this.socket);
    }
    this.look();
  }

  private noteDiscarded(bytes: number): void {
    this.noteProgress(bytes);
    if (this.discardedBytes > this.limits.maxBytes) this.look();
  }

  private noteProgress(discarded: number): void {
    this.discardedBytes += discarded;
    this.lastProgressAt = performance.now();
  }

  private readonly noteEnd = (): void => {
    if (this.done) return;
    // From above, close_notify and our own SHUT_RD look like the peer's FIN; so does a reset that libuv sees
    // together with data (POLLHUP, uv__stream_io()). The descriptor knows.
    const { state } = this.sample();
    if (state !== null) return this.readRaw();
    this.peerEnded = true;
    this.look();
  };

  private readonly noteFinish = (): void => {
    if (this.done) return;
    this.flushed = true;
    // After close_notify what still comes is ciphertext that nobody will read: no need to decrypt it.
    if (isTls(this.socket) && this.limits.unread === 'discard') this.readRaw();
    else this.look();
  };

  private readonly noteFlushed = (): void => {
    this.flushed = true;
    if (!this.done) this.look();
  };

  // Looking

  private sample(): Sample {
    const { socket } = this;
    if (!this.connected) return { halfClosed: false, unacked: null, state: null, acknowledged: null };
    const state = attempt(() => tcpState(socket));
    const unacked = attempt(() => kernelQueues(socket).unacked);
    const halfClosed = this.flushed && libuvQueue(socket) === 0 && !beforeFinStates.has(state);
    const acknowledged = unacked === null ? null : halfClosed && unacked === 0 && !finUnackedStates.has(state);
    return { halfClosed, unacked, state, acknowledged };
  }

  private readonly look = (): void => {
    if (this.done) return;
    const before = this.beforeLook;
    this.beforeLook = undefined;
    before?.();
    if (this.raw && !this.discardRaw()) return;
    this.forceFin();
    const sample = this.sample();
    // A reset that Node has not told us of yet: the descriptor says which.
    if (sample.state === 'CLOSED' && !this.raw && this.limits.unread === 'discard') return this.readRaw();
    const now = performance.now();
    this.compare(sample, now);
    const outcome = this.judge(sample, now);
    if (outcome === undefined) this.schedule(sample, now);
    else this.finish(outcome);
  };

  /** False: the connection turned out to be broken, and this linger is over. */
  private discardRaw(): boolean {
    if (!hasDescriptor(this.socket)) return true;
    try {
      native.discard(descriptorOf(this.socket), discardBudget, numbers);
    } catch (error) {
      // Somebody has closed the descriptor under our feet.
      this.finish('already-closed', error as Error);
      return false;
    }
    if (numbers[0]! > 0) this.noteProgress(numbers[0]!);
    const end = numbers[1]!;
    this.moreInput = end === InputEnd.limit;
    if (end === InputEnd.failed) {
      this.finish('peer-reset', native.makeError(numbers[2]!, 'recv'));
      return false;
    }
    if (end === InputEnd.eof) this.peerEnded ||= this.isPeerFin();
    return true;
  }

  /** End-of-file may come from our own SHUT_RD. */
  private isPeerFin(): boolean {
    const { state } = this.sample();
    return state === null || peerFinStates.has(state);
  }

  /** TLS that broke or never finished its handshake can't half-close by itself. */
  private forceFin(): void {
    const { socket } = this;
    if (this.release === undefined || !isTls(socket) || !this.flushed || libuvQueue(socket) > 0) return;
    const { state } = this.sample();
    if (state === 'ESTABLISHED' || state === 'CLOSE_WAIT') attempt(() => native.shutdown(descriptorOf(socket), How.write));
  }

  /** Whatever has changed here since the last look means that the peer is alive. */
  private compare({ unacked, state }: Sample, now: number): void {
    const { socket } = this;
    this.lastBuffered = writeBuffered(socket);
    const signature = `${this.restoreInput ? '' : socket.bytesRead} ${unacked} ${state} ${this.lastBuffered}`;
    if (signature !== this.lastSignature) this.lastProgressAt = now;
    this.lastSignature = signature;
  }

  private judge(sample: Sample, now: number): Outcome | undefined {
    const { limits } = this;
    const sent = sample.acknowledged ?? sample.halfClosed;
    if (sent && this.peerEnded) return 'peer-fin';
    if (sent && limits.until === 'acked') return 'acked';
    if (sample.state === 'CLOSED' && !sent) return 'peer-reset';
    if (this.discardedBytes > limits.maxBytes) return 'byte-limit';
    if (now - this.startedAt >= limits.timeout) return 'timeout';
    if (now - this.lastProgressAt >= limits.idleTimeout) return 'idle-timeout';
    return undefined;
  }

  private schedule(sample: Sample, now: number): void {
    clearTimeout(this.timer);
    const deadline = Math.min(
      this.startedAt + this.limits.timeout,
      this.lastProgressAt + this.limits.idleTimeout,
    );
    // Nobody tells us of an acknowledgement, nor of input that Node does not read for us.
    const idle = now - this.lastProgressAt;
    const hurry = this.moreInput || now - this.startedAt < 100;
    const pause = Math.min(longestPause, Math.max(hurry ? 1 : 5, idle / 4));
    const told = this.limits.unread === 'discard' && sample.acknowledged === true && !this.raw;
    const wait = Math.min(deadline - now, told ? Infinity : pause, longestTimer);
    this.timer = setTimeout(this.look, Math.max(1, Math.ceil(wait)));
    if (!isReferenced(this.socket)) this.timer.unref();
  }

  // How it ends

  /** Closes now: destroy() was called, or the wait is no longer wanted. */
  abandon(error: Error | null): void {
    if (!this.done) this.finish('already-closed', error ?? undefined);
  }

  /** The connection failed under Node's hands. */
  fail(outcome: 'peer-reset' | 'already-closed', error: Error): void {
    if (this.done) return;
    if (!this.socket.writableFinished) this.giveUpFlushing();
    this.finish(outcome, error);
  }

  private finish(outcome: Outcome, error?: Error): void {
    // A destroyed stream's write reports no error when it is cut short.
    if (outcome === 'peer-reset' && this.release !== undefined) this.lost = Math.max(this.lost, this.lastBuffered);
    this.done = true;
    clearTimeout(this.timer);
    active.delete(this.socket);
    const sample = this.sample();
    const buffered = Math.max(this.lost, writeBuffered(this.socket));
    const unackedBytes = sample.unacked === null && buffered === 0 ? null : (sample.unacked ?? 0) + buffered;
    if (outcome !== 'peer-reset') {
      // Unread input would turn the close into a reset.
      attempt(() => {
        native.discard(descriptorOf(this.socket), lastDiscardBudget, numbers);
        this.discardedBytes += numbers[0]!;
      });
    }
    this.stopWatchingStream();
    this.onVerdict({
      outcome,
      delivered: this.isDelivered(sample, buffered),
      unackedBytes,
      discardedBytes: this.discardedBytes,
      durationMs: performance.now() - this.startedAt,
      ...(error === undefined ? {} : { error }),
    });
    this.release?.();
  }

  private isDelivered(sample: Sample, buffered: number): boolean | null {
    if (buffered > 0) return false;
    return sample.unacked === null ? null : sample.unacked === 0;
  }

  private stopWatchingStream(): void {
    const { socket } = this;
    this.restoreInput?.();
    this.restoreInput = undefined;
    socket.off('connect', this.noteConnect).off('end', this.noteEnd).off('finish', this.noteFinish);
  }
}

/**
 * Has the coming close() wait for nothing (it would block the event loop), or reset the connection. False: the
 * option can't be set; macOS answers EINVAL once both directions are shut, when a close has neither effect.
 */
export function setCloseMode(socket: SocketLike, mode: 'plain' | 'reset'): boolean {
  if (isPipe(socket)) return mode === 'plain';
  const value = mode === 'reset' ? 0 : null;
  return attempt(() => native.setOption(descriptorOf(socket), nativeRow('linger').index, value)) !== null;
}
