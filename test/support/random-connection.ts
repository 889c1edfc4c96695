// One connection of the randomized test: runs its script on real sockets, brings both ends to their close, and then
// has the model judge. random-near.ts and random-peer.ts are the two ends, random-model.ts says what must be true.
import assert from 'node:assert/strict';
import net from 'node:net';
import tls from 'node:tls';

import { lingerClose, type LingerOptions } from 'socket-linger';

import { certificate, connectPair, isTlsFamily, listen, sleep, tick, tlsVersion, track } from './pair.js';
import { checkLinger, checkResult, mustHear, mustHearLinger, type Story } from './random-model.js';
import { Near } from './random-near.js';
import { Peer } from './random-peer.js';
import { lingerSeconds, type EarlyStep, type Script } from './random-scripts.js';
import { Transmission } from './random-transmission.js';

/**
 * Nothing here takes a second by itself: who waits so long waits for ever. Turns of the event loop are counted, so that
 * a machine that is busy with other things, or stands still, is no reason to give up.
 */
async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    let turns = 0;
    timer = setInterval(() => {
      turns += 1;
      if (turns === 300) reject(new Error(`waited in vain for ${what}`));
    }, 100);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearInterval(timer);
  }
}

/** Time for a peer that never comes to an end by itself. */
const shortTimeout = 100;

type LingerClose = Extract<Script['close'], { by: 'lingerClose' }>;

interface Judgement {
  /** The peer has to read to the end before the check. */
  readonly mustHear: boolean;
  readonly check: () => void;
}

export class RandomConnection {
  private near!: Near;
  private peer: Peer | undefined;
  private peerArrives: Promise<void> = Promise.resolve();
  private server!: net.Server;
  private readonly down = new Transmission();
  private readonly up = new Transmission();
  private readonly isTls: boolean;

  constructor(private readonly script: Script) {
    this.isTls = isTlsFamily(script.family);
  }

  async run(): Promise<void> {
    await within('the connection', this.open());
    const { near } = this;
    for (const step of this.script.early) await this.take(step);
    const before = { dead: near.socket.destroyed, taken: this.up.received };
    near.closing = true;
    this.peer?.noteClosing(false);
    const judge = this.close(before);
    for (const step of this.script.late) {
      if ('late' in step) near.takeLate(step);
      else await this.take(step);
    }
    await within('the end', this.end(before.dead));
    await within("'close'", near.closed);
    await within('what else was called', Promise.all([...near.others, ...(this.peer?.others ?? [])]));
    const { mustHear, check } = await within('the result', judge());
    await this.readRest(mustHear);
    check();
    assert.equal(near.closings, 1, "'close' events");
    assert.equal(this.down.wrong, false, `the peer got what was not written: ${this.down.toString()}`);
    assert.equal(this.up.wrong, false, `the application got what was not sent: ${this.up.toString()}`);
    this.peer?.socket.destroy();
    this.server.close();
  }

  // How it starts

  private async open(): Promise<void> {
    const { family, near, allowHalfOpen } = this.script;
    if (near === 'unconnected') return this.connect();
    const pair = await connectPair({ family, server: { allowHalfOpen: allowHalfOpen || near !== 'accepted' } });
    // We may be within the event by which the handshake ends, and TLS 1.3's tickets are still to be written.
    await new Promise(setImmediate);
    this.server = pair.server;
    const [one, other] = near === 'accepted' ? [pair.near, pair.far] : [pair.far, pair.near];
    this.watchPeer(other);
    this.watchNear(one);
  }

  /** Does not wait for the connection. */
  private async connect(): Promise<void> {
    const { family, allowHalfOpen } = this.script;
    const options = { allowHalfOpen: true };
    this.server = isTlsFamily(family)
      ? tls.createServer({ ...certificate, ...tlsVersion(family), ...options })
      : net.createServer(options);
    const target = { ...(await listen(this.server, family)), allowHalfOpen };
    this.peerArrives = new Promise((resolve) => {
      this.server.once(this.isTls ? 'secureConnection' : 'connection', (socket: net.Socket) => {
        this.watchPeer(socket);
        // Node drops a record if end() is called within this very event and more has come along with the handshake.
        setImmediate(resolve);
      });
    });
    this.watchNear(
      track(isTlsFamily(family) ? tls.connect({ ...target, ...tlsVersion(family), rejectUnauthorized: false }) : net.connect(target)),
    );
  }

  private watchNear(socket: net.Socket): void {
    const isPeerClosed = (): boolean => this.peer?.socket.closed === true;
    this.near = new Near(socket, this.script.reads, this.up, this.down, isPeerClosed);
  }

  private watchPeer(socket: net.Socket): void {
    const peer = new Peer(socket, this.script.family, this.up, this.down);
    // It may come when the near socket is being closed already.
    if (this.peer === undefined && (this.near as Near | undefined)?.closing === true) peer.noteClosing(true);
    this.peer = peer;
  }

