// enableLingeringClose(): nginx's lingering_close for the servers of node:http, https, net and tls.
import type http from 'node:http';
import net from 'node:net';

import { abortError, onAbort } from './abort.js';
import { trackClose } from './close-cause.js';
import { setCloseMode } from './connection.js';
import { publishEnd, publishStart, type LingerReason } from './diagnostics.js';
import { isDead, takeReset } from './handle.js';
import { endExchanges, endInput, isPipelined, mayHaveBody, watchExchanges } from './http.js';
import { override } from './intercept.js';
import { isKeptSocket, KeptSockets } from './kept-sockets.js';
import { lingerCloseFor } from './linger-close.js';
import { LingerMachine } from './linger-machine.js';
import { checkAmount, checkChoice, checkLingerOptions, type CheckedLingerOptions, type LingerOptions } from './linger-options.js';
import { noteClientError, notePipelining, reasonToLinger, type LingerPolicy } from './linger-reason.js';
import { abandonLinger, isFlushing, isLingering } from './lingering.js';
import { checkServer, connectionEvent, isHttpServer } from './server-kind.js';
import { checkBoolean } from './sockopt.js';
import { discardWhenStalled } from './stalled-request.js';
import { longestTimer } from './timer.js';
import type { LingerResult, Outcome } from './verdict.js';

/** How a server's connections linger; the options of lingerClose() besides. */
export interface LingeringCloseOptions extends Omit<LingerOptions, 'unread'> {
  /**
   * - `'on'` (default): where there is a reason: the request's body has not been received to its end, there is unread
   *   input, the client pipelines, or Node refuses the request (400, 408, 413, 431). Everything else is closed as ever.
   * - `'always'`: every connection that the server closes first.
   */
  mode?: 'on' | 'always';
  /** Sockets that linger at a time; the oldest is closed for the newest. Default: no limit. */
  maxLingering?: number;
  /** Milliseconds that a socket lingers at most once the server is being closed. Default 5 000. */
  closingTimeout?: number;
  /** http and https: also sockets that were upgraded, or came by CONNECT. Default false. */
  upgraded?: boolean;
}

/** What has become of a server's connections, and the switch. */
export interface LingeringClose {
  /** Sockets that linger now. */
  readonly lingering: number;
  /** Sockets that have begun to linger. */
  readonly total: number;
  /** Those that are done, by outcome; `'evicted'`: closed for a newer one (maxLingering). */
  readonly outcomes: Readonly<Record<Outcome | 'evicted', number>>;
  /** Bytes of input that those that are done have thrown away. */
  readonly discardedBytes: number;
  /** Connections are closed as without us from now on. Sockets that linger already go on. */
  disable(): void;
}

interface CheckedOptions {
  readonly limits: CheckedLingerOptions;
  readonly policy: LingerPolicy;
  readonly maxLingering: number;
  readonly closingTimeout: number;
}

function checkOptions(isHttp: boolean, options: LingeringCloseOptions = {}): CheckedOptions {
  const limits = checkLingerOptions(options);
  const { maxLingering = Infinity, closingTimeout = 5000, upgraded = false } = options;
  const mode = checkChoice('mode', options.mode, 'on', 'always');
  // The stream is destroyed by then.
  checkChoice('unread', limits.unread, 'discard');
  checkBoolean('options.upgraded', upgraded);
  return {
    limits,
    policy: { isHttp, always: mode === 'always', upgraded },
    maxLingering: checkAmount('maxLingering', maxLingering),
    closingTimeout: checkAmount('closingTimeout', closingTimeout),
  };
}

const keepers = new WeakMap<net.Server, Keeper>();

/** It has lost its handle, and not to a linger: nobody will close it. */
export function isGone(socket: net.Socket): boolean {
  return !socket.destroyed && isDead(socket) && !isLingering(socket);
}

/** Cares for the connections of one server. */
export class Keeper implements LingeringClose {
  readonly outcomes: Record<Outcome | 'evicted', number> = {
    'peer-fin': 0,
    acked: 0,
    timeout: 0,
    'idle-timeout': 0,
    'byte-limit': 0,
    'peer-reset': 0,
    'already-closed': 0,
    evicted: 0,
  };
  total = 0;
  discardedBytes = 0;
  /** Open connections. */
  readonly sockets = new KeptSockets((socket, error, close) => this.destroying(socket, error, close));
  /** How many of them there may be before somebody looks for those that are gone. */
  private sweepAt = 128;
  /** Those of them that linger, the oldest first. */
  private readonly lingerers = new Set<net.Socket>();
  /** Those that we have cut short, until they are closed: how they count then. */
  private readonly cutShort = new Map<net.Socket, 'timeout' | 'evicted'>();
  private readonly undo: (() => void)[] = [];
  private isEnabled = true;
  private isClosing = false;

