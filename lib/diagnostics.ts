// What lingering tells node:diagnostics_channel. A channel without subscribers costs one comparison.
import { channel } from 'node:diagnostics_channel';
import type net from 'node:net';

import type { LingerResult } from './verdict.js';

/**
 * Why a socket lingers:
 *
 * - `'lingerClose'`, `'setLinger'`: the application asked for it
 * - `'unfinished-request'`: the request's body had not been received to its end when the answer was complete
 * - `'pipelined'`: the client sends requests without waiting for answers, so more of them may be on their way
 * - `'unread-input'`: the kernel or Node had bytes that nobody had read
 * - `'unsent-output'`: destroy() came while parts of a complete answer were still above the kernel
 * - `'protocol-error'`: Node's answer 400, 408, 413 or 431 to a request that it could not take, or the application's own
 *   ('clientError'), or such a request behind a complete answer
 * - `'open-input'`: a net or tls server's socket whose peer had not sent FIN
 * - `'always'`: `mode: 'always'`
 * - `'server-closing'`: closeServer() ends it
 */
export type LingerReason =
  | 'lingerClose'
  | 'setLinger'
  | 'unfinished-request'
  | 'pipelined'
  | 'unread-input'
  | 'unsent-output'
  | 'protocol-error'
  | 'open-input'
  | 'always'
  | 'server-closing';

/** Message of the channel `socket-linger:start`. */
export interface LingerStartMessage {
  readonly socket: net.Socket;
  readonly reason: LingerReason;
  /** The server whose connection it is, where enableLingeringClose() or closeServer() began it. */
  readonly server: net.Server | undefined;
}

/** Message of the channel `socket-linger:end`, published when the socket is being closed. */
export interface LingerEndMessage extends LingerStartMessage {
  readonly result: LingerResult;
}

const startChannel = channel('socket-linger:start');
const endChannel = channel('socket-linger:end');

export function publishStart(message: LingerStartMessage): void {
  if (startChannel.hasSubscribers) startChannel.publish(message);
}

export function publishEnd(message: LingerStartMessage, result: LingerResult): void {
  if (endChannel.hasSubscribers) endChannel.publish({ ...message, result });
}
