// FreeBSD, OpenBSD, NetBSD and DragonFly: option rows, queue sizes and TCP state. Facts are from their
// sys/kern and sys/netinet. A question that a system lacks has no macro there: DragonFly has neither
// TCP_INFO nor FIONWRITE, OpenBSD no FIONWRITE.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <climits>

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

constexpr OptionRow kRows[] = {
    // DragonFly alone takes negative values: lib refuses those.
    {"linger", SOL_SOCKET, SO_LINGER, OptionKind::kLinger, OptionAccess::kReadWrite, 0, kMaxLinger},
    {"noDelay", IPPROTO_TCP, TCP_NODELAY, OptionKind::kBoolean},
};

}  // namespace

OptionRows Options() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

int GetCredentials(int, const OptionRow&, OptionValue*) { return ENOPROTOOPT; }  // no row has them

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
