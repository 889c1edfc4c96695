// Own methods in front of a socket's: how lingering sees input and destroy() without a listener on the
// socket, and whatever the application does with it meanwhile (pipe, pause, read, iterate).
import { onreadKey, releaseFromParser, type SocketLike } from './handle.js';

type Methods = Record<string | symbol, unknown>;

/**
 * Puts a method in front of the one that `target` has. The returned function takes it away again, unless
 * somebody has put another one in front meanwhile: then ours stays behind that and must let calls pass.
 */
function override(target: SocketLike, name: string | symbol, method: unknown): () => void {
  const methods = target as unknown as Methods;
  const before = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { value: method, configurable: true, writable: true, enumerable: false });
  return () => {
    if (methods[name] !== method) return;
    if (before === undefined) Reflect.deleteProperty(methods, name);
    else Object.defineProperty(target, name, before);
  };
}

/** What becomes of input that the application is no longer given. */
export interface InputSink {
  discarded(bytes: number): void;
  /** libuv saw the end: the peer's FIN, or TLS' close_notify. */
  ended(): void;
}

/**
 * From now on nothing that arrives reaches the application: no 'data', no 'end', read() gives null, whatever the
 * stream's own buffer still holds.
 */
export function discardInput(socket: SocketLike, sink: InputSink): () => void {
  let active = true;
  const count = (bytes: number): void => {
    if (active) sink.discarded(bytes);
  };
  releaseFromParser(socket);
  const restore = [
    override(socket, 'push', (chunk: Uint8Array | null) => {
      if (chunk !== null) count(chunk.length);
      else if (active) sink.ended();
      return true; // false would stop libuv from reading
    }),
    override(socket, 'read', () => null),
  ];
  const onread = onreadKey(socket);
  if (onread !== undefined) {
    restore.push(
      override(socket, onread, (bytes: number) => {
        count(bytes);
        return true;
      }),
    );
  }
  return () => {
    active = false;
    for (const undo of restore) undo();
  };
}

export interface Owner {
  /** What a late write() is told. */
  refusal(): Error;
  /** resetAndDestroy(): Node's own hangs after end(). */
  reset(): void;
  /** destroy() on a socket that Node has destroyed already, and whose close is held back. */
  destroyedAgain(): void;
}

/**
 * Has the linger answer what would get in its way:
 * - write() is refused as after end(), but without an 'error' event: whatever is piped into the socket is held by
 *   backpressure until the socket's 'close' unpipes it.
 * - destroySoon() has nothing to add.
 * - setTimeout() is for a stream that is read and written. node:http sets one after each answer (keepAliveTimeout)
 *   and destroys the socket by it.
 */
export function takeOwnership(socket: SocketLike, owner: Owner): () => void {
  const destroy = socket.destroy.bind(socket);
  if (socket.timeout) socket.setTimeout(0);
  const restore = [
    override(socket, 'write', (_chunk: unknown, encoding?: unknown, callback?: unknown) => {
      const done = typeof encoding === 'function' ? encoding : callback;
      if (typeof done === 'function') process.nextTick(done, owner.refusal());
      return false;
    }),
    override(socket, 'destroySoon', () => undefined),
    override(socket, 'setTimeout', () => socket),
    override(socket, 'resetAndDestroy', () => {
      owner.reset();
      return socket;
    }),
    override(socket, 'destroy', (error?: Error) => {
      if (socket.destroyed) owner.destroyedAgain();
      return destroy(error);
    }),
  ];
  return () => {
    for (const undo of restore) undo();
  };
}

/**
 * Asks `intercept` before the socket's handle is closed, once. It calls `proceed`, now or later, with the error
 * that 'error' shall report (null: none); until then the descriptor stays open and 'close' waits. `_destroy` is
 * the documented place for that.
 */
export function interceptDestroy(
  socket: SocketLike,
  intercept: (error: Error | null, proceed: (error: Error | null) => void) => void,
): () => void {
  let active = true;
  const inner = socket._destroy.bind(socket);
  const restore = override(
    socket,
    '_destroy',
    (error: Error | null, callback: (error: Error | null | undefined) => void) => {
      const proceed = (shown: Error | null): void => inner(shown, callback);
      if (active) {
        stop();
        intercept(error, proceed);
      } else {
        proceed(error);
      }
    },
  );
  function stop(): void {
    active = false;
    restore();
  }
  return stop;
}
