// closeServer(): a graceful stop of a whole server.
import type http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';

import { abortError, onAbort } from './abort.js';
import { afterClose } from './connection.js';
import { prepareDescriptors } from './handle.js';
import { currentResponse, httpConnections, idleConnections, isUpgraded, makeLast, unfinishedRequest, watchExchanges } from './http.js';
import { override } from './intercept.js';
import { checkAmount, checkChoice, checkObject, checkSignal } from './linger-options.js';
import { unreadBytes } from './linger-reason.js';
import { isLingering } from './lingering.js';
import { resetClose } from './reset-close.js';
import { isGone, isKept, keeperFor, type Keeper } from './server.js';
import { checkServer, connectionEvent, isHttpServer } from './server-kind.js';
import { longestTimer } from './timer.js';
import type { Outcome } from './verdict.js';

export interface CloseServerOptions {
  /** Milliseconds until whatever is left is reset; Infinity for no limit. Default 30 000. */
  timeout?: number;
  /**
   * Connections that are not an HTTP exchange (net and tls servers, upgraded sockets): end them now as lingerClose()
   * does (default), or wait until the application or the peer ends them.
   */
  streams?: 'linger' | 'wait';
  /** Resets what is left and rejects with AbortError. */
  signal?: AbortSignal;
}

/** How the connections ended that were open when closeServer() was called. */
export interface CloseServerResult {
  /** Connections that ended after lingering, by how that went. */
  readonly lingered: Readonly<Record<Outcome | 'evicted', number>>;
  /** Connections that ended as Node closes them, with nothing to linger for. */
  readonly closed: number;
  /** Connections that were reset, at the timeout. */
  readonly reset: number;
  readonly durationMs: number;
}

interface CheckedOptions {
  readonly timeout: number;
  readonly streams: 'linger' | 'wait';
  readonly signal: AbortSignal | undefined;
}

function checkOptions(options: CloseServerOptions): CheckedOptions {
  checkObject(options);
  return {
    timeout: checkAmount('timeout', options.timeout ?? 30_000),
    streams: checkChoice('streams', options.streams, 'linger', 'wait'),
    signal: checkSignal(options.signal),
  };
}

/** How long a connection that has never sent anything may take for its first request. */
const firstRequestGrace = 1000;
/** When to look again at a connection whose request has arrived and is not read yet. */
const readPause = 10;
/** Connections that Node lets wait for being accepted, where it is not told otherwise. */
const longestBacklog = 511;

const promises = new WeakMap<net.Server, Promise<CloseServerResult>>();

/**
 * Stops a server so that no client loses an answer:
 *
 * 1. It accepts who has connected by now, and then nobody more (`server.close()`).
 * 2. http and https: connections between two requests end with FIN. A request that has arrived, or arrives before that, is
 *    still served; answers whose head is not written yet say `Connection: close`.
 * 3. Connections that end linger as with enableLingeringClose(), whose options hold where it was called, at most for its
 *    `closingTimeout`. Those of net and tls servers are ended so at once (see `streams`).
 * 4. What is left at the timeout is reset.
 *
 * Resolves when the last connection is closed; a second call resolves with the first. Connections of net and tls servers
 * that were made before enableLingeringClose() was called are found where Node shows them: net's are, except those that
 * keep no process alive (`unref()`), tls' are not, and are reset at the timeout only if they are found.
 *
 * Rejects with ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE and AbortError.
 */
export async function closeServer(server: net.Server, options: CloseServerOptions = {}): Promise<CloseServerResult> {
  checkServer(server);
  const checked = checkOptions(options);
  let promise = promises.get(server);
  if (promise === undefined) {
    const wasKept = isKept(server);
    const keeper = keeperFor(server);
    promise = new Closing(keeper, checked).run().finally(() => {
      if (!wasKept) keeper.disable();
      // The server may listen again.
      promises.delete(server);
    });
    promises.set(server, promise);
  }
  return promise;
}

/** Connections that nobody has told us of. */
function findConnections(server: net.Server): net.Socket[] {
  const { _getActiveHandles: getActiveHandles } = process as { _getActiveHandles?: () => unknown[] };
  const handles = getActiveHandles?.call(process) ?? [];
  const sockets = handles.filter(
    (handle): handle is net.Socket =>
      handle instanceof net.Socket && (handle as { _server?: unknown })._server === server,
  );
  return [...httpConnections(server), ...sockets];
}

