// What the lab's processes tell each other, and what comes out of a run.
import { createCipheriv } from 'node:crypto';

/** How the closing side fared. */
export interface Verdict {
  /** lingerClose()'s outcome. Of the others: closed, open (still, at the limit), gave-up, or failed (it threw). */
  readonly outcome: string;
  /** What lingerClose() said; absent where the API says nothing. */
  readonly delivered?: boolean | null;
  readonly unackedBytes?: number | null;
  readonly discardedBytes?: number;
  /** The error that the closing side saw. */
  readonly errorCode?: string;
}

export interface CloserReport {
  readonly verdict: Verdict;
  /** From the call to 'close'; null: still open at the limit. */
  readonly closeMs: number | null;
  /** For how long nothing else in the closing process could run, at the longest. */
  readonly longestStallMs: number;
}

/** What the peer's application learned of the close. */
export interface Seen {
  readonly kind: 'end' | 'error' | 'own-reset' | 'nothing';
  readonly code?: string;
}

export interface PeerReport {
  readonly receivedBytes: number;
  /** What arrived is the beginning of what was sent, byte by byte. */
  readonly intact: boolean;
  readonly saw: Seen;
}

export interface RunResult extends CloserReport, PeerReport {
  readonly strategy: string;
  readonly situation: string;
  readonly sentBytes: number;
}

/** In the order of a run. */
export type ToCloser = { type: 'prepare'; strategy: string; situation: string } | { type: 'release' };
export type FromCloser =
  | { type: 'listening'; port: number }
  | { type: 'prepared' }
  | { type: 'closing' }
  | { type: 'closed'; report: CloserReport }
  | { type: 'released' };
export type ToPeer =
  | { type: 'connect'; situation: string; port: number }
  | { type: 'closing' }
  | { type: 'closer-done' };
export type FromPeer = { type: 'started' } | { type: 'result'; report: PeerReport };

/** The child's end: sends a message, and resolves when it has left the process. */
export function tell(message: FromCloser | FromPeer): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, undefined, undefined, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/** The child's end: never outlives the lab, and leaves Ctrl-C to it. */
export function followParent(): void {
  process.on('disconnect', () => process.exit());
  process.on('SIGINT', () => undefined);
}

/** Both ends make the same bytes, no two stretches of them alike. */
export function makePayload(byteLength: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(byteLength));
}
