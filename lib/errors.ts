// Every error that this package makes itself, in one table. Failing system calls are made by the addon.

interface ErrorKind {
  readonly base: new (message: string) => Error;
  readonly text: (...details: string[]) => string;
}

const kinds = {
  ERR_INVALID_ARG_TYPE: {
    base: TypeError,
    text: (name, expected, received) => `The "${name}" argument must be ${expected}. Received ${received}`,
  },
  ERR_INVALID_ARG_VALUE: {
    base: TypeError,
    text: (name, expected, received) => `The "${name}" argument must be ${expected}. Received ${received}`,
  },
  ERR_OUT_OF_RANGE: {
    base: RangeError,
    text: (name, expected, received) => `The value of "${name}" is out of range. It must be ${expected}. Received ${received}`,
  },
  ERR_OPTION_NOT_SUPPORTED: {
    base: Error,
    text: (option, why) => `"${option}" is not supported: ${why}`,
  },
  ERR_SOCKET_CLOSED: {
    base: Error,
    text: () => 'The socket is closed or is being closed, it has no descriptor any more',
  },
  ERR_SOCKET_NOT_CONNECTED: {
    base: Error,
    text: () => 'The socket is not open yet; wait for its "connect" event (listeners and dgram sockets: "listening")',
  },
  ERR_NO_DESCRIPTOR: {
    base: Error,
    text: () =>
      'The socket has no descriptor of the operating system: TLS over something that is not a socket, a ' +
      'named pipe of Windows, or a runtime that does not show it (Deno)',
  },
  ERR_WRITES_PENDING: {
    base: Error,
    text: (bytes) =>
      `shutdown() now would lose ${bytes} written bytes that have not reached the kernel; ` +
      'shutdownWrite() sends them first',
  },
  ERR_ADDON_NOT_LOADED: {
    base: Error,
    text: (platform, reason) =>
      `socket-linger has no compiled addon for ${platform}. With python3, make and a C++ compiler it can be built, in ` +
      "your project's folder: npm install --no-save --ignore-scripts node-addon-api@8 node-gyp@12 && npx node-gyp " +
      `rebuild -C node_modules/socket-linger. Reason: ${reason}`,
  },
  ABORT_ERR: {
    base: class AbortError extends Error {
      override name = 'AbortError';
    },
    text: () => 'The operation was aborted',
  },
} as const satisfies Record<string, ErrorKind>;

/** The stable codes of this package's own errors; docs/ERRORS.md has a section for each. */
export type ErrorCode = keyof typeof kinds;

export const errorCodes = Object.keys(kinds) as readonly ErrorCode[];

/** An error with a stable `code`; `details` fill the message of that code in the table above. */
export function makeError(code: ErrorCode, ...details: string[]): Error & { code: ErrorCode } {
  const { base: Base, text }: ErrorKind = kinds[code];
  const error = new Base(text(...details));
  Error.captureStackTrace(error, makeError);
  return Object.assign(error, { code });
}

/** How a value that was refused is shown in a message: short, whatever it is. */
export function describe(value: unknown): string {
  try {
    return describeOrThrow(value);
  } catch {
    return typeof value; // a hostile proxy or getter
  }
}

function describeOrThrow(value: unknown): string {
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object' && value !== null) {
    const name = (value.constructor as { name?: string } | undefined)?.name;
    return name === undefined || name === '' ? 'an object' : `an instance of ${name}`;
  }
  if (typeof value === 'string') return `'${value.length > 28 ? `${value.slice(0, 25)}...` : value}'`;
  return `${typeof value === 'bigint' ? `${value}n` : String(value)}${value == null ? '' : ` (${typeof value})`}`;
}
