// What is known of a tracked connection, and what its end comes down to.
import { attempt, connectionReset, isPeerFin, takeError, tcpState } from './connection.js';
import { descriptorOf, inputEnded, isHalfClosed, isPipe, isResetting, isTls, readBuffered, writeBuffered, type SocketLike } from './handle.js';
import { native, type TcpState } from './native.js';
import { nativeOptions } from './native-options.js';
import { pendingBytes, sendQueue, type PendingBytes } from './queues.js';
import { tcpInfo } from './tcp-info.js';
import type { LingerResult } from './verdict.js';

/** Why a connection ended. */
export type Cause =
  | 'eof'
  | 'reset-by-peer'
  | 'broken-pipe'
  | 'timed-out'
  | 'unreachable'
  | 'not-connected'
  | 'aborted-locally'
  | 'closed-locally'
  | 'unknown';

export type CauseDetail =
  | 'connect'
  | 'keepalive'
  | 'user-timeout'
  | 'retransmission'
  | 'zero-window'
  | 'reset'
  | 'unread-input'
  | 'unsent-output';

/** How a connection ended, and what was lost. */
export interface CloseCause {
  /**
   * - `'eof'`: the peer closed its side first, and nothing went wrong
   * - `'reset-by-peer'`: the peer's reset (ECONNRESET), also one that Node has shown as a clean end
   * - `'broken-pipe'`: we wrote after the peer's close (EPIPE)
   * - `'timed-out'`: the kernel gave up (ETIMEDOUT); `detail` says at what
   * - `'unreachable'`: no way to the peer (EHOSTUNREACH, ENETUNREACH and their like)
   * - `'not-connected'`: the connection was never made; `error` says why (ECONNREFUSED, ENOTFOUND ...)
   * - `'aborted-locally'`: we cut it off, so that the peer gets a reset or less than was written; `detail` says how
   * - `'closed-locally'`: we closed first, by end() or destroy(), and nothing was cut off
   * - `'unknown'`: it was over before anybody asked
   */
  readonly cause: Cause;
  /**
   * Of `'timed-out'`: `'connect'`, `'keepalive'`, `'user-timeout'` (the option userTimeout), `'retransmission'`,
   * `'zero-window'` (the peer's window stayed closed); where the kernel can be asked. Of `'aborted-locally'`: `'reset'`
   * (resetAndDestroy(), resetClose(), SO_LINGER 0), `'unread-input'` (destroy() with input in the kernel: it resets),
   * `'unsent-output'` (destroy() with output above the kernel: it is dropped).
   */
  readonly detail?: CauseDetail;
  /** What the kernel or destroy(error) said. */
  readonly error?: Error;
  /** Written and not acknowledged at that moment, queues above the kernel included. null: can't tell. */
  readonly unackedBytes: number | null;
  /** Received and never given to the application; after a linger: what it has thrown away. null: can't tell. */
  readonly unreadBytes: number | null;
}

export interface CloseRecord {
  /** We have ended our side, and the peer its own before that. undefined: we have not. */
  peerEndedFirst: boolean | undefined;
  /** The connection was closed before our FIN: whatever Node has shown, it broke. */
  isBroken: boolean;
  /** How the linger in front of the close went. */
  lingered?: CloseCause;
  /** destroy() came while a linger holds the close back. */
  isPending: boolean;
  result?: CloseCause;
}

const recordKey = Symbol('socket-linger.close');

type Tracked = SocketLike & { [recordKey]?: CloseRecord };

/** The record of a tracked socket; a new one where it has been connected again after its end. */
export function recordOf(socket: SocketLike): CloseRecord | undefined {
  const record = (socket as Tracked)[recordKey];
  return record?.result !== undefined && !socket.destroyed ? openRecord(socket) : record;
}

export function openRecord(socket: SocketLike): CloseRecord {
  const record: CloseRecord = { peerEndedFirst: socket.writableEnded ? false : undefined, isBroken: false, isPending: false };
  (socket as Tracked)[recordKey] = record;
  return record;
}

/** Has the peer closed its side, as far as Node has read? Our own SHUT_RD looks the same from above. */
function hasPeerEnded(socket: SocketLike, state = tcpState(socket)): boolean {
  return inputEnded(socket) && (isTls(socket) || isPeerFin(socket, state));
}

