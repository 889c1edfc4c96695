// What must be true of a connection of the randomized test, whatever came first. The two ends race: where they do,
// every outcome that the race may have is accepted, and each of them still has its guarantees.
import assert from 'node:assert/strict';

import type { LingerOptions, LingerResult } from 'socket-linger';

import { tellsAcked } from './acknowledgements.js';
import { isTlsFamily } from './pair.js';
import type { Near } from './random-near.js';
import type { Peer } from './random-peer.js';
import type { Script } from './random-scripts.js';
import type { Transmission } from './random-transmission.js';

/** A connection when all is over: both sockets have closed, and the peer has read what there was. */
export interface Story {
  readonly script: Script;
  readonly near: Near;
  /** undefined: it never came, or too late. */
  readonly peer: Peer | undefined;
  readonly down: Transmission;
  readonly up: Transmission;
  /** The near socket when the close began. */
  readonly before: { readonly dead: boolean; readonly taken: number };
}

/** The handshake may still have been under way. Node takes the end of input for the end of the connection then. */
function mayHandshake({ near, family }: Script): boolean {
  return near === 'unconnected' && isTlsFamily(family);
}

type Must = (condition: boolean, what: string) => void;

export function checkResult(story: Story, result: LingerResult, options: LingerOptions): void {
  const { peer, down, up } = story;
  const { outcome, error, delivered, unackedBytes, discardedBytes } = result;
  const told = `${outcome} (${String(error)}), delivered ${delivered}, ${unackedBytes} unacked, ${discardedBytes} discarded; the peer saw ${peer?.saw}, got ${down.toString()}; sent ${up.written}, taken ${up.received}`;
  const must: Must = (condition, what) => assert.ok(condition, `${what}: ${told}`);

  checkNumbers(story, result, must);
  checkOutcome(story, result, options, must);
  checkApplication(story, options, must);
  checkDelivery(story, result, options, must);
}

function checkNumbers({ script, near, down, up }: Story, result: LingerResult, must: Must): void {
  const { outcome, delivered, unackedBytes, discardedBytes } = result;
  must((delivered === true) === (unackedBytes === 0), 'delivered without unacked bytes, and only then');
  must(delivered !== null || unackedBytes === null, 'unacked bytes where delivered is not known');
  must(delivered !== false || unackedBytes !== null || outcome === 'already-closed', 'not delivered, but how much');
  // Nothing can be told of a connection that has not been made, and nothing needs to if nothing was written.
  const neverMade = script.near === 'unconnected' && down.written === 0;
  must(delivered !== null || script.family === 'unix' || !tellsAcked || outcome === 'already-closed' || neverMade, 'TCP can tell');
  must(delivered !== true || near.wasted === 0, 'delivered to nobody');
  must(result.durationMs >= 0 && discardedBytes >= 0, 'numbers');
  must(up.received + discardedBytes <= up.written + recordOverhead(script, up), 'more input than was sent');
}

/** TLS: ciphertext counts. What records may add to the bytes in them, handshake and tickets included. */
function recordOverhead({ family }: Script, { written, writes }: Transmission): number {
  return isTlsFamily(family) ? 16_384 + 64 * (writes + written / 16_384) : 0;
}

function checkOutcome(story: Story, { outcome, error, delivered, discardedBytes }: LingerResult, options: LingerOptions, must: Must): void {
  const { script, near, peer, before } = story;
  // By itself: TLS, or what came after a reset of ours. Or its server has given the handshake up.
  const peerFailed = peer === undefined ? mayHandshake(script) : peer.socket.errored !== null;
  // libuv's write of close_notify may take the socket's error with it: nothing tells a reset from an end then.
  const mayHideReset = isTlsFamily(script.family) && peer?.gone === true;
  switch (outcome) {
    case 'peer-fin':
      must(peer?.ended === true || peerFailed || mayHideReset || hidesOwnEnd(story), 'the peer never ended');
      break;
    case 'acked':
      must(options.until === 'acked', 'nobody asked for that');
      break;
    case 'timeout':
      must(Number.isFinite(options.timeout ?? 30_000), 'there was no such limit');
      break;
    case 'idle-timeout':
      must(Number.isFinite(options.idleTimeout ?? 5000), 'there was no such limit');
      break;
    case 'byte-limit':
      must(discardedBytes > (options.maxBytes ?? Infinity), 'the limit was not reached');
      break;
    case 'peer-reset':
      must(peerFailed || peer?.gone === true || peer?.orphaned === true || near.readShut, 'the peer did nothing of the kind');
      must(error !== undefined, 'of what');
      break;
    case 'already-closed': {
      const isConnected = (error as NodeJS.ErrnoException | undefined)?.syscall !== 'connect';
      must(before.dead || near.destroyed || !isConnected || mayHandshake(script), 'it was open');
      break;
    }
  }
  if (outcome === 'peer-fin' || outcome === 'acked') must(delivered === (script.family === 'unix' || !tellsAcked ? null : true), 'a good end');
}

