// The linger of one socket: flushes, waits for its end and closes it. It serves lingerClose() (an open stream) and
// setLinger() (a stream that destroy() has already ended). As soon as everything is in the kernel it hands over to
// the background engine; where there is none, or no descriptor for it, it is the portable engine itself: it waits
// by the socket's own events and a backing-off timer.
import { lingerInBackground, type BackgroundLinger } from './background.js';
import { noteLingered } from './close-record.js';
import { attempt, connectionReset, isPeerFin, notConnected, sampleConnection, setCloseMode, takeError, tcpState, type Sample } from './connection.js';
import {
  descriptorOf,
  hasDescriptor,
  inputEnded,
  isHandshaking,
  isReferenced,
  isTcp,
  isTls,
  libuvQueue,
  readBuffered,
  releaseHandle,
  startReading,
  stopReading,
  writeBuffered,
  type SocketLike,
} from './handle.js';
import { flushDestroyed } from './flush.js';
import { LingerClock } from './linger-clock.js';
import { noteBegun, noteConcluded } from './lingering.js';
import { How, InputEnd, native } from './native.js';
import { sendQueue } from './queues.js';
import { longestTimer } from './timer.js';
import { limitOutcomes, type LingerLimits, type LingerResult, type Outcome } from './verdict.js';

/** Input that is thrown away at a time, so that one fast sender does not hold up the event loop. */
const discardBudget = 4 * 1024 * 1024;
/** What the last look before the close takes; a sender that is faster than that is reset in any case. */
const lastDiscardBudget = 16 * 1024 * 1024;
/** Who sends more than that at once is handed over at once: the engine discards it without a copy. */
const fastBytes = 256 * 1024;

const numbers = new Float64Array(3);

export class LingerMachine {
  /** Called once, right before the socket is closed. */
  private readonly onVerdict: (verdict: LingerResult) => void;
  private readonly clock: LingerClock;
  private lastSignature = '';
  private timer: NodeJS.Timeout | undefined;
  private done = false;

  private connected: boolean;
  private discardedBytes = 0;
  /** Input is taken from the descriptor by us, no longer by Node. */
  private raw = false;
  /** The last time there was more than the budget. */
  private moreInput = false;
  private peerEnded = false;

  /** Everything that was written is with libuv or the kernel, and the FIN behind it. */
  private flushed = false;
  private finQueued = false;
  private wasAcknowledged = false;
  /** Bytes above the kernel at the last look, and those that can't be sent any more. */
  private lastBuffered: number;
  private lost = 0;
  private retryFlush: (() => void) | undefined;
  private background: BackgroundLinger | undefined;
  /** destroy() waits for this to be called. */
  private release: (() => void) | undefined;

  constructor(
    private readonly socket: SocketLike,
    private readonly limits: LingerLimits,
    onVerdict: (verdict: LingerResult) => void,
  ) {
    this.onVerdict = onVerdict;
    this.clock = new LingerClock(limits);
    this.connected = !socket.connecting;
    this.lastBuffered = writeBuffered(socket);
    noteBegun(socket, this);
  }

  // How it starts

  /**
   * For an open stream, whose end() has been called. Its input, where that is discarded, comes by noteDiscarded() and
   * noteEnd().
   */
  watchStream(): void {
    const { socket } = this;
    if (this.limits.unread === 'discard') {
      this.noteDiscarded(readBuffered(socket));
      if (this.done) return;
      if (this.connected) this.read();
    } else if (socket.readableEnded) {
      this.noteEnd();
    } else {
      socket.once('end', this.noteEnd);
    }
    if (!this.connected) socket.once('connect', this.noteConnect);
    if (socket.writableFinished) {
      this.noteFinish();
    } else {
      socket.once('finish', this.noteFinish);
      // Mostly that is a matter of one turn of the event loop, and there is nothing to see before.
      this.wait(this.clock.firstPause);
    }
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
    else this.retryFlush = flushDestroyed(this.socket, this.noteFlushed);
    this.readRaw();
  }

  /** What the kernel has not taken by now it will never get. */
  private giveUpFlushing(): void {
    // Where a write has failed already it is not in any queue any more.
    if (!this.flushed) this.lost = Math.max(this.lastBuffered, writeBuffered(this.socket));
    this.endFlush();
  }

