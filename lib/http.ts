// A connection of node:http's server, as node:http itself keeps it: the only file that touches those private parts. Each
// is read defensively, since a Node version or another runtime may lack it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';

import { override } from './intercept.js';

interface Parser {
  /** The request that is being received, or was received last. */
  readonly incoming?: Request | null;
  /** Node 20: milliseconds since the request that is being received has begun; 0 between two requests. */
  duration?(): number;
  onIncoming?: (request: Request, shouldKeepAlive: boolean) => unknown;
}

interface Request extends IncomingMessage {
  /** The client wants the connection for something else: CONNECT, Upgrade. */
  upgrade?: boolean;
  /** Throws away what comes, and does not wait for a reader. */
  _dump?(): void;
}

interface Response extends ServerResponse {
  /** The connection ends after it. */
  readonly _last?: boolean;
  /** The head has been handed to the socket; `headersSent` says that it is made. */
  readonly _headerSent?: boolean;
}

interface Internals {
  parser?: Parser | null;
  /** The response whose turn it is. */
  readonly _httpMessage?: Response | null;
}

function internals(socket: net.Socket): Internals {
  return socket as unknown as Internals;
}

/** Given to the application by an event, while the parser may still be receiving the request's body (Node 26). */
const handedOver = new WeakSet<net.Socket>();

/** Upgraded, or CONNECT: node:http has let go of it. */
export function isUpgraded(socket: net.Socket): boolean {
  return internals(socket).parser == null || handedOver.has(socket);
}

/** The request whose body has not been received to its end. */
export function unfinishedRequest(socket: net.Socket): IncomingMessage | null {
  const request = internals(socket).parser?.incoming;
  return request?.complete === false ? request : null;
}

/** A request has begun and has not been received to its end, be it only the first bytes of its head. */
export function isReceivingRequest(socket: net.Socket): boolean {
  return (internals(socket).parser?.duration?.() ?? 0) > 0;
}

/** The response whose turn it is; null between two exchanges. */
export function currentResponse(socket: net.Socket): ServerResponse | null {
  return internals(socket)._httpMessage ?? null;
}

/** No response has been begun and left unfinished: a close now does not pass half of one off as the whole. */
export function isBetweenResponses(socket: net.Socket): boolean {
  const response = currentResponse(socket);
  // The application may have answered on the socket itself (clientError).
  return response === null || response.writableEnded || (socket.writableEnded && !response.headersSent);
}

/** What a server tells of its connections. */
export interface ExchangeWatcher {
  /** A request has come, and its response has its place. */
  request(request: IncomingMessage, response: ServerResponse): void;
  /** node:http can't go on with the connection. */
  clientError?(error: NodeJS.ErrnoException | undefined, socket: net.Socket): void;
}

function noteHandover(request: IncomingMessage | undefined): void {
  if (request?.socket instanceof net.Socket) handedOver.add(request.socket);
}

const requestEvents: ReadonlySet<unknown> = new Set(['request', 'checkContinue', 'checkExpectation']);

/**
 * Sees the events before the application does, without listeners: to 'checkContinue', 'checkExpectation' and 'clientError'
 * node:http answers by itself where nobody listens. The returned function ends that.
 */
export function watchExchanges(server: net.Server, watcher: ExchangeWatcher): () => void {
  const emit = server.emit.bind(server) as (...args: unknown[]) => boolean;
  let isWatching = true;
  const restore = override(server, 'emit', (event: unknown, ...args: never[]) => {
    if (isWatching) {
      if (requestEvents.has(event)) watcher.request(args[0]!, args[1]!);
      else if (event === 'clientError') watcher.clientError?.(args[0], args[1]!);
      else if (event === 'upgrade' || event === 'connect') noteHandover(args[0]);
    }
    return emit(event, ...args);
  });
  return () => {
    isWatching = false;
    restore();
  };
}

/** The connection ends after this response, if its head can still say so, and no request waits behind. */
export function makeLast(socket: net.Socket, response: ServerResponse): void {
  const newest = internals(socket).parser?.incoming ?? response.req;
  // Not by setHeader(): Node 20's writeHead() then takes only the last of several headers of a name from an array.
  if (!response.headersSent && newest === response.req) response.shouldKeepAlive = false;
}

