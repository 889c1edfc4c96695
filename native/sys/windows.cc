// Windows: option rows, queue sizes and the rest of the contract, by Winsock 2. Error numbers are WSAGetLastError()'s.
#include "windows.h"
#include "windows_sdk.h"

#include <climits>
#include <cstring>

namespace socket_linger::sys {
namespace {

using Kind = OptionKind;
constexpr auto kRead = OptionAccess::kRead;
constexpr auto kReadWrite = OptionAccess::kReadWrite;

constexpr OptionRow kRows[] = {
    {"acceptConnection", SOL_SOCKET, SO_ACCEPTCONN, Kind::kBoolean, kRead},
    {"error", SOL_SOCKET, SO_ERROR, Kind::kError, kRead},
    {"exclusiveAddressUse", SOL_SOCKET, SO_EXCLUSIVEADDRUSE, Kind::kBoolean},
    {"keepalive", SOL_SOCKET, SO_KEEPALIVE, Kind::kBoolean},
    // Both members of struct linger are u_short.
    {"linger", SOL_SOCKET, SO_LINGER, Kind::kLinger, kReadWrite, 0, USHRT_MAX},
    {"outOfBandInline", SOL_SOCKET, SO_OOBINLINE, Kind::kBoolean},
    {"receiveBufferSize", SOL_SOCKET, SO_RCVBUF, Kind::kInteger, kReadWrite, 0, INT_MAX},
    {"reuseAddress", SOL_SOCKET, SO_REUSEADDR, Kind::kBoolean},
    {"sendBufferSize", SOL_SOCKET, SO_SNDBUF, Kind::kInteger, kReadWrite, 0, INT_MAX},
    {"type", SOL_SOCKET, SO_TYPE, Kind::kInteger, kRead},

    {"ipMtu", IPPROTO_IP, IP_MTU, Kind::kInteger, kRead},
    // Windows takes IP_TOS and does not act on it: DSCP is a matter of policies (qWAVE) there.
    {"tos", IPPROTO_IP, IP_TOS, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
    {"ttl", IPPROTO_IP, IP_TTL, Kind::kInteger, kReadWrite, 1, UINT8_MAX},

    {"ipv6Mtu", IPPROTO_IPV6, IPV6_MTU, Kind::kInteger, kRead},
    {"unicastHops", IPPROTO_IPV6, IPV6_UNICAST_HOPS, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
    {"v6Only", IPPROTO_IPV6, IPV6_V6ONLY, Kind::kBoolean},

    {"fastOpen", IPPROTO_TCP, sdk::kFastOpen, Kind::kInteger, kReadWrite, 0, 1},
    {"keepCount", IPPROTO_TCP, sdk::kKeepCount, Kind::kInteger, kReadWrite, 1, UINT8_MAX},
    {"keepIdle", IPPROTO_TCP, sdk::kKeepAlive, Kind::kInteger, kReadWrite, 1, INT_MAX / 1000},
    {"keepInterval", IPPROTO_TCP, sdk::kKeepInterval, Kind::kInteger, kReadWrite, 1, INT_MAX / 1000},
    {"maxRetransmitTime", IPPROTO_TCP, sdk::kMaxRetransmission, Kind::kInteger, kReadWrite, -1, INT_MAX / 1000},
    {"maxRetransmitTimeMs", IPPROTO_TCP, sdk::kMaxRetransmissionMs, Kind::kInteger, kReadWrite, 0, INT_MAX},
    {"noDelay", IPPROTO_TCP, TCP_NODELAY, Kind::kBoolean},
};

// Into `value`, which was zeroed before: options that are a BOOL may fill one byte of it.
template <typename T>
int Get(SOCKET socket, const OptionRow& row, T* value) {
  int size = sizeof *value;
  return LastError(getsockopt(socket, row.level, row.option, reinterpret_cast<char*>(value), &size));
}

template <typename T>
int Set(SOCKET socket, const OptionRow& row, const T& value) {
  return LastError(setsockopt(socket, row.level, row.option, reinterpret_cast<const char*>(&value), sizeof value));
}

}  // namespace

OptionRows Options() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

int GetOption(Descriptor descriptor, const OptionRow& row, OptionValue* value) {
  const SOCKET socket = ToSocket(descriptor);
  if (row.kind == Kind::kLinger) {
    struct linger linger = {};
    const int error = Get(socket, row, &linger);
    value->on = linger.l_onoff != 0;
    value->number = linger.l_linger;
    return error;
  }
  int number = 0;
  const int error = Get(socket, row, &number);
  value->on = number != 0;
  value->number = number;
  return error;
}

int SetOption(Descriptor descriptor, const OptionRow& row, const OptionValue& value) {
  const SOCKET socket = ToSocket(descriptor);
  switch (row.kind) {
    case Kind::kBoolean:
      return Set(socket, row, value.on ? 1 : 0);
    case Kind::kInteger:
      return Set(socket, row, static_cast<int>(value.number));
    case Kind::kLinger: {
      struct linger linger = {};
      linger.l_onoff = value.on ? 1 : 0;
      linger.l_linger = static_cast<u_short>(value.number);
      return Set(socket, row, linger);
    }
    default:
      return WSAENOPROTOOPT;  // no row is of another kind
  }
}

int GetRawOption(Descriptor descriptor, int level, int option, void* bytes, size_t* length) {
  auto size = static_cast<int>(*length);
  const int result = getsockopt(ToSocket(descriptor), level, option, static_cast<char*>(bytes), &size);
  if (result != 0) return WSAGetLastError();
  *length = static_cast<size_t>(size);
  return 0;
}

int SetRawOption(Descriptor descriptor, int level, int option, const void* bytes, size_t length) {
  return LastError(setsockopt(ToSocket(descriptor), level, option, static_cast<const char*>(bytes), static_cast<int>(length)));
}

int OpenSocket(Family family, Descriptor* descriptor) {
  // As libuv makes its own: overlapped, or it could not be adopted.
  const SOCKET socket = WSASocketW(family == Family::kIPv6 ? AF_INET6 : AF_INET, SOCK_STREAM, IPPROTO_TCP, nullptr, 0,
                                   WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (socket == INVALID_SOCKET) return WSAGetLastError();
  u_long non_blocking = 1;
  if (ioctlsocket(socket, FIONBIO, &non_blocking) != 0) {
    const int error = WSAGetLastError();
    closesocket(socket);
    return error;
  }
  *descriptor = static_cast<Descriptor>(socket);
  return 0;
}

int CloseSocket(Descriptor descriptor) { return LastError(closesocket(ToSocket(descriptor))); }

int Shutdown(Descriptor descriptor, How how) {
  const int flag = how == How::kRead ? SD_RECEIVE : how == How::kWrite ? SD_SEND : SD_BOTH;
  return LastError(shutdown(ToSocket(descriptor), flag));
}

int ReadUnread(Descriptor descriptor, int64_t* bytes) {
  u_long unread = 0;
  const int error = LastError(ioctlsocket(ToSocket(descriptor), FIONREAD, &unread));
  *bytes = static_cast<int64_t>(unread);
  return error;
}

int CheckSocket(SOCKET socket) {
  int type = 0;
  int size = sizeof type;
  return LastError(getsockopt(socket, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type), &size));
}

int TakeError(Descriptor descriptor, int* error) {
  int size = sizeof *error;
  *error = 0;
  return LastError(getsockopt(ToSocket(descriptor), SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(error), &size));
}

int Discard(Descriptor descriptor, uint64_t limit, Discarded* result) {
  const SOCKET socket = ToSocket(descriptor);
  if (const int error = CheckSocket(socket); error != 0) return error;
  // Winsock has no MSG_DONTWAIT, but libuv's sockets and ours are non-blocking. libuv's own pending read does not take
  // anything from us: it is one of 0 bytes, which only tells that there is something to read.
  char scratch[64 * 1024];
  while (result->bytes < limit) {
    const uint64_t left = limit - result->bytes;
    const int want = left < sizeof scratch ? static_cast<int>(left) : static_cast<int>(sizeof scratch);
    const int got = recv(socket, scratch, want, 0);
    if (got > 0) {
      result->bytes += static_cast<uint64_t>(got);
      continue;
    }
    const int error = got == 0 ? 0 : WSAGetLastError();
    if (error == WSAEINTR) continue;
    if (error == WSAEWOULDBLOCK) {
      result->end = InputEnd::kOpen;
    } else if (error == 0 || error == WSAESHUTDOWN) {  // the latter: SD_RECEIVE, which reads as the end elsewhere
      result->end = InputEnd::kEof;
    } else {
      result->end = InputEnd::kFailed;
      // As libuv has it (uv__process_tcp_read_req()): what a connection breaks with on Windows is one as much as the other.
      result->error = error == WSAECONNABORTED ? WSAECONNRESET : error;
    }
    return 0;
  }
  result->end = InputEnd::kLimit;
  return 0;
}

}  // namespace socket_linger::sys