  constructor(
    readonly server: net.Server,
    private readonly options: CheckedOptions,
  ) {
    this.listen();
    const { signal } = options.limits;
    if (signal !== undefined) this.undo.push(onAbort(signal, () => this.abort()));
  }

  get lingering(): number {
    return this.lingerers.size;
  }

  private listen(): void {
    const { server } = this;
    this.on(connectionEvent(server), (socket: net.Socket) => this.keep(socket));
    if (this.options.policy.isHttp) this.undo.push(watchExchanges(server, { request: noteRequest, clientError: noteClientError }));
    this.on('listening', () => (this.isClosing = false));
    const close = server.close.bind(server);
    this.undo.push(
      override(server, 'close', (...args: Parameters<typeof close>) => {
        this.hurry();
        return close(...args);
      }),
    );
    if ('closeAllConnections' in server) {
      const closeAll = (server as http.Server).closeAllConnections.bind(server);
      this.undo.push(
        override(server, 'closeAllConnections', () => {
          closeAll();
          // Those that it has made linger, too: nothing is to be left.
          this.abandonAll();
        }),
      );
    }
  }

  private on(event: string, listener: (...args: never[]) => void): void {
    // First: a listener of the application may end the socket, or the response, right away.
    this.server.prependListener(event, listener as never);
    this.undo.push(() => this.server.off(event, listener as never));
  }

  /** A connection that is not a net.Socket (anything can be given to `server.emit('connection')`) is left alone. */
  keep(socket: net.Socket): void {
    if (!(socket instanceof net.Socket) || !Object.isExtensible(socket)) return;
    trackClose(socket);
    this.sockets.add(socket);
    if (this.sockets.size >= this.sweepAt) this.sweep();
  }

  /** A socket that was sent to another process has no handle any more, and is never destroyed here. */
  sweep(): void {
    for (const socket of this.sockets) if (isGone(socket)) this.sockets.delete(socket);
    this.sweepAt = Math.max(128, 2 * this.sockets.size);
  }

  /** The connection is closed as without us. */
  forget(socket: net.Socket): void {
    this.sockets.delete(socket);
  }

  disable(): void {
    if (!this.isEnabled) return;
    this.isEnabled = false;
    if (keepers.get(this.server) === this) keepers.delete(this.server);
    for (const one of this.undo.splice(0)) one();
  }

  private abort(): void {
    this.disable();
    this.abandonAll();
  }

  private abandonAll(): void {
    for (const socket of this.lingerers) abandonLinger(socket, false);
  }

  private destroying(socket: net.Socket, error: Error | null, close: () => void): boolean {
    const reason = this.reasonFor(socket, error);
    if (reason !== null) this.linger(socket, reason, close);
    return reason !== null;
  }

  private reasonFor(socket: net.Socket, error: Error | null): LingerReason | null {
    if (!this.isEnabled) return null;
    if (takeReset(socket)) {
      setCloseMode(socket, 'reset');
      return null;
    }
    return reasonToLinger(socket, error, this.options.policy);
  }

  private linger(socket: net.Socket, reason: LingerReason, close: () => void): void {
    const { limits, policy } = this.options;
    const message = { socket, reason, server: this.server };
    this.evict(1);
    this.begin(socket);
    watchLateCalls(socket);
    publishStart(message);
    const machine = new LingerMachine(socket, { ...limits, timeout: this.timeout(), fromFlush: true }, (result) => {
      this.noteResult(socket, result);
      publishEnd(message, result);
    });
    machine.watchDestroyed(close);
    this.evict(0); // maxLingering may be 0
    if (policy.isHttp) setImmediate(endExchanges, socket);
  }

  /** Ends a connection that nobody has ended, in the same way. */
  end(socket: net.Socket, reason: LingerReason, timeout = this.timeout()): void {
    if (socket.destroyed || isLingering(socket)) return;
    const { idleTimeout, maxBytes, until, resetAtLimit } = this.options.limits;
    const limits = { timeout, idleTimeout, maxBytes, until, onTimeout: resetAtLimit ? 'reset' : 'close' } as const;
    this.evict(1);
    this.begin(socket);
    void lingerCloseFor({ socket, reason, server: this.server }, limits).then((result) => this.noteResult(socket, result));
    this.evict(0); // maxLingering may be 0
  }

  private timeout(): number {
    const { limits, closingTimeout } = this.options;
    return this.isClosing ? Math.min(limits.timeout, closingTimeout) : limits.timeout;
  }

  private begin(socket: net.Socket): void {
    this.total += 1;
    this.lingerers.add(socket);
  }

  /** Has room for `newer` sockets more. */
  private evict(newer: 0 | 1): void {
    for (const oldest of this.lingerers) {
      if (this.lingerers.size + newer <= this.options.maxLingering) return;
      this.cut(oldest, 'evicted');
    }
  }

