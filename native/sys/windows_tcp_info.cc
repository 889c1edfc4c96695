// Windows: what SIO_TCP_INFO tells, without elevation since Windows 10 version 1703 (v0) and 1809 (v1). Wine has none of it.
#include "windows.h"

#include <cstddef>
#include <cstring>
#include <initializer_list>

namespace socket_linger::sys {
namespace {

using Info = TCP_INFO_v1;  // begins like TCP_INFO_v0

static_assert(offsetof(TCP_INFO_v0, SynRetrans) == offsetof(Info, SynRetrans));

#define FIELD(name, kind, field) {name, TcpInfoKind::kind, offsetof(Info, field), sizeof(Info::field)}

constexpr TcpInfoField kFields[] = {
    FIELD("state", kState, State),
    FIELD("sndMss", kNumber, Mss),
    FIELD("rttUs", kNumber, RttUs),
    FIELD("minRttUs", kLimit, MinRttUs),
    FIELD("sndCwnd", kNumber, Cwnd),
    FIELD("sndWnd", kNumber, SndWnd),
    FIELD("rcvWnd", kNumber, RcvWnd),
    FIELD("txBytes", kBigInt, BytesOut),
    FIELD("rxBytes", kBigInt, BytesIn),
    FIELD("totalRto", kNumber, TimeoutEpisodes),
};

#undef FIELD

// What Winsock may answer of a connection that is over, to whatever is asked of it. That is for recv() to say.
bool IsBroken(int error) {
  return error == WSAECONNRESET || error == WSAECONNABORTED || error == WSAENETRESET || error == WSAETIMEDOUT ||
         error == WSAENOTCONN || error == WSAESHUTDOWN;
}

}  // namespace

bool IsNoTcpInfo(int error) {
  return error == WSAEOPNOTSUPP || error == WSAEINVAL || error == WSAENOTCONN || error == WSAENOPROTOOPT ||
         error == WSAEFAULT;
}

int AskTcpInfo(SOCKET socket, void* bytes, size_t* length) {
  int error = WSAEOPNOTSUPP;
  Info info = {};
  for (DWORD version : {DWORD{1}, DWORD{0}}) {
    const DWORD size = version == 1 ? sizeof(TCP_INFO_v1) : sizeof(TCP_INFO_v0);
    DWORD returned = 0;
    error = LastError(WSAIoctl(socket, SIO_TCP_INFO, &version, sizeof version, &info, size, &returned, nullptr, nullptr));
    if (error == 0) {
      *length = returned < *length ? returned : *length;
      memcpy(bytes, &info, *length);
      return 0;
    }
    if (!IsNoTcpInfo(error)) break;
  }
  return error;
}

TcpState ToTcpState(int number) {
  switch (number) {
    case TCPSTATE_CLOSED: return TcpState::kClosed;
    case TCPSTATE_LISTEN: return TcpState::kListen;
    case TCPSTATE_SYN_SENT: return TcpState::kSynSent;
    case TCPSTATE_SYN_RCVD: return TcpState::kSynReceived;
    case TCPSTATE_ESTABLISHED: return TcpState::kEstablished;
    case TCPSTATE_FIN_WAIT_1: return TcpState::kFinWait1;
    case TCPSTATE_FIN_WAIT_2: return TcpState::kFinWait2;
    case TCPSTATE_CLOSE_WAIT: return TcpState::kCloseWait;
    case TCPSTATE_CLOSING: return TcpState::kClosing;
    case TCPSTATE_LAST_ACK: return TcpState::kLastAck;
    case TCPSTATE_TIME_WAIT: return TcpState::kTimeWait;
    default: return TcpState::kUnknown;
  }
}

TcpInfoFields DescribeTcpInfo() { return {kFields, sizeof kFields / sizeof kFields[0]}; }

int ReadTcpInfo(Descriptor descriptor, void* bytes, size_t* length) {
  const int error = AskTcpInfo(ToSocket(descriptor), bytes, length);
  if (error == 0 || !IsNoTcpInfo(error)) return error;
  *length = 0;
  return CheckSocket(ToSocket(descriptor));  // Wine refuses the question before it has looked at the handle
}

int ReadTcpState(Descriptor descriptor, TcpState* state) {
  *state = TcpState::kUnknown;
  TCP_INFO_v1 info = {};
  size_t length = sizeof info;
  const int error = ReadTcpInfo(descriptor, &info, &length);
  if (error == 0 && length > 0) *state = ToTcpState(info.State);
  return error;
}

// `fin_queued` decides nothing: no number here counts the FIN.
int ReadQueues(Descriptor descriptor, bool /* known_tcp */, bool /* fin_queued */, Queues* queues) {
  const int error = ReadUnread(descriptor, &queues->unread);
  if (IsBroken(error)) {
    queues->unread = Queues::kCannotTell;
  } else if (error != 0) {
    return error;
  }
  TCP_INFO_v1 info = {};
  size_t length = sizeof info;
  if (AskTcpInfo(ToSocket(descriptor), &info, &length) != 0 || length < sizeof(TCP_INFO_v0)) return 0;
  // Microsoft does not say whether BytesOut counts retransmissions. If it does not, each looks like progress here: there are
  // a few of them before Windows gives up.
  queues->sent = static_cast<int64_t>(info.BytesOut) - static_cast<int64_t>(info.BytesRetrans);
  bool is_over = false;
  switch (ToTcpState(info.State)) {
    case TcpState::kFinWait2:
    case TcpState::kTimeWait:  // all of it is acknowledged, the FIN too
      queues->unacked = 0;
      queues->unsent = 0;
      return 0;
    case TcpState::kFinWait1:
    case TcpState::kClosing:
    case TcpState::kLastAck:
      queues->fin_unacked = true;
      break;
    case TcpState::kClosed:  // after LAST_ACK, or by a reset, which drops what was never sent
      is_over = true;
      break;
    default:
      break;
  }
  // What was never sent is not told. With nothing in flight there may be such bytes while the peer's window has no room for
  // a segment (RFC 1122, 4.2.3.4: less is not filled at once), and for as long as our FIN is still to be acknowledged.
  const bool may_wait = info.SndWnd < info.Mss || queues->fin_unacked || is_over;
  if (info.BytesInFlight > 0 || !may_wait) queues->unacked = info.BytesInFlight;
  return 0;
}

}  // namespace socket_linger::sys
