// What repeats a randomized run: SOCKET_LINGER_SEED, and SOCKET_LINGER_PATH to go straight to one case of it.
const { SOCKET_LINGER_SEED, SOCKET_LINGER_PATH } = process.env;

export const seed = SOCKET_LINGER_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SOCKET_LINGER_SEED);

/** For fast-check. */
export const replay = SOCKET_LINGER_PATH === undefined ? { seed } : { seed, path: SOCKET_LINGER_PATH };
