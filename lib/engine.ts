// Which linger engine waits for a socket's end.

/** 'auto': the background engine where the system has one, else the portable one. */
export type EngineChoice = 'auto' | 'portable';

let choice: EngineChoice = 'auto';

/** For tests and benchmarks, which compare the two; not a part of the public interface. */
export function selectEngine(wanted: EngineChoice): void {
  choice = wanted;
}

export function selectedEngine(): EngineChoice {
  return choice;
}
