// The bytes of one direction in the randomized test.
import { payload } from './pair.js';

const pool = payload(9_000_000);
let chunksMade = 0;

/** Bytes that are unlike those before and after. */
export function chunkOf(bytes: number): Buffer {
  const start = (chunksMade += 104_729) % (pool.length - bytes);
  return pool.subarray(start, start + bytes);
}

/** What was written, and whether what arrives is that, from its start, byte by byte. */
export class Transmission {
  written = 0;
  received = 0;
  /** How many writes there were. */
  writes = 0;
  /** Something else has arrived. */
  wrong = false;
  /** Written and not yet received; the first one has been received up to `offset`. */
  private readonly chunks: Buffer[] = [];
  private offset = 0;

  write(chunk: Buffer): Buffer {
    this.written += chunk.length;
    this.writes += 1;
    this.chunks.push(chunk);
    return chunk;
  }

  receive(data: Buffer): void {
    this.received += data.length;
    for (let rest = data; rest.length > 0 && !this.wrong;) {
      const expected = this.chunks[0]?.subarray(this.offset, this.offset + rest.length) ?? Buffer.alloc(0);
      this.wrong = expected.length === 0 || !expected.equals(rest.subarray(0, expected.length));
      rest = rest.subarray(expected.length);
      this.offset += expected.length;
      if (this.offset === this.chunks[0]?.length) {
        this.chunks.shift();
        this.offset = 0;
      }
    }
  }

  isComplete(): boolean {
    return !this.wrong && this.received === this.written;
  }

  toString(): string {
    return `${this.received} of ${this.written} bytes${this.wrong ? ', and wrong ones' : ''}`;
  }
}
