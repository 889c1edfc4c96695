// What a row of the option registry says of an option.

/** What an option's value is in JavaScript. */
export interface KindValues {
  boolean: boolean;
  /** A whole number. */
  integer: number;
  /** Bytes per second; null: no limit. */
  rate: number | null;
  bigint: bigint;
  string: string;
  bytes: Buffer;
  /** A code such as 'ECONNRESET'; null: none. */
  error: string | null;
  /** Seconds; null: off. */
  linger: number | null;
  credentials: PeerCredentials;
  address: OriginalDestination;
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export interface OriginalDestination {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
}

export interface OptionRow {
  readonly kind: keyof KindValues;
  readonly level: string;
  /** Of Linux, or else of the system that has it. */
  readonly constant: string;
  /** Where it has another name. */
  readonly elsewhere?: Partial<Record<'macOS' | 'BSD' | 'Windows', string>>;
  /** What it does to the data, and where the kernel deviates. */
  readonly doc: string;
  /** 'r': can only be asked; 'w': only set. Default: both. */
  readonly access?: 'r' | 'w';
  readonly unit?: string;
  /** When it has its effect, if that is not at any time. */
  readonly when?: string;
  /** What setting it needs on Linux. */
  readonly privilege?: string;
  /** Sockets that have it. */
  readonly sockets: readonly SocketKind[];
  /** A value that can be set on any socket that has it, for documentation and round-trip tests. */
  readonly example?: boolean | number | string | null;
  /** What getOption() gives after the example was set, where Linux makes something else of it. */
  readonly reads?: boolean | number | string | null;
}

export type SocketKind = 'ipv4' | 'ipv6' | 'unix' | 'listener';
