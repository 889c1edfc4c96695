// Why a server's socket that is being destroyed should linger, or should not.
import net from 'node:net';

import { attempt } from './connection.js';
import type { LingerReason } from './diagnostics.js';
import { descriptorOf, hasDescriptor, readBuffered, writeBuffered } from './handle.js';
import { hasBegunResponse, isBetweenResponses, isReceivingRequest, isRefusal, isUpgraded, unfinishedRequest } from './http.js';
import { hasLingered, isLingering } from './lingering.js';
import { native } from './native.js';

/** What enableLingeringClose() was told, as far as it decides. */
export interface LingerPolicy {
  readonly isHttp: boolean;
  readonly always: boolean;
  /** Sockets that node:http has let go of, too. */
  readonly upgraded: boolean;
}

/** Bytes in the kernel. */
export function unreadBytes(socket: net.Socket): number {
  return attempt(() => native.readUnread(descriptorOf(socket))) ?? 0;
}

function isHttpConnection(socket: net.Socket, policy: LingerPolicy): boolean {
  return policy.isHttp && !isUpgraded(socket);
}

/**
 * To be asked within `_destroy`. Only what the application has ended lingers: a destroy() in the middle of an answer
 * must look like one, since a clean end would pass half of it off as the whole.
 */
export function reasonToLinger(socket: net.Socket, error: Error | null, policy: LingerPolicy): LingerReason | null {
  if (hasLingered(socket) || isLingering(socket) || !hasDescriptor(socket)) return null;
  if (isHttpConnection(socket, policy)) return reasonOfHttp(socket, error, policy);
  if (policy.isHttp && !policy.upgraded) return null;
  return error === null && socket.writableEnded ? reasonOfStream(socket, policy) : null;
}

function reasonOfHttp(socket: net.Socket, error: Error | null, policy: LingerPolicy): LingerReason | null {
  // node:http's own answer, and destroy() with the reason for it
  if (error !== null) return isRefusal(error) && !hasBegunResponse(socket) ? 'protocol-error' : null;
  if (!isBetweenResponses(socket)) return null;
  if (unfinishedRequest(socket) !== null) return 'unfinished-request';
  if (hasUnsentOutput(socket)) return 'unsent-output';
  // An idle connection that is closed owes nobody an answer, and behind the peer's FIN nothing comes.
  const isOpen = socket.writableEnded && !socket.readableEnded;
  if (isOpen && refused.has(socket)) return 'protocol-error';
  if (isOpen && (pipelining.has(socket) || isReceivingRequest(socket))) return 'pipelined';
  if (hasUnreadInput(socket)) return 'unread-input';
  return isOpen && policy.always ? 'always' : null;
}

function reasonOfStream(socket: net.Socket, policy: LingerPolicy): LingerReason | null {
  if (hasUnsentOutput(socket)) return 'unsent-output';
  if (hasUnreadInput(socket)) return 'unread-input';
  if (socket.readableEnded) return null;
  return policy.always ? 'always' : 'open-input';
}

function hasUnsentOutput(socket: net.Socket): boolean {
  return !socket.writableFinished && writeBuffered(socket) > 0;
}

function hasUnreadInput(socket: net.Socket): boolean {
  return readBuffered(socket) > 0 || unreadBytes(socket) > 0;
}

const pipelining = new WeakSet<net.Socket>();

/** The client sends requests without waiting for the answers before. */
export function notePipelining(socket: net.Socket): void {
  pipelining.add(socket);
}

const refused = new WeakSet<net.Socket>();

/** 'clientError': a listener of the application may answer instead of node:http, and close the socket in its own way. */
export function noteClientError(error: NodeJS.ErrnoException | undefined, socket: net.Socket): void {
  if (isRefusal(error) && socket instanceof net.Socket) refused.add(socket);
}