// Servers have every connection watched, and most of them close cleanly, with nobody who ever asks why: five system calls
// for each would be a tenth of what a short connection costs.
let isWanted = false;

/** Somebody has asked: from now on the kernel is asked at clean closes, too. */
export function wantCauses(): void {
  isWanted = true;
}

/** end() was called. */
export function noteEnd(socket: SocketLike, record: CloseRecord): void {
  if (record.peerEndedFirst !== undefined) return;
  record.peerEndedFirst = !isWanted && inputEnded(socket);
  if (!isWanted || !inputEnded(socket)) return;
  const state = tcpState(socket);
  record.peerEndedFirst = hasPeerEnded(socket, state);
  // The error itself is left to Node: its next write reports it, TLS' close_notify swallows it.
  record.isBroken = state === 'CLOSED';
}

const causes: Readonly<Record<string, Cause | undefined>> = {
  ECONNRESET: 'reset-by-peer',
  EPIPE: 'broken-pipe',
  ETIMEDOUT: 'timed-out',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  ENONET: 'unreachable',
  ECONNABORTED: 'aborted-locally',
};

const connectCalls: ReadonlySet<string | undefined> = new Set(['connect', 'getaddrinfo', 'bind']);

interface Verdict {
  readonly cause: Cause;
  readonly detail?: CauseDetail | undefined;
  readonly error?: Error | undefined;
}

/** No spread: V8 takes 3 us for it, a tenth of what a short connection costs. */
function describeClose({ cause, detail, error }: Verdict, unackedBytes: number | null, unreadBytes: number | null): CloseCause {
  const made: { -readonly [Key in keyof CloseCause]: CloseCause[Key] } = { cause, unackedBytes, unreadBytes };
  if (detail !== undefined) made.detail = detail;
  if (error !== undefined) made.error = error;
  return made;
}

/** Of those that happy eyeballs has had for each address, the first. */
function firstOf(error: Error): NodeJS.ErrnoException {
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return first ?? error;
}

function isConnectFailure(error: Error | null): error is Error {
  return error !== null && (error instanceof AggregateError || connectCalls.has(firstOf(error).syscall));
}

/** What an error says by itself. Node uses the kernel's codes for errors of its own, which have no errno. */
function judgeError(socket: SocketLike, error: Error | null | undefined): Verdict | undefined {
  if (error == null) return undefined;
  const { code = '', errno } = firstOf(error);
  const cause = errno === undefined && code !== 'EPIPE' ? undefined : causes[code];
  if (isConnectFailure(error)) {
    if (cause === 'timed-out') return { cause, detail: 'connect', error };
    return { cause: cause === 'unreachable' ? cause : 'not-connected', error };
  }
  if (cause === undefined) return undefined;
  return { cause, error, detail: cause === 'timed-out' ? timeoutDetail(socket) : undefined };
}

/** What the kernel has given up at. Its counters stay as they were (tcp_write_err()), the descriptor is still open. */
function timeoutDetail(socket: SocketLike): CauseDetail | undefined {
  const info = attempt(() => tcpInfo(socket));
  const queue = attempt(() => sendQueue(socket, isHalfClosed(socket)));
  if (info?.probes === undefined || info.retransmits === undefined || queue === null) return undefined;
  // tcp_keepalive_timer() probes only while nothing is outstanding.
  if (info.probes > 0 && queue.unacked === 0 && !queue.finUnacked) return 'keepalive';
  if (attempt(() => nativeOptions().userTimeout.get(descriptorOf(socket)) as number)) return 'user-timeout';
  // What our own firewall drops counts as never sent, and is probed for as if the window were closed.
  if (info.retransmits > 0 || (info.probes > 0 && (info.sndWnd ?? 0) > 0)) return 'retransmission';
  return info.probes > 0 ? 'zero-window' : undefined;
}

const peerFirstStates: ReadonlySet<TcpState | null> = new Set(['CLOSE_WAIT', 'LAST_ACK']);