/** Without a TCP state our own SHUT_RD looks like the peer's FIN. */
function hidesOwnEnd({ script, near }: Story): boolean {
  return script.family === 'unix' && near.readShut;
}

function checkApplication({ near, up, before }: Story, options: LingerOptions, must: Must): void {
  if (before.dead) return;
  must(near.errorsAfterClose.length === 0, `an 'error' ${String(near.errorsAfterClose[0])}`);
  if (options.unread !== 'deliver') must(up.received === before.taken, 'given to the application');
}

function checkDelivery(story: Story, result: LingerResult, options: LingerOptions, must: Must): void {
  const { script, peer, down, up } = story;
  if (peer === undefined) return;
  // A write that fails at the same time: libuv (in Node 24 and later) reports an end without having read to it.
  const mayMiss = script.family === 'unix' && !peer.quiet;
  if (isDelivered(script, result) && peer.saw === 'end' && !mayMiss) must(down.isComplete(), 'not all has arrived');
  if (mustHear(story, result, options)) must(peer.saw === 'end' && down.isComplete(), 'the peer lost something');
  if (endedBoth(story, result) && !isTlsFamily(script.family)) {
    must(up.received + result.discardedBytes === up.written, 'input is not accounted for');
  }
}

function isDelivered({ family }: Script, { outcome, delivered }: LingerResult): boolean {
  // Unix-domain sockets have no acknowledgement: what the kernel took is in the peer's queue.
  const inQueue = family === 'unix' && delivered === null && outcome !== 'already-closed' && outcome !== 'peer-reset';
  return delivered === true || inQueue;
}

/** The peer's FIN has come, ours is acknowledged: nothing is under way any more that could break the connection. */
function endedBoth(story: Story, { outcome }: LingerResult): boolean {
  const { peer } = story;
  return outcome === 'peer-fin' && peer?.gone === false && peer.socket.errored === null && !hidesOwnEnd(story);
}

/**
 * The peer has to read to an end, sooner or later. Of a reset it may never hear: that is sent once, and even loopback
 * drops packets when the machine is busy.
 */
export function mustHear(story: Story, result: LingerResult, options: LingerOptions): boolean {
  const { script, near, peer } = story;
  if (peer === undefined) return false;
  if (endedBoth(story, result)) return true;
  // Only input that comes after the close, or onTimeout, makes a reset of it.
  const mayReset = near.reset || options.onTimeout === 'reset';
  return isDelivered(script, result) && peer.quiet && !peer.broke && !mayReset;
}

/** destroy() after setLinger(): all that was written arrives. */
export function checkLinger(story: Story): void {
  const { peer, down } = story;
  if (!isLingering(story)) return;
  if (peer?.saw === 'end') assert.ok(down.isComplete(), `setLinger(): the peer got ${down.toString()}`);
  if (mustHearLinger(story)) assert.equal(peer?.saw, 'end', 'setLinger(): how the peer saw it end');
}

function isLingering({ script, near, peer, before }: Story): boolean {
  if (before.dead || !near.armed || near.reset || near.readShut || script.near === 'unconnected') return false;
  return peer !== undefined && !peer.broke;
}

/** Input that comes after the close would make a reset of it. */
export function mustHearLinger(story: Story): boolean {
  return isLingering(story) && story.peer!.quiet;
}
