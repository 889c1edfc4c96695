// Servers with enableLingeringClose(), clients whose uploads they refuse, and what comes of it.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type http from 'node:http';
import type net from 'node:net';

import {
  enableLingeringClose,
  type LingerEndMessage,
  type LingeringClose,
  type LingeringCloseOptions,
  type LingerReason,
  type LingerStartMessage,
} from 'socket-linger';

import { postHead, readAnswer, send, startHost, type Host, type Protocol } from './http.js';
import { closed, payload, sleep, until } from './pair.js';

export const answer = payload(300_000);

export function refuse(_: http.IncomingMessage, response: http.ServerResponse): void {
  response.writeHead(413, { Connection: 'close', 'Content-Length': answer.length });
  response.end(answer);
}

interface Heard {
  readonly reasons: readonly LingerReason[];
  readonly ends: readonly LingerEndMessage[];
}

/** What the channels tell of one server. */
function watch(server: net.Server): Heard {
  const reasons: LingerReason[] = [];
  const ends: LingerEndMessage[] = [];
  const noteStart = (message: unknown): void => {
    const { server: of, reason } = message as LingerStartMessage;
    if (of === server) reasons.push(reason);
  };
  const noteEnd = (message: unknown): void => {
    if ((message as LingerEndMessage).server === server) ends.push(message as LingerEndMessage);
  };
  subscribe('socket-linger:start', noteStart);
  subscribe('socket-linger:end', noteEnd);
  server.once('close', () => {
    unsubscribe('socket-linger:start', noteStart);
    unsubscribe('socket-linger:end', noteEnd);
  });
  return { reasons, ends };
}

export interface LingeringHost extends Host, Heard {
  readonly control: LingeringClose;
}

export async function startLingering(
  protocol: Protocol,
  handler: http.RequestListener | undefined,
  options?: LingeringCloseOptions,
  serverOptions?: http.ServerOptions,
): Promise<LingeringHost> {
  const host = await startHost(protocol, handler, serverOptions);
  const control = enableLingeringClose(host.server, options);
  return { ...host, control, ...watch(host.server) };
}

export async function over(control: LingeringClose): Promise<void> {
  await until('nobody lingers', () => control.total > 0 && control.lingering === 0);
}

/** Uploads a part of a body that is never finished, and reads only when the server has had time to close. */
export async function uploadInPart(client: net.Socket, head: string): Promise<void> {
  await send(client, head);
  await send(client, payload(200_000));
}

/** Uploads more while it lingers, which a close would answer by a reset, and expects the whole answer. */
export async function getsAnswer(client: net.Socket, control: LingeringClose, expected = answer): Promise<void> {
  await until('it lingers', () => control.lingering === 1);
  await sleep(50);
  await send(client, payload(100_000));
  const { body, saw } = await readAnswer(client);
  client.end();
  assert.deepEqual([body.equals(expected), saw], [true, 'end']);
  await over(control);
  assert.equal(control.outcomes['peer-fin'], 1);
}

/** As a server without us does it: the answer to an unfinished request gets lost. */
export async function isLost(server: net.Server, client: net.Socket): Promise<void> {
  client.on('error', () => undefined); // its upload may fail, too
  const gone = once(server, 'request').then(([request]) => closed((request as http.IncomingMessage).socket));
  client.write(postHead('/', 1e9));
  client.write(payload(2_000_000));
  await gone;
  await sleep(50);
  const { body, saw } = await readAnswer(client);
  assert.equal(saw === 'end' && body.equals(answer), false);
}