  private endFlush(): void {
    if (this.isFlushing()) this.clock.restart();
    this.flushed = true;
  }

  /** `timeout` begins anew with every byte that is sent. */
  isFlushing(): boolean {
    return this.limits.fromFlush === true && !this.flushed;
  }

  /** The kernel has it all, or (null) can't be given the rest. */
  private readonly noteFlushed = (complete: true | null): void => {
    if (this.done) return;
    if (complete === null) this.giveUpFlushing();
    this.endFlush();
    this.look();
  };

  // What happens meanwhile

  private readonly noteConnect = (): void => {
    this.connected = true;
    if (this.limits.unread === 'discard') this.read();
  };

  private read(): void {
    if (this.done || this.raw) return;
    // To read on would be an error where our own SHUT_RD was the end (Windows: EPIPE, and Node destroys the socket).
    if (inputEnded(this.socket)) this.noteEnd();
    else startReading(this.socket);
  }

  private readRaw(): void {
    if (!this.raw) {
      this.raw = true;
      stopReading(this.socket);
    }
    this.look();
  }

  /** Input that somebody else has thrown away. */
  noteDiscarded(bytes: number): void {
    if (this.done) return;
    this.noteProgress(bytes);
    const isFast = this.flushed && this.discardedBytes > fastBytes;
    if (isFast || this.discardedBytes > this.limits.maxBytes) this.look();
  }

  /** False while the connection is still being made. */
  isConnected(): boolean {
    return this.connected;
  }

  private isDone(): boolean {
    return this.done;
  }

  private noteProgress(discarded: number): void {
    this.discardedBytes += discarded;
    this.clock.noteProgress();
  }

  readonly noteEnd = (): void => {
    if (this.done) return;
    // From above, close_notify and our own SHUT_RD look like the peer's FIN; so does a reset that libuv sees
    // together with data (POLLHUP, uv__stream_io()). The descriptor knows.
    const state = tcpState(this.socket);
    if (this.flushed && (state === 'TIME_WAIT' || state === 'CLOSED') && this.endedPromptly()) return;
    if (state !== null) return this.readRaw();
    // Nobody tells of the state (Windows before 10 1703): an error that is left is that of a reset.
    if (isTcp(this.socket) && this.isBroken()) return;
    this.peerEnded ||= isPeerFin(this.socket, state);
    this.look();
  };

  /** Most peers answer our FIN by theirs, and that is all: the connection is over, without a reset. */
  private endedPromptly(): boolean {
    if (this.isBroken()) return true;
    const { unacked, finUnacked } = attempt(() => sendQueue(this.socket, false)) ?? {};
    if (unacked !== 0 || finUnacked !== false) return false;
    // Nothing can come any more, and nothing is left that a close could wait for.
    this.isOver = true;
    this.conclude('peer-fin', 0);
    return true;
  }

  private readonly noteFinish = (): void => {
    if (this.done) return;
    this.flushed = true;
    // After close_notify what still comes is ciphertext that nobody will read: no need to decrypt it.
    if (isTls(this.socket) && hasDescriptor(this.socket) && this.limits.unread === 'discard') this.readRaw();
    else if (this.raw || this.peerEnded || this.limits.until === 'acked' || this.limits.unread === 'deliver') this.look();
    // Handing over costs more than a prompt peer's FIN, which libuv brings in a moment.
    else this.wait(this.clock.firstPause);
  };

  // Looking

  private sample(): Sample {
    if (!this.connected) return notConnected;
    const sample = sampleConnection(this.socket, this.flushed, this.finQueued);
    this.finQueued = sample.finQueued;
    this.wasAcknowledged ||= sample.acknowledged === true;
    // That is for good. Windows may tell nothing of a connection that is over.
    return this.wasAcknowledged && sample.acknowledged === null ? { ...sample, unacked: 0, acknowledged: true } : sample;
  }

