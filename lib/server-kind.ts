// What kind of server it is, where that makes a difference.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

import { describe, makeError } from './errors.js';
import { isA } from './handle.js';
import { otherRuntime } from './runtime.js';

/** ERR_INVALID_ARG_TYPE for anything but a server whose connections we know how to close. */
export function checkServer(server: net.Server): void {
  // Bun closes a socket while it lingers, Deno does not show what is unread: answers would be cut, and nobody told.
  if (otherRuntime !== undefined) {
    throw makeError('ERR_OPTION_NOT_SUPPORTED', 'lingering close of servers', `${otherRuntime}'s sockets do not close as Node's do`);
  }
  const isServer = isA(server, net.Server);
  const isHttp2 = isServer && typeof (server as { updateSettings?: unknown }).updateSettings === 'function';
  if (isServer && !isHttp2) return;
  const expected = 'a server of node:http, node:https, node:net or node:tls';
  throw makeError('ERR_INVALID_ARG_TYPE', 'server', expected, isHttp2 ? 'one of node:http2' : describe(server));
}

export function isHttpServer(server: net.Server): boolean {
  return server instanceof http.Server || server instanceof https.Server;
}

/** The event by which the application gets a connection. */
export function connectionEvent(server: net.Server): 'connection' | 'secureConnection' {
  return server instanceof tls.Server ? 'secureConnection' : 'connection';
}
