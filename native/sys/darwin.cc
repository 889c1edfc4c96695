// macOS: option rows, queue sizes and TCP state. Facts are from the bsd/ folder of xnu-11417.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ucred.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>

#include "posix.h"
#include "tcps.h"

namespace socket_linger::sys {
namespace {

// kern/kern_clock.c; no header has it.
constexpr int kTicksPerSecond = 100;

using Kind = OptionKind;
constexpr auto kRead = OptionAccess::kRead;
constexpr auto kReadWrite = OptionAccess::kReadWrite;

// tcp_ctloutput() makes ticks of the seconds in an unsigned int (TCP_RETRANSHZ).
constexpr int64_t kMaxSeconds = UINT32_MAX / 1000;

// What an older SDK's headers lack is left out there. Ranges are what sosetoptlock(), ip_ctloutput(), ip6_ctloutput() and
// tcp_ctloutput() take and store unchanged.
constexpr OptionRow kRows[] = {
    {"acceptConnection", SOL_SOCKET, SO_ACCEPTCONN, Kind::kBoolean, kRead},
    {"error", SOL_SOCKET, SO_ERROR, Kind::kError, kRead},
    {"keepalive", SOL_SOCKET, SO_KEEPALIVE, Kind::kBoolean},
    // Plain SO_LINGER counts in ticks here (sys/socket.h). sosetoptlock() makes ticks of the seconds and
    // casts them to a short: 328 reads back as -327, and negative values are taken: lib refuses those.
    {"linger", SOL_SOCKET, SO_LINGER_SEC, Kind::kLinger, kReadWrite, 0, SHRT_MAX / kTicksPerSecond},
#ifdef SO_NET_SERVICE_TYPE
    {"networkServiceType", SOL_SOCKET, SO_NET_SERVICE_TYPE, Kind::kInteger, kReadWrite, 0, INT_MAX},
#endif
    {"noSigpipe", SOL_SOCKET, SO_NOSIGPIPE, Kind::kBoolean},
    {"outOfBandInline", SOL_SOCKET, SO_OOBINLINE, Kind::kBoolean},
    {"peerCredentials", SOL_LOCAL, LOCAL_PEERCRED, Kind::kCredentials, kRead},
    {"receiveBufferSize", SOL_SOCKET, SO_RCVBUF, Kind::kInteger, kReadWrite, 1, INT_MAX},
    {"receiveLowWatermark", SOL_SOCKET, SO_RCVLOWAT, Kind::kInteger, kReadWrite, 1, INT_MAX},
    {"reuseAddress", SOL_SOCKET, SO_REUSEADDR, Kind::kBoolean},
    {"reusePort", SOL_SOCKET, SO_REUSEPORT, Kind::kBoolean},
    {"sendBufferSize", SOL_SOCKET, SO_SNDBUF, Kind::kInteger, kReadWrite, 1, INT_MAX},
    {"sendLowWatermark", SOL_SOCKET, SO_SNDLOWAT, Kind::kInteger, kReadWrite, 1, INT_MAX},
    {"type", SOL_SOCKET, SO_TYPE, Kind::kInteger, kRead},

    {"boundInterface", IPPROTO_IP, IP_BOUND_IF, Kind::kInteger, kReadWrite, 0, INT_MAX},
    {"ipReceiveTos", IPPROTO_IP, IP_RECVTOS, Kind::kBoolean},
    {"tos", IPPROTO_IP, IP_TOS, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
    {"ttl", IPPROTO_IP, IP_TTL, Kind::kInteger, kReadWrite, 1, UINT8_MAX},

    {"ipv6BoundInterface", IPPROTO_IPV6, IPV6_BOUND_IF, Kind::kInteger, kReadWrite, 0, INT_MAX},
    {"receiveTrafficClass", IPPROTO_IPV6, IPV6_RECVTCLASS, Kind::kBoolean},
    {"trafficClass", IPPROTO_IPV6, IPV6_TCLASS, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
    {"unicastHops", IPPROTO_IPV6, IPV6_UNICAST_HOPS, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
    {"v6Only", IPPROTO_IPV6, IPV6_V6ONLY, Kind::kBoolean},

    {"connectionTimeout", IPPROTO_TCP, TCP_CONNECTIONTIMEOUT, Kind::kInteger, kReadWrite, 0, kMaxSeconds},
    {"ecn", IPPROTO_TCP, TCP_ENABLE_ECN, Kind::kBoolean},
    {"fastOpen", IPPROTO_TCP, TCP_FASTOPEN, Kind::kInteger, kReadWrite, 0, 1},
    {"keepCount", IPPROTO_TCP, TCP_KEEPCNT, Kind::kInteger, kReadWrite, 1, INT_MAX},
    {"keepIdle", IPPROTO_TCP, TCP_KEEPALIVE, Kind::kInteger, kReadWrite, 1, kMaxSeconds},
    {"keepInterval", IPPROTO_TCP, TCP_KEEPINTVL, Kind::kInteger, kReadWrite, 1, kMaxSeconds},
    {"maxSegment", IPPROTO_TCP, TCP_MAXSEG, Kind::kInteger, kReadWrite, 1, UINT16_MAX},
    {"noDelay", IPPROTO_TCP, TCP_NODELAY, Kind::kBoolean},
    {"noOptions", IPPROTO_TCP, TCP_NOOPT, Kind::kBoolean},
    {"noPush", IPPROTO_TCP, TCP_NOPUSH, Kind::kBoolean},
    {"notSentLowWatermark", IPPROTO_TCP, TCP_NOTSENT_LOWAT, Kind::kInteger, kReadWrite, 0, INT_MAX},
    {"persistTimeout", IPPROTO_TCP, PERSIST_TIMEOUT, Kind::kInteger, kReadWrite, 0, kMaxSeconds},
    {"retransmissionTimeout", IPPROTO_TCP, TCP_RXT_CONNDROPTIME, Kind::kInteger, kReadWrite, 0, kMaxSeconds},
    {"retransmittedFinDrop", IPPROTO_TCP, TCP_RXT_FINDROP, Kind::kBoolean},
    {"sendMoreAcks", IPPROTO_TCP, TCP_SENDMOREACKS, Kind::kBoolean},
};

// SO_NREAD and SO_NWRITE: sogetoptlock() answers an int.
int ReadCount(int fd, int option, int64_t* count) {
  int number = 0;
  socklen_t size = sizeof number;
  if (getsockopt(fd, SOL_SOCKET, option, &number, &size) != 0) return errno;
  *count = number;
  return 0;
}

}  // namespace

OptionRows Options() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

size_t OptionUnit(int, int) { return 1; }

const char* OwnErrorName(int) { return "UNKNOWN"; }

// Who the peer was when it connected or listened; its process is asked for apart, as it is now.
int GetCredentials(int fd, const OptionRow& row, OptionValue* value) {
  struct xucred credentials = {};
  socklen_t size = sizeof credentials;
  if (getsockopt(fd, row.level, row.option, &credentials, &size) != 0) {
    return errno == EINVAL ? EOPNOTSUPP : errno;  // ip_ctloutput(): no unix-domain socket
  }
  pid_t process = 0;
  size = sizeof process;
  if (getsockopt(fd, row.level, LOCAL_PEERPID, &process, &size) != 0) return errno;
  value->pid = process;
  value->uid = credentials.cr_uid;
  value->gid = credentials.cr_gid;
  return 0;
}

int OpenSocket(Family family, Descriptor* descriptor) {
  const int error = OpenSocketWith(family, 0, descriptor);
  if (error != 0) return error;
  const int fd = ToFd(*descriptor);
  const int on = 1;
  // One call can't ask for all of it here. SO_NOSIGPIPE is what libuv sets on the sockets that it makes.
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
      setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) == 0) {
    return 0;
  }
  const int reason = errno;
  close(fd);
  return reason;
}

// `fin_queued` decides nothing here. A socket buffer holds data only: tcp_input.c knows the FIN's
// acknowledgement by `acked > sb_cc`.
int ReadQueues(Descriptor descriptor, bool /* known_tcp */, bool /* fin_queued */, Queues* queues) {
  const int fd = ToFd(descriptor);
  TcpState state = TcpState::kUnknown;
  int error = ReadTcpState(fd, &state);
  // Not FIONREAD: that counts control data too, such as a descriptor that came over AF_UNIX.
  if (error == 0) error = ReadCount(fd, SO_NREAD, &queues->unread);
  // What AF_UNIX sends is in the peer's receive buffer at once, its own send buffer tells nothing.
  if (error != 0 || state == TcpState::kUnknown) return error;

  // getsockopt(2) says "not yet sent", but it is so_snd.sb_cc, from which only an acknowledgement takes.
  error = ReadCount(fd, SO_NWRITE, &queues->unacked);
  // Which part was sent is in TCP_INFO alone, and that is private (netinet/tcp_private.h).
  if (queues->unacked == 0) queues->unsent = 0;
  queues->fin_unacked = IsFinUnacked(state);
  return error;
}

TcpState ToTcpState(int number) { return FromTcps(number); }

int ReadTcpState(Descriptor descriptor, TcpState* state) {
  *state = TcpState::kUnknown;
  tcp_connection_info info = {};
  socklen_t size = sizeof info;
  if (getsockopt(ToFd(descriptor), IPPROTO_TCP, TCP_CONNECTION_INFO, &info, &size) == 0) {
    *state = FromTcps(info.tcpi_state);
    return 0;
  }
  switch (errno) {
    case ECONNRESET:  // tcp_ctloutput(): the connection's control block is gone
      *state = TcpState::kClosed;
      return 0;
    case EINVAL:      // ip_ctloutput(): UDP
    case ENOPROTOOPT:
    case EOPNOTSUPP:  // uipc_ctloutput(): AF_UNIX
      return 0;
    default:
      return errno;
  }
}

int Discard(Descriptor descriptor, uint64_t limit, Discarded* result) {
  // soreceive() never looks at MSG_TRUNC, it only sets it: the bytes have to be copied.
  return DiscardByCopying(ToFd(descriptor), limit, result);
}

}  // namespace socket_linger::sys