  private readonly look = (): void => {
    if (this.done || this.background !== undefined) return;
    this.retryFlush?.();
    if (this.isDone()) return; // a callback may come at once
    if (this.raw && !this.discardRaw()) return;
    this.forceFin();
    const sample = this.sample();
    // A reset that Node has not told us of yet: the descriptor says which.
    if (sample.state === 'CLOSED' && !this.raw && this.limits.unread === 'discard') return this.readRaw();
    if (sample.state === 'CLOSED' && !sample.finQueued && this.isBroken()) return;
    const now = performance.now();
    this.compare(sample, now);
    const outcome = this.judge(sample, now);
    if (outcome !== undefined) this.finish(outcome, outcome === 'peer-reset' ? this.readReset() : undefined);
    else if (!sample.halfClosed || !this.handOver(now)) this.schedule(sample, now);
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
    if (end === InputEnd.eof) this.peerEnded ||= isPeerFin(this.socket, tcpState(this.socket));
    return true;
  }

  /** Closed without a FIN of ours: once the end has been read, only SO_ERROR tells of a reset. */
  private isBroken(): boolean {
    const error = takeError(this.socket);
    if (error !== 0) this.finish('peer-reset', native.makeError(error, 'recv'));
    return error !== 0;
  }

  /** Why the connection broke; libuv may have been told before us, and not told anybody yet. */
  private readReset(): Error {
    return native.makeError(takeError(this.socket) || connectionReset, 'recv');
  }

  /** TLS that broke or never finished its handshake can't half-close by itself. */
  private forceFin(): void {
    const { socket } = this;
    if (this.release === undefined || !isTls(socket) || !this.flushed || libuvQueue(socket) > 0) return;
    const state = tcpState(socket);
    if (state === 'ESTABLISHED' || state === 'CLOSE_WAIT') attempt(() => native.shutdown(descriptorOf(socket), How.write));
  }

  /** Whatever has changed here since the last look means that the peer is alive. */
  private compare({ unacked, sent, state }: Sample, now: number): void {
    const { socket } = this;
    this.lastBuffered = writeBuffered(socket);
    const signature = `${this.limits.unread === 'discard' ? '' : socket.bytesRead} ${unacked} ${sent} ${state} ${this.lastBuffered}`;
    if (signature !== this.lastSignature) {
      this.clock.noteProgress(now);
      if (this.isFlushing()) this.clock.restart(now);
    }
    this.lastSignature = signature;
  }

  private judge(sample: Sample, now: number): Outcome | undefined {
    const { limits } = this;
    const sent = sample.acknowledged ?? sample.halfClosed;
    if (sent && this.peerEnded) return 'peer-fin';
    // Nobody can tell what TCP has had acknowledged (Windows before 10 1703, DragonFly): the peer's FIN can.
    const isKnown = sample.acknowledged !== null || !isTcp(this.socket);
    if (sent && limits.until === 'acked' && isKnown) return 'acked';
    if (sample.state === 'CLOSED' && !sent && !this.awaitsFinish(sample)) return 'peer-reset';
    if (this.discardedBytes > limits.maxBytes) return 'byte-limit';
    return this.clock.limitReached(now);
  }

  /** Both sides have ended the connection, without a reset, before Node has come to its 'finish'. */
  private awaitsFinish({ unacked }: Sample): boolean {
    // null: Windows, which does not tell of what was never sent. Where that was lost, recv() has failed.
    return !this.flushed && (unacked ?? 0) === 0 && this.lastBuffered === 0;
  }

  private schedule(sample: Sample, now: number): void {
    // Nobody tells us of an acknowledgement, nor of input that Node does not read for us.
    const told = this.limits.unread === 'discard' && sample.acknowledged === true && !this.raw;
    this.wait(Math.min(this.clock.untilLimit(now), told ? Infinity : this.clock.pause(now, this.moreInput)));
  }

