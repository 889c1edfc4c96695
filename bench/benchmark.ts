// What every benchmark is given and gives.
import type { Row } from './report.js';

export interface Context {
  /** Short runs. */
  readonly quick: boolean;
  /** Aborted: end soon. */
  readonly signal: AbortSignal;
  /** Says what is being done. */
  readonly say: (text: string) => void;
}

export interface Findings {
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

export interface Benchmark {
  readonly name: string;
  readonly title: string;
  readonly run: (context: Context) => Promise<Findings>;
}
