export { closeCause } from './close-cause.js';
export { type Cause, type CauseDetail, type CloseCause } from './close-record.js';
export { closeServer, type CloseServerOptions, type CloseServerResult } from './close-server.js';
export { connect, type ConnectOptions, type SocketOptions } from './connect.js';
export { type LingerEndMessage, type LingerReason, type LingerStartMessage } from './diagnostics.js';
export { doctor } from './doctor.js';
export { type DoctorGroup, type DoctorItem, type DoctorReport } from './doctor/report.js';
export { type ErrorCode } from './errors.js';
export { type OptionSocket, type SocketLike } from './handle.js';
export { getLinger, setLinger, type SetLingerOptions } from './linger.js';
export { lingerClose } from './linger-close.js';
export { type LingerOptions } from './linger-options.js';
export { pendingBytes, type PendingBytes } from './queues.js';
export { resetClose } from './reset-close.js';
export { enableLingeringClose, type LingeringClose, type LingeringCloseOptions } from './server.js';
export { shutdown, shutdownRead, shutdownWrite } from './shutdown.js';
export {
  supportedOptions,
  type OptionName,
  type OptionValue,
  type OriginalDestination,
  type PeerCredentials,
  type ReadableOptionName,
  type SettableOptionName,
} from './options.js';
export { getNoDelay, getOption, getRawOption, setNoDelay, setOption, setRawOption } from './sockopt.js';
export { type LingerResult } from './verdict.js';
export { tcpInfo } from './tcp-info.js';
export { type TcpInfo } from './tcp-info-fields.js';
export { explainError, type Explanation } from './explain-error.js';
export { type KnownErrorCode } from './error-table.js';