/** Everything that was ready has had its turn. */
async function turnOfEventLoop(): Promise<void> {
  // The first one still belongs to the turn that is under way.
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

class Closing {
  private readonly startedAt = performance.now();
  private readonly server: net.Server;
  private readonly isHttp: boolean;
  private readonly lingeredBefore: Keeper['outcomes'];
  private readonly seen = new Set<net.Socket>();
  /** Requests and responses after whose end the connection is looked at again. */
  private readonly awaited = new WeakSet<object>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private reset = 0;
  private isGraceOver = false;
  /** At the timeout, or aborted: who still comes is reset as well. */
  private isOver = false;

  constructor(
    private readonly keeper: Keeper,
    private readonly options: CheckedOptions,
  ) {
    this.server = keeper.server;
    this.isHttp = isHttpServer(this.server);
    this.lingeredBefore = { ...keeper.outcomes };
  }

  async run(): Promise<CloseServerResult> {
    const { keeper, server, options } = this;
    const isTls = server instanceof tls.Server;
    // A socket below TLS is closed by what is above.
    for (const socket of findConnections(server)) if (!isTls || socket instanceof tls.TLSSocket) keeper.keep(socket);
    keeper.sweep();
    for (const socket of keeper.sockets) this.seen.add(socket);

    const noteRequest = ({ socket }: http.IncomingMessage): void => {
      if (keeper.sockets.has(socket)) this.settle(socket);
    };
    const noteConnection = (socket: net.Socket): void => {
      this.seen.add(socket);
      this.settleSoon();
    };
    const connection = connectionEvent(server);
    server.prependListener(connection, noteConnection);
    const ignoreRequests = watchExchanges(server, { request: noteRequest });
    let ignoreAbort: (() => void) | undefined;
    const aborted = new Promise<never>((_, reject) => {
      const { signal } = options;
      const abort = (): void => {
        this.resetAll();
        reject(abortError(signal));
      };
      if (signal?.aborted === true) abort();
      else if (signal !== undefined) ignoreAbort = onAbort(signal, abort);
    });
    this.later(firstRequestGrace, () => {
      this.isGraceOver = true;
      this.settleAll();
    });
    this.later(options.timeout, () => this.resetAll());
    // Also after an abort: connections may come until then.
    const closed = this.stopListening().finally(() => {
      for (const timer of this.timers) clearTimeout(timer);
      ignoreAbort?.();
      ignoreRequests();
      server.off(connection, noteConnection);
    });
    await Promise.race([closed, aborted]);
    return this.result();
  }

  /** Without what node:http does to idle connections: a reset for a request that has just arrived. */
  private async stopListening(): Promise<void> {
    const { server } = this;
    await this.emptyBacklog();
    this.settleSoon();
    const restore = override(server, 'closeIdleConnections', () => undefined);
    // It has an error if the server was not listening: then its connections are waited for all the same.
    const closed = new Promise((resolve) => server.close(resolve));
    restore();
    await closed;
    // Node's server has closed a little before its last socket has.
    for (const socket of this.seen) if (isGone(socket)) this.seen.delete(socket);
    await Promise.all([...this.seen].map((socket) => new Promise<void>((resolve) => afterClose(socket, resolve))));
    await turnOfEventLoop(); // until that has been counted
  }

  /**
   * Whoever has connected by now is accepted first: closing the listener would reset connections that wait in its
   * backlog. And what they have sent is read, so that they are not taken for idle.
   */
  private async emptyBacklog(): Promise<void> {
    const { server } = this;
    let accepted = 0;
    const count = (): void => void (accepted += 1);
    server.on('connection', count);
    // libuv accepts one in a turn of the event loop. While there are always more of them, somebody has to be the last.
    for (let turns = 0, before = -1; accepted > before && turns < longestBacklog && !this.isOver; turns += 1) {
      before = accepted;
      await turnOfEventLoop();
    }
    server.off('connection', count);
  }

  private later(milliseconds: number, action: () => void): void {
    if (milliseconds > longestTimer) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      action();
    }, milliseconds);
    // The connections keep the process alive.
    this.timers.add(timer.unref());
  }

  private settleSoon(): void {
    setImmediate(() => this.settleAll());
  }

  private settleAll(): void {
    if (this.isOver) return this.resetAll();
    const idle = this.isHttp ? idleConnections(this.server) : undefined;
    prepareDescriptors(this.keeper.sockets);
    for (const socket of this.keeper.sockets) this.settle(socket, idle);
  }

  /** Ends the connection, or has it looked at again when it may be ended. */
  private settle(socket: net.Socket, idle?: ReadonlySet<net.Socket>): void {
    if (socket.destroyed || socket.writableEnded) return; // it is ending already
    if (!this.isHttp || isUpgraded(socket)) {
      if (this.options.streams === 'linger') this.keeper.end(socket, 'server-closing', this.options.timeout);
      return;
    }
    const response = currentResponse(socket);
    if (response !== null) this.settleAfter(socket, response);
    else if (idle?.has(socket) === true) this.settleIdle(socket);
    else this.settleAtClose(unfinishedRequest(socket));
    // Where there is none a request is arriving, and comes by noteRequest().
  }

  private settleAfter(socket: net.Socket, response: http.ServerResponse): void {
    makeLast(socket, response);
    this.settleAtClose(response);
  }

  private settleAtClose(message: http.ServerResponse | http.IncomingMessage | null): void {
    if (message === null || this.awaited.has(message)) return;
    this.awaited.add(message);
    message.once('close', () => this.settleSoon());
  }

  private settleIdle(socket: net.Socket): void {
    if (unreadBytes(socket) > 0) this.later(readPause, () => this.settleAll());
    else if (socket.bytesRead > 0 || this.isGraceOver) this.keeper.end(socket, 'server-closing');
  }

  private resetAll(): void {
    this.isOver = true;
    this.keeper.resetLingerers();
    // In the middle of a handshake there is no TLSSocket that anybody knows of.
    const sockets = new Set([...this.keeper.sockets, ...findConnections(this.server)]);
    prepareDescriptors(sockets);
    for (const socket of sockets) {
      if (socket.destroyed || isLingering(socket)) continue;
      this.seen.add(socket);
      this.reset += 1;
      this.keeper.forget(socket); // it is not to linger: unix-domain sockets have no reset
      void resetClose(socket).catch(() => socket.destroy());
    }
  }

  private result(): CloseServerResult {
    const lingered = { ...this.keeper.outcomes };
    let total = 0;
    for (const outcome of Object.keys(lingered) as (keyof typeof lingered)[]) {
      lingered[outcome] -= this.lingeredBefore[outcome];
      total += lingered[outcome];
    }
    const closed = Math.max(0, this.seen.size - total - this.reset);
    return { lingered, closed, reset: this.reset, durationMs: performance.now() - this.startedAt };
  }
}
