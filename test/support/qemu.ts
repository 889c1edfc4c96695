// What qemu-user 7.2 lacks of Linux: those tests are skipped there, each with its reason (npm run test:arm64 requires this).
import { skip } from './skip.js';

const unknownOption = 'qemu-user does not know an option that this needs (ENOPROTOOPT)';
const wrongLength = 'qemu-user takes every option for a number of 4 bytes (EINVAL)';
const shortTcpInfo = 'qemu-user returns 4 bytes of TCP_INFO';
const noQueues = 'qemu-user has no SIOCOUTQNSD (ENOSYS): no sizes of the send queue, and so no word of what was acknowledged';

const reasons: readonly [RegExp, string][] = [
  [
    /^options (autoFlowLabel|bindAddressNoPort|bufferLock|busyPoll|busyPollBudget|incomingCpu|ipMtu|mark|maxPacingRate|minHops|minTtl|preferBusyPoll|transparent|zeroCopy), /,
    unknownOption,
  ],
  [/^options (bindToDevice|cookie|netnsCookie), /, wrongLength],
  [/^setOption, getOption refuse values that an option does not take, each one/, unknownOption],
  [/^setOption, getOption what a listener has, its connections inherit/, wrongLength],
  [/^setOption, getOption originalDestination is where the client went/, wrongLength],
  [/^setRawOption, getRawOption set and get by number: /, shortTcpInfo],
  [/^setRawOption, getRawOption SO_GET_FILTER, /, wrongLength],
  [/^pendingBytes (accounts for every byte|never counts the FIN|still tells after|tells what is pending under tls)/, noQueues],
  [/^lingerClose \(.+\) (acked: a peer that never closes|peer-reset: a peer that closes with data unread)/, noQueues],
  [/^lingerClose on a socket that is \(.+\) (half-closed by the peer before|ended by the peer meanwhile)/, noQueues],
  [/^closeCause broken-pipe: we write after the close/, noQueues],
  [/^closeCause asks the kernel about clean closes only once/, noQueues],
  [/^closeCause and lingers \(.+\) setLinger\(\): the end is the end of the wait/, noQueues],
  [/^explainError EADDRINUSE, EADDRNOTAVAIL, ENOTCONN$/, unknownOption],
  [/^tcpInfo (tells of a connection|agrees with what else is known|a listener: its state)/, shortTcpInfo],
];

/** Why the test does not run under qemu-user; undefined: it does. */
export function skipReasonUnderQemu(title: string): string | undefined {
  return reasons.find(([pattern]) => pattern.test(title))?.[1];
}

export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    const title = this.currentTest!.fullTitle();
    const reason = skipReasonUnderQemu(title);
    if (reason !== undefined) skip(this, `${title}: ${reason}`);
  },
};
