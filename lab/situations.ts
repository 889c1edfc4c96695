// What the connection is like at the close. One row per situation; closer.ts and peer.ts act by it.
import { settings } from './settings.js';

/** What the peer does with the reply. */
interface Reading {
  /** Milliseconds after the close until it starts to read, or not before the closing side is done. */
  readonly startsAfterMs: number | 'closer-done';
  /** Infinity: as fast as it can. */
  readonly bytesPerSecond: number;
  /** It resets the connection after so many bytes. */
  readonly resetsAfterBytes: number;
}

export interface Situation {
  readonly id: string;
  readonly title: string;
  /** One sentence for people. */
  readonly explanation: string;
  /** What the closing side writes: the bytes that are at stake. */
  readonly replyBytes: number;
  /** The reply is acknowledged before the close. */
  readonly acknowledgedFirst: boolean;
  /** What the peer sends. */
  readonly uploadBytes: number;
  /** So much of it has arrived when the reply is written. */
  readonly arrivedBytes: number;
  /** Whether the application on the closing side reads what the peer sends. */
  readonly closerReads: boolean;
  readonly reading: Reading;
  /** Every byte can be delivered within the limits: the peer reads, and does not reset. */
  readonly deliverable: boolean;
}

const promptly: Reading = { startsAfterMs: settings.distanceMs, bytesPerSecond: Infinity, resetsAfterBytes: Infinity };
const usual = {
  acknowledgedFirst: false,
  uploadBytes: 0,
  arrivedBytes: 0,
  closerReads: true,
  reading: promptly,
  deliverable: true,
} as const;

export const situations: readonly Situation[] = [
  {
    ...usual,
    id: 'nothing-pending',
    title: 'nothing pending',
    explanation: 'A small reply, already acknowledged: the easy case.',
    replyBytes: 1_000,
    acknowledgedFirst: true,
  },
  {
    ...usual,
    id: 'unread-data',
    title: 'unread data at close',
    explanation: 'The closing side has not read 32 kB that the peer sent, as after an early error reply.',
    replyBytes: 1_000_000,
    uploadBytes: 32_000,
    arrivedBytes: 32_000,
    closerReads: false,
  },
  {
    ...usual,
    id: 'large-unsent',
    title: 'large unsent output',
    explanation: 'More is written than the kernel takes, and the peer starts to read 0.3 s after the close.',
    replyBytes: 8_000_000,
    reading: { ...promptly, startsAfterMs: 300 },
  },
  {
    ...usual,
    id: 'peer-sending',
    title: 'peer still sending',
    explanation: 'The reply comes in the middle of an upload, which goes on until the peer sees the end.',
    replyBytes: 1_000_000,
    uploadBytes: 64_000_000,
    arrivedBytes: 256_000,
  },
  {
    ...usual,
    id: 'peer-slow',
    title: 'peer slow',
    explanation: 'The peer reads 8 MB per second, so that delivery takes 1 s.',
    replyBytes: 8_000_000,
    reading: { ...promptly, bytesPerSecond: 8_000_000 },
  },
  {
    ...usual,
    id: 'peer-stalled',
    title: 'peer stalled',
    explanation: 'The peer reads nothing until the closing side is done (or counts as open); then what is left.',
    replyBytes: 8_000_000,
    reading: { ...promptly, startsAfterMs: 'closer-done' },
    deliverable: false,
  },
  {
    ...usual,
    id: 'peer-resets',
    title: 'peer resets',
    explanation: 'The peer resets the connection after 0.2 s and 512 kB: nobody can deliver the rest.',
    replyBytes: 8_000_000,
    reading: { ...promptly, bytesPerSecond: 2_560_000, resetsAfterBytes: 512_000 },
    deliverable: false,
  },
];

export function situationById(id: string): Situation {
  const found = situations.find((situation) => situation.id === id);
  if (found === undefined) throw new Error(`no such situation: ${id}`);
  return found;
}