  private async take(step: EarlyStep): Promise<void> {
    if ('near' in step) this.near.take(step);
    else if ('far' in step) this.peer?.take(step);
    else if (step.wait === 'tick') await tick();
    else if (step.wait === 'immediate') await new Promise(setImmediate);
    else await sleep(step.wait);
  }

  // The close

  /** Begins it. The returned function tells how it went, when the near socket has closed. */
  private close(before: Story['before']): () => Promise<Judgement> {
    const { near, script } = this;
    const { close } = script;
    if (close.by === 'lingerClose') return this.lingerClose(close, before);
    if (close.by === 'resetClose') {
      near.resetClose();
    } else if (close.by === 'linger') {
      near.take({ near: 'setLinger', seconds: lingerSeconds });
      near.take({ near: 'destroy' });
    } else {
      // What setLinger() has armed ends as destroy() does; but after end() it does not begin before that.
      near.destroyed ||= close.by !== 'end';
      near.socket[close.by]();
    }
    return () => {
      const story = this.tell(before);
      return Promise.resolve({ mustHear: mustHearLinger(story), check: () => checkLinger(story) });
    };
  }

  private lingerClose(close: LingerClose, before: Story['before']): () => Promise<Judgement> {
    const { near } = this;
    const options = this.limited(close.options);
    if (close.signal === 'aborted') near.controller.abort();
    near.lingering = lingerClose(near.socket, close.signal === 'none' ? options : { ...options, signal: near.controller.signal });
    const settled = near.lingering.then(
      (result) => ({ result, closings: near.closings }),
      (error: unknown) => ({ error, closings: near.closings }),
    );
    return async () => {
      const outcome = await settled;
      assert.equal(outcome.closings, 1, "settled after 'close'");
      if ('result' in outcome) {
        assert.notEqual(close.signal, 'aborted', 'not rejected for the aborted signal');
        const story = this.tell(before);
        const { result } = outcome;
        return { mustHear: mustHear(story, result, options), check: () => checkResult(story, result, options) };
      }
      if (!near.controller.signal.aborted || (outcome.error as Error).name !== 'AbortError') throw outcome.error;
      return { mustHear: false, check: () => undefined };
    };
  }

  private tell(before: Story['before']): Story {
    const { script, near, peer, down, up } = this;
    return { script, near, peer, down, up, before };
  }

  /** Some peers never come to an end, nor does an application that is still to be given what it does not take. */
  private limited(options: LingerOptions): LingerOptions {
    const { early, late, finale, near } = this.script;
    const isEndless =
      finale !== 'read, end' && finale !== 'end, read' ||
      // A reset is sent once and may be lost.
      [...early, ...late].some((step) => 'far' in step && (step.far === 'reset' || step.far === 'destroy')) ||
      options.unread === 'deliver' ||
      // A handshake that was cut off: the server waits for the rest.
      (near === 'unconnected' && this.isTls);
    return isEndless && (options.timeout ?? Infinity) > shortTimeout ? { ...options, timeout: shortTimeout } : options;
  }

  /** Has the peer do its last, so that the near socket comes to its 'close'. */
  private async end(wasDead: boolean): Promise<void> {
    const { near, script } = this;
    const by = script.close.by;
    // They wait for the handshake, which waits for a silenced socket.
    const mayHandshake = this.isTls && script.near === 'unconnected';
    if (mayHandshake && (by === 'end' || by === 'destroySoon')) near.socket.destroy();
    await Promise.race([this.peerArrives, near.closed]);

    // Nothing else than lingerClose(), on a socket that it has found alive, has limits of its own.
    const isBounded = near.lingering !== undefined && !wasDead;
    if (this.peer?.socket.destroyed === false) await this.endPeer(this.peer, isBounded);
    if (by === 'end') {
      if (this.peer !== undefined) await Promise.race([this.peer.over, near.closed]);
      near.socket.destroy();
    }
  }

  private async endPeer(peer: Peer, isBounded: boolean): Promise<void> {
    const { finale } = this.script;
    switch (finale) {
      case 'reset':
      case 'destroy':
        peer.take({ far: finale });
        break;
      case 'stop reading':
        peer.take({ far: isBounded ? 'stop reading' : 'destroy' });
        break;
      case 'end, read':
        peer.end();
        peer.read('all');
        break;
      case 'read, end':
        peer.read('all');
        peer.endAfterEnd();
        break;
      case 'read':
        peer.read('all');
        break;
      case 'upload':
        peer.read('all');
        if (isBounded) await peer.keepUploading(this.near.socket);
    }
  }

  /** The peer reads what it has not read yet. */
  private async readRest(mustHear: boolean): Promise<void> {
    const { peer } = this;
    if (peer === undefined || peer.socket.destroyed || peer.saw !== undefined) return;
    peer.read('all');
    if (mustHear) await within('the end at the peer', peer.over);
    else await Promise.race([peer.over, sleep(20)]);
  }
}