  private wait(milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.look, Math.min(Math.max(1, Math.ceil(milliseconds)), longestTimer));
    if (!isReferenced(this.socket)) this.timer.unref();
  }

  // Handing over

  /** False: the background engine can't take it, or the application is still to be given the input. */
  private handOver(now: number): boolean {
    const { socket, limits } = this;
    if (limits.unread === 'deliver' || !hasDescriptor(socket)) return false;
    const background = lingerInBackground(
      descriptorOf(socket),
      {
        timeout: this.clock.left(now),
        idleTimeout: limits.idleTimeout,
        idleSoFar: this.clock.idle(now),
        maxBytes: limits.maxBytes - this.discardedBytes,
        untilAcked: limits.until === 'acked',
        resetAtLimit: limits.resetAtLimit,
      },
      isReferenced(socket),
      (verdict) => {
        this.discardedBytes += verdict.discarded;
        // The engine has set it for the descriptor that TLS keeps, too.
        this.isReset ||= limits.resetAtLimit && limitOutcomes.has(verdict.outcome);
        this.conclude(verdict.outcome, verdict.unacked, verdict.error);
      },
    );
    if (background === null) return false;
    this.background = background;
    clearTimeout(this.timer);
    stopReading(socket);
    // The engine has a descriptor of its own. TLS can't let go of the one below it.
    if (!isTls(socket)) releaseHandle(socket);
    return true;
  }

  // How it ends

  /**
   * Closes: destroy() was called, or the wait is no longer wanted. The background engine takes a moment for it, and
   * `release` is called then.
   */
  abandon(error: Error | null, reset = false, release?: () => void): void {
    if (this.done) return;
    if (release !== undefined) this.release = release;
    if (this.background !== undefined) {
      this.reason = error ?? undefined;
      // resetClose() calls destroy() as well, which comes here again.
      this.isReset ||= reset;
      this.background.stop(this.isReset);
      return;
    }
    if (reset) this.reset();
    this.finish('already-closed', error ?? undefined);
  }

  /** Both directions are closed: a close() has neither input to look for nor output to wait for. */
  private isOver = false;

  /** The close is to be a reset. */
  private isReset = false;

  private reset(): void {
    this.isReset = setCloseMode(this.socket, 'reset');
  }

  /** What destroy() was given. */
  private reason: Error | undefined;

  /** The connection failed under Node's hands. */
  fail(outcome: 'peer-reset' | 'already-closed', error: Error, release: () => void): void {
    if (this.done) return;
    this.release = release;
    if (!this.socket.writableFinished) this.giveUpFlushing();
    this.finish(outcome, error);
  }

  private finish(outcome: Outcome, error?: Error): void {
    // A destroyed stream's write reports no error when it is cut short.
    if (outcome === 'peer-reset' && this.release !== undefined) this.lost = Math.max(this.lost, this.lastBuffered);
    if (limitOutcomes.has(outcome) && this.limits.resetAtLimit) this.reset();
    this.conclude(outcome, this.sample().unacked, error);
  }

  private conclude(outcome: Outcome, unacked: number | null, error?: Error): void {
    this.done = true;
    clearTimeout(this.timer);
    noteConcluded(this.socket);
    const { socket } = this;
    // A write that has failed has left every queue already, and nobody knows how much of it was taken: not all.
    const failed: NodeJS.ErrnoException | null = socket.errored;
    if (failed?.syscall === 'write') this.lost = Math.max(this.lost, 1);
    const buffered = Math.max(this.lost, writeBuffered(socket));
    const known = unacked !== null || buffered > 0;
    if (outcome !== 'peer-reset' && !this.isOver && hasDescriptor(socket)) {
      // Unread input would turn the close into a reset.
      attempt(() => {
        native.discard(descriptorOf(socket), lastDiscardBudget, numbers);
        this.discardedBytes += numbers[0]!;
      });
    }
    this.stopWatchingStream();
    // A kernel linger, setLinger()'s or somebody else's, would block the event loop at the close.
    if (!this.isReset && !this.isOver && hasDescriptor(socket)) setCloseMode(socket, 'plain');
    const cause = error ?? this.reason;
    const result: LingerResult = {
      outcome,
      delivered: buffered > 0 ? false : unacked === null ? null : unacked === 0,
      unackedBytes: known ? (unacked ?? 0) + buffered : null,
      discardedBytes: this.discardedBytes,
      durationMs: this.clock.elapsed,
      ...(cause === undefined ? {} : { error: cause }),
    };
    noteLingered(socket, result, this.isReset);
    this.onVerdict(result);
    this.release?.();
  }

  private stopWatchingStream(): void {
    const { socket } = this;
    socket.off('connect', this.noteConnect).off('end', this.noteEnd).off('finish', this.noteFinish);
  }
}
