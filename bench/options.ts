// 1. Getters, setters, pendingBytes and tcpInfo through the public API, against the same system calls in a C loop, against
// koffi, and against Node's own setNoDelay().
import { once } from 'node:events';
import net from 'node:net';

import koffi from 'koffi';
import {
  getLinger,
  getNoDelay,
  getOption,
  getRawOption,
  pendingBytes,
  setLinger,
  setNoDelay,
  setOption,
  setRawOption,
  tcpInfo,
} from 'socket-linger';

import type { Benchmark, Context, Findings } from './benchmark.js';
import { BenchError, LineChild } from './child.js';
import { compile, hasCompiler, noCompiler } from './compile.js';
import { interleave, median, sleep } from './measure.js';
import type { Row } from './report.js';
import { compare } from './rounds.js';

type Loop = (times: number) => void;

interface Subject {
  readonly title: string;
  /** What calls.c knows it by. */
  readonly call: string;
  readonly socket: net.Socket;
  /** Each has a loop of its own, which V8 optimizes for that one call. */
  readonly ours: Loop;
  readonly koffi: Loop;
  readonly node?: Loop;
  /** More than the system call is asked of it: a Buffer, an object. */
  readonly isFree?: boolean;
}

interface Ends {
  readonly near: net.Socket;
  readonly far: net.Socket;
}

/** A connected pair whose far end does not read: paused before it is connected, libuv never starts. */
async function makePair(server: net.Server): Promise<Ends> {
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  const far = new net.Socket();
  far.pause();
  far.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const [[near]] = await Promise.all([accepted, once(far, 'connect')]);
  return { near, far };
}

/** More than the peer's kernel takes, and less than ours does: nothing is left above the kernel. */
const inFlightBytes = 1_000_000;

async function fill({ near }: Ends): Promise<void> {
  near.write(Buffer.alloc(inFlightBytes));
  await sleep(50);
  const { unacked, writeBuffered } = pendingBytes(near);
  if (unacked === null || unacked === 0 || writeBuffered !== 0) {
    throw new BenchError(`not in the wanted state: ${unacked} bytes unacknowledged, ${writeBuffered} above the kernel`);
  }
}

