// The open connections of a server, and a hook in the `_destroy` of each.
//
// Every connection pays for it, most of them for nothing, so it is what V8 takes cheaply: plain properties, put on in the
// same order and never taken away. With an exchanged prototype each socket of node:http has a hidden class of its own, and
// code that V8 has optimized for sockets serves none of them; a Set that sockets are put into and taken from doubles the time
// of scavenges. Figures: docs/PERFORMANCE.md.
import type net from 'node:net';

import { remember, type Destroy } from './intercept.js';

const listKey = Symbol('socket-linger.list');
const placeKey = Symbol('socket-linger.place');

interface Kept extends net.Socket {
  [listKey]?: KeptSockets;
  /** In its list; -1: not any more. */
  [placeKey]: number;
  _destroy: Destroy<Kept>;
}

const nowhere = -1;

const hookDestroy = remember<Destroy<Kept>>((inner) => function (error, callback) {
  const list = this[listKey]!;
  const close = (): void => {
    list.delete(this);
    inner.call(this, error, callback);
  };
  if (!list.has(this) || !list.holdBack(this, error, close)) close();
});

/** Anything may be asked. */
export function isKeptSocket(socket: net.Socket | null | undefined): boolean {
  return (socket as Partial<Kept> | null | undefined)?.[listKey] !== undefined;
}

export class KeptSockets implements Iterable<net.Socket> {
  private readonly sockets: Kept[] = [];

  /** `holdBack` is asked within the `_destroy` of each; true: it calls `close` later. */
  constructor(readonly holdBack: (socket: net.Socket, error: Error | null, close: () => void) => boolean) {}

  /** A socket belongs to the list that it was added to last. */
  add(socket: net.Socket): void {
    const kept = socket as Kept;
    const before = kept[listKey];
    before?.delete(kept);
    kept[listKey] = this;
    kept[placeKey] = this.sockets.push(kept) - 1;
    if (before === undefined) kept._destroy = hookDestroy(kept._destroy);
  }

  get size(): number {
    return this.sockets.length;
  }

  has(socket: net.Socket): boolean {
    const kept = socket as Partial<Kept>;
    return kept[listKey] === this && kept[placeKey] !== nowhere;
  }

  /** It is closed as without us. */
  delete(socket: net.Socket): void {
    const kept = socket as Kept;
    const place = kept[placeKey];
    if (kept[listKey] !== this || place === nowhere) return;
    kept[placeKey] = nowhere;
    const last = this.sockets.pop()!;
    if (last === kept) return;
    this.sockets[place] = last;
    last[placeKey] = place;
  }

  /** Those that are open now, whatever becomes of them meanwhile. */
  [Symbol.iterator](): IterableIterator<net.Socket> {
    return [...this.sockets].values();
  }
}
