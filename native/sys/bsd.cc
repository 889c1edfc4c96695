// FreeBSD, OpenBSD, NetBSD and DragonFly: option rows, queue sizes and TCP state. Facts are from their
// sys/kern and sys/netinet. A question that a system lacks has no macro there: DragonFly has neither
// TCP_INFO nor FIONWRITE, OpenBSD no FIONWRITE.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/ucred.h>
#include <sys/un.h>

#include <cerrno>
#include <climits>
#include <cstdint>

#include "posix.h"
#include "tcps.h"

namespace socket_linger::sys {
namespace {

#ifdef __NetBSD__
constexpr int64_t kMaxLinger = USHRT_MAX;  // u_short so_linger, EDOM above it
#else
// short so_linger (sys/socketvar.h). Above it OpenBSD answers EINVAL; FreeBSD (up to USHRT_MAX) and
// DragonFly store something else: 40000 reads back as -25536.
constexpr int64_t kMaxLinger = SHRT_MAX;
#endif

using Kind = OptionKind;
constexpr auto kRead = OptionAccess::kRead;
constexpr auto kReadWrite = OptionAccess::kReadWrite;

// FreeBSD: tcp_default_ctloutput() refuses what overflows in ticks (UINT_MAX / hz, hz up to 1000). The others count in less.
constexpr int64_t kMaxSeconds = UINT32_MAX / 1000;

constexpr int kUnixLevel = 0;  // of unix-domain sockets; FreeBSD alone has a name for it (SOL_LOCAL)

constexpr OptionRow kRows[] = {
#ifdef SO_ACCEPTCONN
    {"acceptConnection", SOL_SOCKET, SO_ACCEPTCONN, Kind::kBoolean, kRead},
#endif
#ifdef SO_DOMAIN
    {"domain", SOL_SOCKET, SO_DOMAIN, Kind::kInteger, kRead},
#endif
    {"error", SOL_SOCKET, SO_ERROR, Kind::kError, kRead},
    {"keepalive", SOL_SOCKET, SO_KEEPALIVE, Kind::kBoolean},
    // DragonFly alone takes negative values: lib refuses those.
    {"linger", SOL_SOCKET, SO_LINGER, Kind::kLinger, kReadWrite, 0, kMaxLinger},
#ifdef SO_LISTENINCQLEN
    {"listenIncompleteLength", SOL_SOCKET, SO_LISTENINCQLEN, Kind::kInteger, kRead},
#endif
#ifdef SO_LISTENQLEN
    {"listenQueueLength", SOL_SOCKET, SO_LISTENQLEN, Kind::kInteger, kRead},
#endif
#ifdef SO_LISTENQLIMIT
    {"listenQueueLimit", SOL_SOCKET, SO_LISTENQLIMIT, Kind::kInteger, kRead},
#endif
#ifdef SO_NOSIGPIPE
    {"noSigpipe", SOL_SOCKET, SO_NOSIGPIPE, Kind::kBoolean},
#endif
    {"outOfBandInline", SOL_SOCKET, SO_OOBINLINE, Kind::kBoolean},
#if defined(LOCAL_PEEREID)
    {"peerCredentials", kUnixLevel, LOCAL_PEEREID, Kind::kCredentials, kRead},
#elif defined(LOCAL_PEERCRED)
    {"peerCredentials", kUnixLevel, LOCAL_PEERCRED, Kind::kCredentials, kRead},
#elif defined(SO_PEERCRED)
    {"peerCredentials", SOL_SOCKET, SO_PEERCRED, Kind::kCredentials, kRead},
#endif
#ifdef SO_PROTOCOL
    {"protocol", SOL_SOCKET, SO_PROTOCOL, Kind::kInteger, kRead},
#endif
    {"receiveBufferSize", SOL_SOCKET, SO_RCVBUF, Kind::kInteger, kReadWrite, 1, INT_MAX},
    {"receiveLowWatermark", SOL_SOCKET, SO_RCVLOWAT, Kind::kInteger, kReadWrite, 1, INT_MAX},
    {"reuseAddress", SOL_SOCKET, SO_REUSEADDR, Kind::kBoolean},
    {"reusePort", SOL_SOCKET, SO_REUSEPORT, Kind::kBoolean},
    {"sendBufferSize", SOL_SOCKET, SO_SNDBUF, Kind::kInteger, kReadWrite, 1, INT_MAX},
    {"sendLowWatermark", SOL_SOCKET, SO_SNDLOWAT, Kind::kInteger, kReadWrite, 1, INT_MAX},
#ifdef SO_BINDANY
    {"transparent", SOL_SOCKET, SO_BINDANY, Kind::kBoolean},
#endif
    {"type", SOL_SOCKET, SO_TYPE, Kind::kInteger, kRead},

#ifdef IP_MINTTL
    {"minTtl", IPPROTO_IP, IP_MINTTL, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
#endif
#ifdef IP_RECVTOS
    {"ipReceiveTos", IPPROTO_IP, IP_RECVTOS, Kind::kBoolean},
#endif
    {"tos", IPPROTO_IP, IP_TOS, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
#ifdef IP_BINDANY
    {"transparent", IPPROTO_IP, IP_BINDANY, Kind::kBoolean},
#endif
    {"ttl", IPPROTO_IP, IP_TTL, Kind::kInteger, kReadWrite, 1, UINT8_MAX},

#ifdef IPV6_MINHOPCOUNT
    {"minHops", IPPROTO_IPV6, IPV6_MINHOPCOUNT, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
#endif
#ifdef IPV6_RECVTCLASS
    {"receiveTrafficClass", IPPROTO_IPV6, IPV6_RECVTCLASS, Kind::kBoolean},
#endif
#ifdef IPV6_TCLASS
    {"trafficClass", IPPROTO_IPV6, IPV6_TCLASS, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
#endif
    {"unicastHops", IPPROTO_IPV6, IPV6_UNICAST_HOPS, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
    {"v6Only", IPPROTO_IPV6, IPV6_V6ONLY, Kind::kBoolean},

#ifdef TCP_CONGESTION
    {"congestion", IPPROTO_TCP, TCP_CONGESTION, Kind::kString, kReadWrite, 1, 15},
#endif
#ifdef TCP_KEEPINIT
    {"connectionTimeout", IPPROTO_TCP, TCP_KEEPINIT, Kind::kInteger, kReadWrite, 1, kMaxSeconds},
#endif
#ifdef TCP_FASTOPEN
    {"fastOpen", IPPROTO_TCP, TCP_FASTOPEN, Kind::kInteger, kReadWrite, 0, 1},
#endif
#ifdef TCP_KEEPCNT
    {"keepCount", IPPROTO_TCP, TCP_KEEPCNT, Kind::kInteger, kReadWrite, 1, INT_MAX},
#endif
#ifdef TCP_KEEPIDLE
    {"keepIdle", IPPROTO_TCP, TCP_KEEPIDLE, Kind::kInteger, kReadWrite, 1, kMaxSeconds},
#endif
#ifdef TCP_KEEPINTVL
    {"keepInterval", IPPROTO_TCP, TCP_KEEPINTVL, Kind::kInteger, kReadWrite, 1, kMaxSeconds},
#endif
    {"maxSegment", IPPROTO_TCP, TCP_MAXSEG, Kind::kInteger, kReadWrite, 1, UINT16_MAX},
    {"noDelay", IPPROTO_TCP, TCP_NODELAY, Kind::kBoolean},
#ifdef TCP_NOOPT
    {"noOptions", IPPROTO_TCP, TCP_NOOPT, Kind::kBoolean},
#endif
#ifdef TCP_NOPUSH
    {"noPush", IPPROTO_TCP, TCP_NOPUSH, Kind::kBoolean},
#endif
};

}  // namespace

OptionRows Options() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

size_t OptionUnit(int, int) { return 1; }

const char* OwnErrorName(int) { return "UNKNOWN"; }

// Who the peer was when it connected or listened.
int GetCredentials(int fd, const OptionRow& row, OptionValue* value) {
#if defined(LOCAL_PEEREID)  // NetBSD
  struct unpcbid credentials = {};
#elif defined(LOCAL_PEERCRED)  // FreeBSD, DragonFly
  struct xucred credentials = {};
#else  // OpenBSD
  struct sockpeercred credentials = {};
#endif
  socklen_t size = sizeof credentials;
  if (getsockopt(fd, row.level, row.option, &credentials, &size) != 0) {
    return errno == EINVAL || errno == ENOPROTOOPT ? EOPNOTSUPP : errno;  // no unix-domain socket
  }
#if defined(LOCAL_PEEREID)
  value->pid = credentials.unp_pid;
  value->uid = credentials.unp_euid;
  value->gid = credentials.unp_egid;
#elif defined(LOCAL_PEERCRED)
#ifdef __FreeBSD__
  value->pid = credentials.cr_pid;  // since FreeBSD 13; DragonFly does not tell
#endif
  value->uid = credentials.cr_uid;
  value->gid = credentials.cr_gid;
#else
  value->pid = credentials.pid;
  value->uid = credentials.uid;
  value->gid = credentials.gid;
#endif
  return 0;
}

int OpenSocket(Family family, Descriptor* descriptor) {
  return OpenSocketWith(family, SOCK_NONBLOCK | SOCK_CLOEXEC, descriptor);
}

// `fin_queued` decides nothing here. A socket buffer holds data only: tcp_input.c knows the FIN's
// acknowledgement by `acked > sb_cc`.
int ReadQueues(Descriptor descriptor, bool /* known_tcp */, bool /* fin_queued */, Queues* queues) {
  const int fd = ToFd(descriptor);
  TcpState state = TcpState::kUnknown;
  const int error = ReadTcpState(fd, &state);  // a pipe answers FIONREAD too: ENOTSOCK here
  if (error != 0) return error;
  int unread = 0;
  if (ioctl(fd, FIONREAD, &unread) != 0) return errno;
  queues->unread = unread;
#ifdef FIONWRITE
  // What AF_UNIX sends is in the peer's receive buffer at once, its own send buffer tells nothing.
  if (state == TcpState::kUnknown) return 0;
  // soo_ioctl(): so_snd.sb_cc, from which only an acknowledgement takes. Nothing that all of them have
  // tells which part of it was sent.
  int unacked = 0;
  if (ioctl(fd, FIONWRITE, &unacked) != 0) return errno;
  queues->unacked = unacked;
  if (unacked == 0) queues->unsent = 0;
  queues->fin_unacked = IsFinUnacked(state);
#endif
  return 0;
}

TcpState ToTcpState(int number) { return FromTcps(number); }

int ReadTcpState(Descriptor descriptor, TcpState* state) {
  *state = TcpState::kUnknown;
  const int fd = ToFd(descriptor);
#ifdef TCP_INFO
  struct tcp_info info = {};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
    *state = FromTcps(info.tcpi_state);
    return 0;
  }
  switch (errno) {
    case ECONNRESET:  // tcp_ctloutput(): the connection's control block is gone; FreeBSD 13: TIME_WAIT too
      *state = TcpState::kClosed;
      return 0;
    case EINVAL:       // AF_UNIX, UDP: FreeBSD. UDP: OpenBSD
    case ENOPROTOOPT:  // AF_UNIX, UDP: NetBSD. AF_UNIX: OpenBSD
    case EOPNOTSUPP:
      return 0;
    default:
      return errno;
  }
#else
  int type = 0;
  return SocketType(fd, &type);
#endif
}

int Discard(Descriptor descriptor, uint64_t limit, Discarded* result) {
  // MSG_TRUNC drops nothing from a stream on these systems: the bytes have to be copied.
  return DiscardByCopying(ToFd(descriptor), limit, result);
}

}  // namespace socket_linger::sys
