// How a linger sees input and destroy() without a listener on the socket, and whatever the application does with
// it meanwhile (pipe, pause, read, iterate): methods of ours come before the socket's own.
import { onreadKey, releaseFromParser, type SocketLike } from './handle.js';

type Method = (this: SocketLike, ...args: never[]) => unknown;
type Methods = Record<string | symbol, unknown>;
/** Makes a method that comes before `inner`. */
type Wrappers = Record<string, (inner: Method) => Method>;

/**
 * Puts a method in front of the one that `target` has. The returned function takes it away again, unless
 * somebody has put another one in front meanwhile: then ours stays behind that and must let calls pass.
 */
export function override(target: object, name: string | symbol, method: unknown): () => void {
  const methods = target as Methods;
  const before = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { value: method, configurable: true, writable: true, enumerable: false });
  return () => {
    if (methods[name] !== method) return;
    if (before === undefined) Reflect.deleteProperty(methods, name);
    else Object.defineProperty(target, name, before);
  };
}

type DestroyCallback = (error: Error | null | undefined) => void;
export type Destroy<Socket = SocketLike> = (this: Socket, error: Error | null, callback: DestroyCallback) => void;

/** Makes a hook for each thing that one can stand in front of: mostly there is one for all sockets. */
export function remember<Hooked extends object>(make: (inner: Hooked) => Hooked): (inner: Hooked) => Hooked {
  const made = new WeakMap<Hooked, Hooked>();
  return (inner) => {
    let hook = made.get(inner);
    if (hook === undefined) made.set(inner, (hook = make(inner)));
    return hook;
  };
}

/** Who has taken over a socket: what would have reached the socket comes here instead. */
export interface Owner {
  /** Input is discarded: no 'data', no 'end', read() gives null, whatever the stream's own buffer still holds. */
  readonly takesInput: boolean;
  discarded(bytes: number): void;
  /** libuv saw the end: the peer's FIN, or TLS' close_notify. */
  ended(): void;
  /** What a late write() is told. */
  refusal(): Error;
  /** resetAndDestroy(): Node's own hangs after end(). */
  reset(): void;
  /** destroy() on a socket that Node has destroyed already, and whose close is held back. */
  destroyedAgain(): void;
  /** See interceptDestroy(). */
  destroying(error: Error | null, proceed: (error: Error | null) => void): void;
}

const owners = new WeakMap<SocketLike, Owner>();

/** Makes a method that asks the socket's owner, where it has one, and else does what `inner` does. */
const wrappers: Wrappers = {
  push: (inner) =>
    function (this: SocketLike, chunk: Uint8Array | null, ...rest: unknown[]) {
      const owner = owners.get(this);
      if (owner?.takesInput !== true) return Reflect.apply(inner, this, [chunk, ...rest] as never[]);
      if (chunk === null) owner.ended();
      else owner.discarded(chunk.length);
      return true; // false would stop libuv from reading
    },
  read: (inner) =>
    function (this: SocketLike, size?: number) {
      return owners.get(this)?.takesInput === true ? null : Reflect.apply(inner, this, [size] as never[]);
    },
  // Refused as after end(), but without an 'error' event: whatever is piped into the socket is held by backpressure
  // until the socket's 'close' unpipes it.
  write: (inner) =>
    function (this: SocketLike, ...args: unknown[]) {
      const owner = owners.get(this);
      if (owner === undefined) return Reflect.apply(inner, this, args as never[]);
      const done = args.find((argument) => typeof argument === 'function');
      if (done !== undefined) process.nextTick(done, owner.refusal());
      return false;
    },
  destroy: (inner) =>
    function (this: SocketLike, ...args: unknown[]) {
      // With an error it is Node: TLS reports one failure by several ways.
      if (this.destroyed && args[0] == null) owners.get(this)?.destroyedAgain();
      return Reflect.apply(inner, this, args as never[]);
    },
  // The socket is destroyed at the end in any case.
  destroySoon: (inner) =>
    function (this: SocketLike) {
      return owners.has(this) ? undefined : Reflect.apply(inner, this, []);
    },
  resetAndDestroy: (inner) =>
    function (this: SocketLike) {
      const owner = owners.get(this);
      if (owner === undefined) return Reflect.apply(inner, this, []);
      owner.reset();
      return this;
    },
  // A timeout is for a stream that is read and written. node:http sets one after each answer (keepAliveTimeout) and
  // destroys the socket by it.
  setTimeout: (inner) =>
    function (this: SocketLike, ...args: unknown[]) {
      return owners.has(this) ? this : Reflect.apply(inner, this, args as never[]);
    },
  _destroy: (inner) =>
    function (this: SocketLike, error: Error | null, callback: DestroyCallback) {
      const proceed = (shown: Error | null): void => void Reflect.apply(inner, this, [shown, callback] as never[]);
      const owner = owners.get(this);
      if (owner === undefined) proceed(error);
      else owner.destroying(error, proceed);
    },
};

const names = Object.keys(wrappers);

/**
 * The prototype of an owned socket, by its own: with the wrappers' methods in front of those that that one has.
 *
 * To exchange a socket's prototype is a change of shape like any other for V8. Adding eight methods to each socket
 * and deleting them again would make a dictionary of every one: 25 us for a connection instead of 3.
 */
const ownedPrototype = remember<object>((prototype) => {
  const owned = Object.create(prototype) as object;
  for (const [name, wrap] of Object.entries(wrappers)) {
    const value = wrap((prototype as Methods)[name] as Method);
    Object.defineProperty(owned, name, { value, configurable: true, writable: true, enumerable: false });
  }
  return owned;
});

/** Has `owner` asked from now on. The returned function gives the socket back. */
export function takeOver(socket: SocketLike, owner: Owner): () => void {
  if (owner.takesInput) releaseFromParser(socket);
  if (socket.timeout) socket.setTimeout(0);
  owners.set(socket, owner);
  const before = Object.getPrototypeOf(socket) as object;
  const owned = ownedPrototype(before);
  Object.setPrototypeOf(socket, owned);
  const restore: (() => void)[] = [];
  const wrapOwn = (name: string): void => {
    if (!Object.hasOwn(socket, name)) return;
    restore.push(override(socket, name, wrappers[name]!((socket as unknown as Methods)[name] as Method)));
  };
  // What the socket has of its own (setLinger()'s _destroy, the write() that Node gives it after the peer's FIN)
  names.forEach(wrapOwn);
  // The application may be given the peer's FIN later. Node's listener comes before ours.
  const wrapWrite = (): void => wrapOwn('write');
  if (!owner.takesInput && !socket.readableEnded) {
    socket.once('end', wrapWrite);
    restore.push(() => socket.off('end', wrapWrite));
  }
  const onread = owner.takesInput ? onreadKey(socket) : undefined;
  if (onread !== undefined) {
    const take = (bytes: number): boolean => {
      owners.get(socket)?.discarded(bytes);
      return true;
    };
    restore.push(override(socket, onread, take));
  }
  return () => {
    owners.delete(socket);
    if (Object.getPrototypeOf(socket) === owned) Object.setPrototypeOf(socket, before);
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
  const restore = override(socket, '_destroy', (error: Error | null, callback: DestroyCallback) => {
    const proceed = (shown: Error | null): void => inner(shown, callback);
    if (active) {
      stop();
      intercept(error, proceed);
    } else {
      proceed(error);
    }
  });
  function stop(): void {
    active = false;
    restore();
  }
  return stop;
}