function descriptorOf(socket: net.Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

// Linux' numbers, <asm-generic/socket.h>, <asm-generic/ioctls.h> and <linux/sockios.h>
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_INFO = 11;
const SIOCOUTQNSD = 0x894b;
const SIOCOUTQ = 0x5411;
const FIONREAD = 0x541b;

let sink: unknown;

function makeSubjects(quiet: net.Socket, armed: net.Socket, busy: net.Socket): Subject[] {
  const libc = koffi.load(null);
  type Call = (descriptor: number, a: number, b: number, c: Buffer, d: Buffer | number) => number;
  const getsockopt = libc.func('int getsockopt(int, int, int, void *, void *)') as Call;
  const setsockopt = libc.func('int setsockopt(int, int, int, void *, unsigned int)') as Call;
  const ioctl = libc.func('int ioctl(int, unsigned long, void *)') as (d: number, request: number, to: Buffer) => number;
  const value = Buffer.alloc(8);
  const words = new Int32Array(value.buffer, value.byteOffset, 2);
  const infoBytes = Buffer.alloc(512);
  const size = Buffer.alloc(4);
  const sizeWord = new Uint32Array(size.buffer, size.byteOffset, 1);
  const must = (result: number): void => {
    if (result !== 0) throw new BenchError('a system call failed');
  };
  const get = (socket: net.Socket, level: number, option: number, bytes: number): number => {
    sizeWord[0] = bytes;
    must(getsockopt(descriptorOf(socket), level, option, value, size));
    return words[0]!;
  };
  const setKeepIdleByKoffi = (seconds: number): void => {
    words[0] = seconds;
    must(setsockopt(descriptorOf(quiet), IPPROTO_TCP, TCP_KEEPIDLE, value, 4));
  };
  const setLingerByKoffi = (socket: net.Socket, seconds: number): void => {
    words[0] = 1;
    words[1] = seconds;
    must(setsockopt(descriptorOf(socket), SOL_SOCKET, SO_LINGER, value, 8));
  };
  const queuesByKoffi = (socket: net.Socket): object => {
    const descriptor = descriptorOf(socket);
    must(ioctl(descriptor, SIOCOUTQNSD, value));
    const unsent = words[0];
    must(ioctl(descriptor, SIOCOUTQ, value));
    const unacked = words[0];
    must(ioctl(descriptor, FIONREAD, value));
    return { unsent, unacked, unread: words[0] };
  };

  return [
    {
      title: 'getLinger(s)',
      call: 'getLinger',
      socket: quiet,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) sink = getLinger(quiet);
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) sink = get(quiet, SOL_SOCKET, SO_LINGER, 8) === 0 ? null : words[1];
      },
    },
    {
      title: 'setLinger(s, 0)',
      call: 'setLinger0',
      socket: quiet,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) setLinger(quiet, 0);
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) setLingerByKoffi(quiet, 0);
      },
    },
    {
      // A socket of its own: what this does to the object's shape slows down the lookups of all other calls.
      title: 'setLinger(s, 30)',
      call: 'setLinger30',
      socket: armed,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) setLinger(armed, 30);
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) setLingerByKoffi(armed, 30);
      },
    },
    {
      title: 'getNoDelay(s)',
      call: 'getNoDelay',
      socket: quiet,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) sink = getNoDelay(quiet);
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) sink = get(quiet, IPPROTO_TCP, TCP_NODELAY, 4) !== 0;
      },
    },
    {
      // On and off in turn: Node makes no system call for the value that it set last.
      title: 'setNoDelay(s, on/off)',
      call: 'setNoDelay',
      socket: quiet,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) setNoDelay(quiet, (i & 1) === 1);
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) {
          words[0] = i & 1;
          must(setsockopt(descriptorOf(quiet), IPPROTO_TCP, TCP_NODELAY, value, 4));
        }
      },
      node: (times) => {
        for (let i = 0; i < times; i += 1) quiet.setNoDelay((i & 1) === 1);
      },
    },
    {
      title: "getOption(s, 'keepIdle')",
      call: 'getKeepIdle',
      socket: quiet,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) sink = getOption(quiet, 'keepIdle');
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) sink = get(quiet, IPPROTO_TCP, TCP_KEEPIDLE, 4);
      },
    },
    {
      title: "setOption(s, 'keepIdle', n)",
      call: 'setKeepIdle',
      socket: quiet,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) setOption(quiet, 'keepIdle', 100 + (i & 1));
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) setKeepIdleByKoffi(100 + (i & 1));
      },
    },
    {
      title: 'getRawOption(s, ...)',
      isFree: true,
      call: 'getKeepIdle',
      socket: quiet,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) sink = getRawOption(quiet, IPPROTO_TCP, TCP_KEEPIDLE, 4);
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) sink = get(quiet, IPPROTO_TCP, TCP_KEEPIDLE, 4);
      },
    },
    {
      title: 'setRawOption(s, ...)',
      isFree: true,
      call: 'setKeepIdle',
      socket: quiet,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) setRawOption(quiet, IPPROTO_TCP, TCP_KEEPIDLE, 100 + (i & 1));
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) setKeepIdleByKoffi(100 + (i & 1));
      },
    },
    {
      // C and koffi only fetch the bytes; ours makes an object of some sixty fields of them.
      title: 'tcpInfo(s)',
      isFree: true,
      call: 'tcpInfo',
      socket: quiet,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) sink = tcpInfo(quiet);
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) {
          sizeWord[0] = infoBytes.length;
          must(getsockopt(descriptorOf(quiet), IPPROTO_TCP, TCP_INFO, infoBytes, size));
          sink = infoBytes[0];
        }
      },
    },
    {
      title: 'pendingBytes(s), nothing',
      call: 'pendingQuiet',
      socket: quiet,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) sink = pendingBytes(quiet);
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) sink = queuesByKoffi(quiet);
      },
    },
    {
      title: 'pendingBytes(s), in flight',
      call: 'pendingBusy',
      socket: busy,
      ours: (times) => {
        for (let i = 0; i < times; i += 1) sink = pendingBytes(busy);
      },
      koffi: (times) => {
        for (let i = 0; i < times; i += 1) {
          sink = queuesByKoffi(busy);
          sink = get(busy, IPPROTO_TCP, TCP_INFO, 1);
        }
      },
    },
  ];
}

