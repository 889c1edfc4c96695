// What doctor() reports, and how one item of it is made from what was read.

export interface DoctorItem {
  /** As the system calls it. */
  readonly name: string;
  /** Several numbers are in the system's order. null: not readable. */
  readonly value: number | string | readonly number[] | null;
  /** Of the value, where it is not a plain number. */
  readonly unit?: string;
  /** The file or command that it was read from. */
  readonly source: string;
  /** What it does to connections that begin or end. */
  readonly meaning: string;
  /** What this value comes to: a time, a rate. */
  readonly note?: string;
  /** Why this value hurts, or will. */
  readonly warning?: string;
  /** Why there is no value. */
  readonly unreadable?: string;
}

export interface DoctorGroup {
  readonly title: string;
  readonly items: readonly DoctorItem[];
}

export interface DoctorReport {
  readonly platform: NodeJS.Platform;
  /** The kernel's version. */
  readonly release: string;
  /** process.version */
  readonly node: string;
  /** How many items have a warning. */
  readonly warnings: number;
  readonly groups: readonly DoctorGroup[];
}

/** One or more numbers, 'unlimited' and the like, or the reason why there is none. */
export type Reading = { readonly value: readonly number[] | string } | { readonly unreadable: string };

/** `note` and `warning` get the numbers that were read. */
export interface Row {
  readonly name: string;
  readonly source: string;
  readonly unit?: string;
  readonly meaning: string;
  readonly note?: (...numbers: number[]) => string | undefined;
  readonly warning?: (...numbers: number[]) => string | undefined;
}

/** The numbers, if there are any. */
export function numbersOf(reading: Reading): readonly number[] | undefined {
  return 'value' in reading && typeof reading.value !== 'string' ? reading.value : undefined;
}

/** A limit as a number that can be compared; undefined: not readable. */
export function limitOf(reading: Reading): number | undefined {
  return 'value' in reading && reading.value === 'unlimited' ? Infinity : numbersOf(reading)?.[0];
}

export function makeItem(row: Row, reading: Reading): DoctorItem {
  const numbers = numbersOf(reading);
  const { name, source, meaning } = row;
  const unit = row.unit === undefined ? {} : { unit: row.unit };
  if ('unreadable' in reading) return { name, value: null, ...unit, source, meaning, unreadable: reading.unreadable };
  const value = numbers?.length === 1 ? numbers[0]! : reading.value;
  const note = numbers && row.note?.(...numbers);
  const warning = numbers && row.warning?.(...numbers);
  return {
    ...{ name, value, ...unit, source, meaning },
    ...(note === undefined ? {} : { note }),
    ...(warning === undefined ? {} : { warning }),
  };
}

export function makeReport(system: Pick<DoctorReport, 'platform' | 'release' | 'node'>, groups: DoctorGroup[]): DoctorReport {
  const items = groups.flatMap((group) => group.items);
  return { ...system, warnings: items.filter(({ warning }) => warning !== undefined).length, groups };
}
