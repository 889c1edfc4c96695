// What tcpInfo() can tell: one documented row per field, in the kernel's order. The result's type, the tests and the table
// in docs/API.md derive from it. The other place to touch for a new field is native/sys/<system>_tcp_info.cc.
import type { TcpState } from './native.js';

/** What a field is in JavaScript. */
interface KindValues {
  number: number;
  /** null: no limit, or not known yet. */
  limit: number | null;
  /** May pass 2^53. */
  bigint: bigint;
  boolean: boolean;
  /** null: a state that we have no name for. */
  state: TcpState | null;
  name: string;
  flags: readonly string[];
}

export interface TcpInfoRow {
  readonly kind: keyof KindValues;
  readonly doc: string;
  /** Names or flags, where they are known. */
  readonly values?: readonly string[];
}

export const tcpInfoRows = {
  state: { kind: 'state', doc: 'ESTABLISHED, CLOSE_WAIT, LISTEN ...: the name that `ss` and RFC 9293 have for it' },
  caState: { kind: 'name', values: ['open', 'disorder', 'cwr', 'recovery', 'loss'], doc: 'congestion control: open is normal, recovery and loss retransmit' },
  retransmits: { kind: 'number', doc: 'times in a row that the oldest unacknowledged segment was sent again for a timeout' },
  probes: { kind: 'number', doc: 'keepalive or zero-window probes that nobody has answered' },
  backoff: { kind: 'number', doc: 'doublings of the retransmission timeout' },
  options: {
    kind: 'flags',
    values: ['timestamps', 'sack', 'wscale', 'ecn', 'ecn-seen', 'syn-data', 'usec-ts', 'tfo-child'],
    doc: 'what the handshake has agreed on',
  },
  sndWscale: { kind: 'number', doc: "shift of the peer's window" },
  rcvWscale: { kind: 'number', doc: 'shift of our window' },
  deliveryRateAppLimited: { kind: 'boolean', doc: '`deliveryRate` was limited by the application, not by the network' },
  fastopenClientFail: { kind: 'name', values: ['unspecified', 'cookie-unavailable', 'data-not-acked', 'syn-retransmitted'], doc: 'why TCP Fast Open did not work; unspecified also where it was not tried' },
  flags: { kind: 'flags', values: ['loss-recovery', 'reordering-detected'], doc: 'state of the loss recovery' },
  rtoUs: { kind: 'number', doc: 'microseconds until an unacknowledged segment is sent again' },
  atoUs: { kind: 'number', doc: 'microseconds that an acknowledgement may be delayed' },
  sndMss: { kind: 'number', doc: 'bytes of the largest segment that is sent' },
  rcvMss: { kind: 'number', doc: 'bytes of the largest segment that the peer seems to send' },
  unacked: { kind: 'number', doc: 'segments in flight. LISTEN: connections that wait for accept()' },
  sacked: { kind: 'number', doc: 'segments that SACK has acknowledged. LISTEN: the limit of the backlog' },
  lost: { kind: 'number', doc: 'segments that are taken for lost' },
  retrans: { kind: 'number', doc: 'segments in flight that were sent again' },
  fackets: { kind: 'number', doc: 'always 0 since Linux 4.15' },
  lastDataSentMs: { kind: 'number', doc: 'milliseconds since data was sent' },
  lastAckSentMs: { kind: 'number', doc: 'always 0: Linux does not remember' },
  lastDataRecvMs: { kind: 'number', doc: 'milliseconds since data was received' },
  lastDataRecvUs: { kind: 'number', doc: 'microseconds since data was received' },
  lastAckRecvMs: { kind: 'number', doc: 'milliseconds since an acknowledgement was received' },
  pmtu: { kind: 'number', doc: 'bytes of the largest packet on the way' },
  rcvSsthresh: { kind: 'number', doc: 'bytes that our window may grow to' },
  rttCurUs: { kind: 'number', doc: 'the latest round trip, in microseconds' },
  rttUs: { kind: 'number', doc: 'the round trip, smoothed, in microseconds; Node users mostly want `rttUs / 1000`' },
  rttvarUs: { kind: 'number', doc: 'how much the round trip varies, in microseconds' },
  sndSsthresh: { kind: 'number', doc: 'slow start ends here: segments on Linux (2147483647: no limit), bytes elsewhere' },
  sndCwnd: { kind: 'number', doc: 'congestion window: segments on Linux, bytes elsewhere' },
  advmss: { kind: 'number', doc: 'bytes of the largest segment that we have offered to take' },
  reordering: { kind: 'number', doc: 'segments that the network may put out of order before one counts as lost' },
  rcvRttUs: { kind: 'number', doc: "the round trip as the receiver sees it, in microseconds; 0: not known" },
  rcvSpace: { kind: 'number', doc: 'bytes that the application takes in a round trip, about; not Linux: our window' },
  totalRetrans: { kind: 'number', doc: 'segments that were sent again, from the beginning' },
  pacingRate: { kind: 'limit', doc: 'bytes per second that the kernel sends at the most; null: no limit' },
  maxPacingRate: { kind: 'limit', doc: 'the limit that the application has set (option maxPacingRate); null: none' },
  bytesAcked: { kind: 'bigint', doc: 'bytes that the peer has acknowledged, SYN and FIN one each' },
  bytesReceived: { kind: 'bigint', doc: 'bytes received in order, FIN one' },
  segsOut: { kind: 'number', doc: 'segments sent, those without data too' },
  segsIn: { kind: 'number', doc: 'segments received, those without data too' },
  notsentBytes: { kind: 'number', doc: 'bytes in the send queue that were never sent' },
  minRttUs: { kind: 'limit', doc: 'the shortest round trip lately, in microseconds; null: none was measured' },
  dataSegsIn: { kind: 'number', doc: 'segments with data that were received' },
  dataSegsOut: { kind: 'number', doc: 'segments with data that were sent' },
  deliveryRate: { kind: 'number', doc: 'bytes per second that arrive at the peer, as last measured' },
  busyTimeUs: { kind: 'number', doc: 'microseconds with something to send' },
  rwndLimitedUs: { kind: 'number', doc: "of these, held back by the peer's window: it reads slowly" },
  sndbufLimitedUs: { kind: 'number', doc: 'of these, held back by our send buffer: it is too small' },
  delivered: { kind: 'number', doc: 'segments that have arrived, SYN included' },
  deliveredCe: { kind: 'number', doc: 'of these, marked by a congested router (ECN)' },
  bytesSent: { kind: 'bigint', doc: 'bytes sent, those sent again included' },
  bytesRetrans: { kind: 'bigint', doc: 'bytes sent again' },
  dsackDups: { kind: 'number', doc: 'segments that were sent again for nothing, as the peer says' },
  reordSeen: { kind: 'number', doc: 'times that segments arrived out of order at the peer' },
  rcvOoopack: { kind: 'number', doc: 'segments received out of order' },
  sndWnd: { kind: 'number', doc: "bytes of the peer's window" },
  rcvWnd: { kind: 'number', doc: 'bytes of our window' },
  rehash: { kind: 'number', doc: 'times that another way through the network was tried' },
  totalRto: { kind: 'number', doc: 'retransmission timeouts from the beginning' },
  totalRtoRecoveries: { kind: 'number', doc: 'recoveries from them' },
  totalRtoTimeMs: { kind: 'number', doc: 'milliseconds spent in them' },
  receivedCe: { kind: 'number', doc: 'segments received with the mark of a congested router' },
  deliveredE1Bytes: { kind: 'number', doc: 'AccECN: bytes that have arrived marked ECT(1), modulo 2^32' },
  deliveredE0Bytes: { kind: 'number', doc: 'the same, ECT(0)' },
  deliveredCeBytes: { kind: 'number', doc: 'the same, CE' },
  receivedE1Bytes: { kind: 'number', doc: 'AccECN: bytes received marked ECT(1), modulo 2^32' },
  receivedE0Bytes: { kind: 'number', doc: 'the same, ECT(0)' },
  receivedCeBytes: { kind: 'number', doc: 'the same, CE' },
  ecnMode: { kind: 'name', values: ['disabled', 'rfc3168', 'accecn', 'pending'], doc: 'ECN as negotiated; Linux 7.0 or later' },
  accecnOptSeen: { kind: 'name', values: ['not-seen', 'empty-seen', 'counter-seen', 'fail-seen'], doc: "the peer's AccECN option" },
  accecnFailMode: { kind: 'flags', values: ['ace-send', 'ace-receive', 'option-send', 'option-receive'], doc: 'what of AccECN does not work on this connection' },
  sndSbbytes: { kind: 'number', doc: 'bytes in the send buffer, those in flight included' },
  sndNxt: { kind: 'number', doc: 'sequence number to be sent next' },
  rcvNxt: { kind: 'number', doc: 'sequence number to be received next' },
  sndRexmitpack: { kind: 'number', doc: 'segments that were sent again, from the beginning' },
  sndZerowin: { kind: 'number', doc: 'times that our window was announced as 0' },
  txPackets: { kind: 'bigint', doc: 'packets sent' },
  txBytes: { kind: 'bigint', doc: 'bytes sent' },
  txRetransmitBytes: { kind: 'bigint', doc: 'bytes sent again' },
  rxPackets: { kind: 'bigint', doc: 'packets received' },
  rxBytes: { kind: 'bigint', doc: 'bytes received' },
  rxOutOfOrderBytes: { kind: 'bigint', doc: 'bytes received out of order' },
  txRetransmitPackets: { kind: 'bigint', doc: 'packets sent again' },
} as const satisfies Record<string, TcpInfoRow>;

type Rows = typeof tcpInfoRows;

type ValueOf<Row> = Row extends { values: readonly (infer Value)[]; kind: infer Kind }
  ? Kind extends 'flags'
    ? readonly Value[]
    : Value
  : Row extends { kind: infer Kind extends keyof KindValues }
    ? KindValues[Kind]
    : never;

/**
 * What the kernel knows of a connection. Names are the kernel's own; `Us`: microseconds, `Ms`: milliseconds. A field that
 * this system, or this version of its kernel, does not return is not there. docs/API.md says what each one means.
 */
export type TcpInfo = { readonly state: TcpState | null } & {
  readonly [Name in Exclude<keyof Rows, 'state'>]?: ValueOf<Rows[Name]>;
};