/** To be asked within `_destroy`, while the descriptor is still open. */
export function judgeClose(socket: SocketLike, record: CloseRecord, error: Error | null): CloseCause {
  if (error === null && !isWanted) return judgeByNode(socket, record);
  const state = tcpState(socket);
  const queues = attempt(() => pendingBytes(socket));
  const shown = error ?? undefined;
  const verdict: Verdict =
    judgeError(socket, error) ??
    judgeKernelError(socket, record, state) ??
    judgeAbort(socket, state, queues, shown) ?? { cause: hasPeerEndedFirst(socket, record, state) ? 'eof' : 'closed-locally', error: shown };
  // The kernel would count our SYN.
  if (isConnectFailure(error)) return describeClose(verdict, writeBuffered(socket), 0);
  return describeClose(verdict, sum(queues?.unacked, queues?.writeBuffered), sum(queues?.unread, queues?.readBuffered));
}

/** What Node knows of a close without an error. */
function judgeByNode(socket: SocketLike, record: CloseRecord): CloseCause {
  const unsent = writeBuffered(socket);
  const cut = isResetting(socket) ? 'reset' : unsent > 0 ? 'unsent-output' : undefined;
  const cause = cut !== undefined ? 'aborted-locally' : record.peerEndedFirst ?? inputEnded(socket) ? 'eof' : 'closed-locally';
  return describeClose({ cause, detail: cut }, sum(null, unsent), sum(null, readBuffered(socket)));
}

/** null where the kernel can't tell and there is nothing above it either. */
function sum(inKernel: number | null | undefined, above = 0): number | null {
  return inKernel == null && above === 0 ? null : (inKernel ?? 0) + above;
}

/** Nobody has been told: what libuv shows as a clean end may have been a reset (POLLHUP together with data). */
function judgeKernelError(socket: SocketLike, record: CloseRecord, state: TcpState | null): Verdict | undefined {
  if (state !== 'CLOSED' && !isPipe(socket)) return undefined;
  const number = takeError(socket) || (record.isBroken ? connectionReset : 0);
  return number === 0 ? undefined : judgeError(socket, native.makeError(number, 'recv'));
}

function judgeAbort(socket: SocketLike, state: TcpState | null, queues: PendingBytes | null, error: Error | undefined): Verdict | undefined {
  const abort = (detail: CauseDetail): Verdict => ({ cause: 'aborted-locally', detail, error });
  if (isResetting(socket) || resetsAtClose(socket)) return abort('reset');
  if (state !== 'CLOSED' && (queues?.unread ?? 0) > 0) return abort('unread-input');
  return (queues?.writeBuffered ?? 0) > 0 ? abort('unsent-output') : undefined;
}

function resetsAtClose(socket: SocketLike): boolean {
  return !isPipe(socket) && attempt(() => nativeOptions().linger.get(descriptorOf(socket))) === 0;
}

function hasPeerEndedFirst(socket: SocketLike, record: CloseRecord, state: TcpState | null): boolean {
  return peerFirstStates.has(state) || (record.peerEndedFirst ?? hasPeerEnded(socket));
}

/** A linger is over: the close that it holds back follows. */
export function noteLingered(socket: SocketLike, { outcome, error, unackedBytes, discardedBytes }: LingerResult, isReset: boolean): void {
  const record = recordOf(socket);
  if (record === undefined) return;
  const byItself: Verdict = isReset
    ? { cause: 'aborted-locally', detail: 'reset', error }
    : { cause: hasPeerEndedFirst(socket, record, null) ? 'eof' : 'closed-locally', error };
  const broken = outcome === 'peer-reset' || outcome === 'already-closed' ? judgeError(socket, error) : undefined;
  record.lingered = describeClose(broken ?? byItself, unackedBytes, discardedBytes);
  if (record.isPending) record.result = record.lingered;
}

/** The close is under way. Node's own error, if destroy() came with one, was there before the linger. */
export function settle(socket: SocketLike, record: CloseRecord, error: Error | null, found: CloseCause): void {
  const { lingered } = record;
  if (lingered === undefined) record.result = found;
  else record.result = describeClose(judgeError(socket, error) ?? lingered, lingered.unackedBytes, lingered.unreadBytes);
}

/** Of a socket that was closed before anybody asked. */
export function judgeLate(socket: SocketLike): CloseCause {
  const error = socket.errored;
  return describeClose(judgeError(socket, error) ?? { cause: 'unknown', error: error ?? undefined }, null, null);
}
