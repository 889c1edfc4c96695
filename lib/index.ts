export { type ErrorCode } from './errors.js';
export { type SocketLike } from './handle.js';
export { getLinger, setLinger, type SetLingerOptions } from './linger.js';
export { lingerClose, type LingerOptions, type LingerResult } from './linger-close.js';
export { pendingBytes, type PendingBytes } from './queues.js';
export { resetClose } from './reset-close.js';
export { shutdown, shutdownRead, shutdownWrite } from './shutdown.js';
export { getNoDelay, setNoDelay } from './sockopt.js';
