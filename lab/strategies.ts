// The ways to close a socket that the lab compares.
import type net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { lingerClose, pendingBytes, setLinger, shutdown } from 'socket-linger';

import type { Verdict } from './protocol.js';
import { settings } from './settings.js';

export interface Strategy {
  readonly id: string;
  /** At most 20 characters: the table has 80 columns. */
  readonly label: string;
  readonly explanation: string;
  /** Starts the close. A verdict is given by those that have one. */
  close(socket: net.Socket): Promise<Verdict> | undefined;
}

const { lingerSeconds } = settings;

export const strategies: readonly Strategy[] = [
  {
    id: 'destroy',
    label: 'destroy()',
    explanation: 'Closes at once. What the kernel has not taken is dropped.',
    close(socket) {
      socket.destroy();
      return undefined;
    },
  },
  {
    id: 'end',
    label: 'end()',
    explanation: 'Sends everything and a FIN, then waits for the end of the input, without any limit.',
    close(socket) {
      socket.end();
      return undefined;
    },
  },
  {
    id: 'destroy-soon',
    label: 'destroySoon()',
    explanation: 'What node:http does: closes as soon as the kernel has taken everything.',
    close(socket) {
      socket.destroySoon();
      return undefined;
    },
  },
  {
    id: 'linger-0',
    label: 'setLinger(0)+destroy',
    explanation: 'Resets the connection on purpose. Output is dropped.',
    close(socket) {
      setLinger(socket, 0);
      socket.destroy();
      return undefined;
    },
  },
  {
    id: 'kernel-linger',
    label: 'bare kernel linger',
    explanation: `SO_LINGER of ${lingerSeconds} s as the kernel does it, then destroy(): the close blocks the process.`,
    close(socket) {
      setLinger(socket, lingerSeconds, { blocking: true });
      socket.destroy();
      return undefined;
    },
  },
  {
    id: 'set-linger',
    label: `setLinger(${lingerSeconds})+destroy`,
    explanation:
      `Ours: the same SO_LINGER of ${lingerSeconds} s, but the wait is in the background. ` +
      "It is for the acknowledgement, not for the peer's FIN.",
    close(socket) {
      setLinger(socket, lingerSeconds);
      socket.destroy();
      return undefined;
    },
  },
  {
    id: 'by-hand',
    label: 'half-close by hand',
    explanation:
      'The classic advice: send queue empty, SHUT_WR, read to the FIN, close. ' +
      `Here with a limit of ${settings.byHandLimitMs / 1000} s; the advice has none.`,
    close: halfCloseByHand,
  },
  {
    id: 'linger-close',
    label: 'lingerClose()',
    explanation:
      'Ours: half-closes, discards input until the FIN, waits for every acknowledgement, and says how it went. ' +
      `Limits here: ${settings.lingerCloseTimeoutMs / 1000} s in all, ${settings.lingerCloseIdleTimeoutMs / 1000} s without progress.`,
    async close(socket) {
      const { outcome, delivered, unackedBytes, discardedBytes, error } = await lingerClose(socket, {
        timeout: settings.lingerCloseTimeoutMs,
        idleTimeout: settings.lingerCloseIdleTimeoutMs,
      });
      const { code } = (error ?? {}) as NodeJS.ErrnoException;
      return { outcome, delivered, unackedBytes, discardedBytes, ...(code === undefined ? {} : { errorCode: code }) };
    },
  },
];

export function strategyById(id: string): Strategy {
  const found = strategies.find((strategy) => strategy.id === id);
  if (found === undefined) throw new Error(`no such strategy: ${id}`);
  return found;
}

async function halfCloseByHand(socket: net.Socket): Promise<Verdict> {
  const deadline = performance.now() + settings.byHandLimitMs;
  const goesOn = (): boolean => !socket.destroyed && performance.now() < deadline;
  const isQueued = (): boolean => {
    const { writeBuffered, unacked } = pendingBytes(socket);
    return writeBuffered > 0 || (unacked ?? 0) > 0;
  };
  // Nothing tells a program that its send queue is empty: it has to look again and again.
  while (goesOn() && isQueued()) await sleep(5);
  if (goesOn()) {
    shutdown(socket, 'write');
    socket.resume();
    while (goesOn() && !socket.readableEnded) await sleep(5);
  }
  const outcome = goesOn() || socket.destroyed ? 'closed' : 'gave-up';
  socket.destroy();
  return { outcome };
}
