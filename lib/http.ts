// A connection of node:http's server, as node:http itself keeps it: the only file that touches those private parts. Each
// is read defensively, since a Node version or another runtime may lack it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type net from 'node:net';

interface Parser {
  /** The request that is being received, or was received last. */
  readonly incoming?: Request | null;
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
}

interface Internals {
  parser?: Parser | null;
  /** The response whose turn it is. */
  readonly _httpMessage?: Response | null;
}

function internals(socket: net.Socket): Internals {
  return socket as unknown as Internals;
}

/** Upgraded, or CONNECT: node:http has let go of it. */
export function isUpgraded(socket: net.Socket): boolean {
  return internals(socket).parser == null;
}

/** The request's body has not been received to its end. */
export function hasUnfinishedRequest(socket: net.Socket): boolean {
  return internals(socket).parser?.incoming?.complete === false;
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

/** The connection ends after this response, if its head can still say so, and no request waits behind. */
export function makeLast(socket: net.Socket, response: ServerResponse): void {
  const newest = internals(socket).parser?.incoming ?? response.req;
  if (!response.headersSent && newest === response.req) response.setHeader('Connection', 'close');
}

const parserErrors = /^(HPE_|ERR_HTTP_REQUEST_TIMEOUT$)/;

/** node:http has given the socket an answer of its own (400, 408, 413, 431), and destroys it with the reason. */
export function wasRefused(socket: net.Socket, error: NodeJS.ErrnoException): boolean {
  return parserErrors.test(error.code ?? '') && currentResponse(socket)?.headersSent !== true;
}

/** Its response waits for another one's end: the client did not wait for the answer before. */
export function isPipelined(request: IncomingMessage, response: ServerResponse): boolean {
  return currentResponse(request.socket) !== response;
}

export function mayHaveBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/**
 * To be called when the whole response has been written, be it still above the kernel. If it is the connection's last
 * one and the request has not been received to its end, the rest of that is thrown away from now on, unless somebody
 * reads it: a client that reads no answer before it has sent all would wait for us, and we for it. No request that
 * comes behind is served any more.
 */
export function endInput(request: IncomingMessage, response: ServerResponse): void {
  const { parser } = internals(request.socket);
  if (parser?.incoming !== request || request.complete || (response as Response)._last !== true) return;
  parser.onIncoming = (late) => {
    // As node:http does where nobody listens: else it would hand the socket over, as 'connect' or 'upgrade'.
    late.upgrade = false;
    late._dump?.();
    return 0;
  };
  if (request.listenerCount('data') === 0 && request.listenerCount('readable') === 0) (request as Request)._dump?.();
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