const empty = (): unknown => sink;

const emptyLoop: Loop = (times) => {
  for (let i = 0; i < times; i += 1) sink = empty();
};

/** Nanoseconds per call. */
function time(loop: Loop, times: number): number {
  const from = process.hrtime.bigint();
  loop(times);
  return Number(process.hrtime.bigint() - from) / times;
}

type TimeCalls = (call: string, descriptor: number, times: number) => number;

function loadTimeCalls(library: string): TimeCalls {
  return koffi.load(library).func('double time_calls(const char *, int, int)') as TimeCalls;
}

const bar = { of: 'ratio', is: '<=', limit: 1.15 } as const;

async function measure(pairs: { quiet: Ends; armed: Ends; busy: Ends }, { quick, signal, say }: Context): Promise<Findings> {
  const withC = await hasCompiler();
  const program = withC ? await compile('calls') : '';
  const timeCalls = withC ? loadTimeCalls(await compile('calls', 'library')) : () => NaN;
  const bare = withC ? new LineChild(program) : undefined;
  const threaded = withC ? new LineChild(program, ['--thread']) : undefined;
  const times = quick ? 20_000 : 40_000;
  const settings = { rounds: quick ? 9 : 25, warmups: 5, signal };
  const rows: Row[] = [];
  const ask = async (child: LineChild, call: string): Promise<number> => {
    const [total] = await child.ask(`${call} ${times}`);
    return Number(total) / times;
  };
  let jsEmpty = NaN;
  try {
    for (const subject of makeSubjects(pairs.quiet.near, pairs.armed.near, pairs.busy.near)) {
      say(subject.title);
      const results = await interleave(
        {
          ours: () => time(subject.ours, times),
          koffi: () => time(subject.koffi, times),
          empty: () => time(emptyLoop, times),
          node: () => (subject.node === undefined ? NaN : time(subject.node, times)),
          here: () => timeCalls(subject.call, descriptorOf(subject.socket), times) / times,
          bare: () => (bare === undefined ? NaN : ask(bare, subject.call)),
          threaded: () => (threaded === undefined ? NaN : ask(threaded, subject.call)),
        },
        settings,
      );
      jsEmpty = median(results.empty);
      const add = (against: string, baselines: number[], held = false): void => {
        rows.push(compare(`${subject.title} : ${against}`, 'ns', results.ours, baselines, held ? bar : null));
      };
      if (withC) {
        add('C', results.here, subject.isFree !== true);
        add('C alone', results.bare);
        add('C+thread', results.threaded);
      }
      add('koffi', results.koffi);
      if (subject.node !== undefined) add('Node', results.node);
    }
  } finally {
    await Promise.all([bare?.stop(), threaded?.stop()]);
  }
  const notes = [
    `A call of an empty JavaScript function in the same loop takes ${jsEmpty.toFixed(1)} ns.`,
    "C: a loop in this very process, on the same socket. C alone: a process of its own, with one thread. C+thread: one " +
      'with a second, sleeping thread, as every Node process has some: the kernel then counts references to the file ' +
      'for every call, which no library can avoid.',
    'In flight: the peer does not read, so the library asks for the TCP state too, and so does the C loop.',
  ];
  return { rows, notes: withC ? notes : [noCompiler, notes[0]!] };
}

async function run(context: Context): Promise<Findings> {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const quiet = await makePair(server);
  const armed = await makePair(server);
  const busy = await makePair(server);
  try {
    await fill(busy);
    return await measure({ quiet, armed, busy }, context);
  } finally {
    for (const { near, far } of [quiet, armed, busy]) {
      setLinger(near, null);
      near.on('error', () => undefined).destroy();
      far.on('error', () => undefined).destroy();
    }
    server.close();
  }
}

export const options: Benchmark = {
  name: 'options',
  title: 'getters, setters, pendingBytes and tcpInfo, ns per call',
  run,
};