  private noteResult(socket: net.Socket, { outcome, discardedBytes }: LingerResult): void {
    const cause = outcome === 'already-closed' ? this.cutShort.get(socket) : undefined;
    this.lingerers.delete(socket);
    this.cutShort.delete(socket);
    this.outcomes[cause ?? outcome] += 1;
    this.discardedBytes += discardedBytes;
  }

  /** The background engine takes a moment to close it. */
  private cut(socket: net.Socket, cause: 'timeout' | 'evicted', reset = this.options.limits.resetAtLimit): void {
    if (!this.lingerers.delete(socket)) return;
    this.cutShort.set(socket, cause);
    abandonLinger(socket, reset);
  }

  /** Resets what lingers. */
  resetLingerers(): void {
    for (const socket of this.lingerers) this.cut(socket, 'timeout', true);
  }

  /** The server is being closed: what lingers now has `closingTimeout` left. */
  private hurry(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.cutLater([...this.lingerers]);
  }

  private cutLater(sockets: net.Socket[]): void {
    const { closingTimeout, limits } = this.options;
    if (sockets.length === 0 || closingTimeout >= limits.timeout || closingTimeout > longestTimer) return;
    const cutAll = (): void => {
      // A slow reader of a big answer gets its time when all of that is in the kernel.
      const flushing = sockets.filter((socket) => this.lingerers.has(socket) && isFlushing(socket));
      for (const socket of sockets) if (!isFlushing(socket)) this.cut(socket, 'timeout');
      this.cutLater(flushing);
    };
    // The sockets themselves keep the process alive.
    setTimeout(cutAll, closingTimeout).unref();
  }
}

/** For a socket that has been destroyed, and lingers before it is closed. */
function watchLateCalls(socket: net.Socket): void {
  const destroy = socket.destroy.bind(socket);
  const destroySoon = socket.destroySoon.bind(socket);
  const resetAndDestroy = socket.resetAndDestroy.bind(socket);
  // Who calls it a second time, server.closeAllConnections() for one, does not want to wait.
  override(socket, 'destroy', function (this: net.Socket, error?: Error) {
    if (this.destroyed && error == null) abandonLinger(this, false);
    return destroy(error);
  });
  // Node's own would come at the end of the linger, or not at all: the background engine has the descriptor.
  override(socket, 'resetAndDestroy', function (this: net.Socket) {
    return this.destroyed && abandonLinger(this, true) ? this : resetAndDestroy();
  });
  // node:http calls it at the end of an answer that was cut short by destroy(): not a second destroy().
  override(socket, 'destroySoon', function (this: net.Socket) {
    if (!this.destroyed) destroySoon();
  });
}

// Every request pays for it: no closure, and no look at request.headers, which node:http makes only when they are asked for.
function noteRequest(request: http.IncomingMessage, response: http.ServerResponse): void {
  // Anything can be given to `server.emit('request')`.
  if (!isKeptSocket(request.socket)) return;
  if (isPipelined(request, response)) notePipelining(request.socket);
  if (mayHaveBody(request)) response.on('prefinish', noteWritten);
}

function noteWritten(this: http.ServerResponse): void {
  if (endInput(this.req, this)) discardWhenStalled(this.req, this);
}

/**
 * nginx's `lingering_close` for a server of node:http, node:https, node:net or node:tls, and for every framework on top
 * of one. A connection that the server closes although its client is still sending is not destroyed at once, which
 * would make a reset of it and take the answer away: its FIN goes out behind the answer, what still comes is thrown away,
 * and it is closed when the client has closed, or at a limit. It holds for connections that are made from now on.
 *
 * http and https: it covers whatever ends in Node's own close of the connection (Connection: close, HTTP/1.0, 400,
 * 408, 413, 417, 431, `destroySoon()`), and destroy() after the whole answer was written. Events of requests and responses
 * come as ever, only the socket's 'close' waits. net and tls: destroySoon(), and destroy() after end().
 * destroy() before that is an abort, and stays one.
 *
 * A second call for the same server takes the place of the first. Errors: ERR_INVALID_ARG_TYPE,
 * ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE.
 */
export function enableLingeringClose(server: net.Server, options: LingeringCloseOptions = {}): LingeringClose {
  return keeperFor(server, options);
}

export function isKept(server: net.Server): boolean {
  return keepers.has(server);
}

/** The keeper that a server has, or a new one. Given options, always a new one. */
export function keeperFor(server: net.Server, options?: LingeringCloseOptions): Keeper {
  checkServer(server);
  const before = keepers.get(server);
  if (before !== undefined && options === undefined) return before;
  const checked = checkOptions(isHttpServer(server), options);
  if (checked.limits.signal?.aborted === true) {
    throw abortError(checked.limits.signal);
  }
  before?.disable();
  const keeper = new Keeper(server, checked);
  keepers.set(server, keeper);
  for (const socket of before?.sockets ?? []) keeper.keep(socket);
  return keeper;
}