const parserErrors = /^(HPE_|ERR_HTTP_REQUEST_TIMEOUT$)/;

/** A request that node:http can't take, or no longer waits for: 400, 408, 413, 431. */
export function isRefusal(error: NodeJS.ErrnoException | undefined): boolean {
  return parserErrors.test(error?.code ?? '');
}

/** The client may have a part of a response that nobody will finish. */
export function hasBegunResponse(socket: net.Socket): boolean {
  const response: Response | null = currentResponse(socket);
  return response !== null && !response.writableEnded && (response._headerSent ?? response.headersSent);
}

/** Its response waits for another one's end: the client did not wait for the answer before. */
export function isPipelined(request: IncomingMessage, response: ServerResponse): boolean {
  return currentResponse(request.socket) !== response;
}

export function mayHaveBody({ rawHeaders }: IncomingMessage): boolean {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === transferEncoding.length && name.toLowerCase() === transferEncoding) return true;
    if (name.length === contentLength.length && name.toLowerCase() === contentLength) return rawHeaders[index + 1] !== '0';
  }
  return false;
}

const transferEncoding = 'transfer-encoding';
const contentLength = 'content-length';

/**
 * To be called when the whole response has been written, be it still above the kernel. If it is the connection's last
 * one and the request has not been received to its end, the rest of that is thrown away from now on, unless somebody
 * reads it: a client that reads no answer before it has sent all would wait for us, and we for it. No request that
 * comes behind is served any more. True: somebody reads the rest, or has begun to (see discardInput()).
 */
export function endInput(request: IncomingMessage, response: ServerResponse): boolean {
  const { parser } = internals(request.socket);
  if (parser?.incoming !== request || request.complete || (response as Response)._last !== true) return false;
  parser.onIncoming = (late) => {
    // As node:http does where nobody listens: else it would hand the socket over, as 'connect' or 'upgrade'.
    late.upgrade = false;
    late._dump?.();
    return 0;
  };
  if (request.listenerCount('data') > 0 || request.listenerCount('readable') > 0) return true;
  (request as Request)._dump?.();
  return false;
}

/**
 * Throws the rest of the request away although somebody has begun to read it. The reader must not take what it has for
 * the whole: to it the request does not end, as if Node had closed the connection.
 */
export function discardInput(request: IncomingMessage): void {
  override(request, 'push', () => true);
  request.socket.resume();
}

/**
 * Tells the requests and responses that are left what node:http tells them at the socket's 'close', which comes late
 * when the socket lingers. Both listeners are node:http's, and do nothing the second time.
 */
export function endExchanges(socket: net.Socket): void {
  for (const listener of socket.listeners('close')) {
    if (listener.name !== 'bound socketOnClose' && listener.name !== 'onServerResponseClose') continue;
    socket.off('close', listener as () => void);
    Reflect.apply(listener, socket, [false]);
  }
}

interface ConnectionsList {
  all(): { readonly socket?: net.Socket }[];
  idle(): { readonly socket?: net.Socket }[];
}

function connectionsOf(server: net.Server): ConnectionsList | undefined {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'http.server.connections');
  return key && (server as unknown as Record<symbol, ConnectionsList | undefined>)[key];
}

function socketsOf(parsers: { readonly socket?: net.Socket }[]): net.Socket[] {
  return parsers.flatMap(({ socket }) => socket ?? []);
}

/** The open connections that node:http itself keeps a list of: without those that were upgraded. */
export function httpConnections(server: net.Server): net.Socket[] {
  return socketsOf(connectionsOf(server)?.all() ?? []);
}

/** Those of them that have not begun to send a request. */
export function idleConnections(server: net.Server): Set<net.Socket> {
  const list = connectionsOf(server);
  if (list === undefined) return new Set();
  const idle = new Set(socketsOf(list.idle()));
  // node:http takes one that has never sent anything for one that is sending its first request.
  for (const socket of socketsOf(list.all())) if (socket.bytesRead === 0) idle.add(socket);
  return idle;
}
