// Which runtime this is.

/** One with Node's modules that is not Node. */
export const otherRuntime = ['bun', 'deno'].find((name) => name in process.versions);
