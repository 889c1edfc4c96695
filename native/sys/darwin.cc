// macOS: option rows, queue sizes and TCP state. Facts are from the bsd/ folder of xnu-11417.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "posix.h"
#include "tcps.h"

namespace socket_linger::sys {
namespace {

// kern/kern_clock.c; no header has it.
constexpr int kTicksPerSecond = 100;

constexpr OptionRow kRows[] = {
    // Plain SO_LINGER counts in ticks here (sys/socket.h). sosetoptlock() makes ticks of the seconds and
    // casts them to a short: 328 reads back as -327, and negative values are taken: lib refuses those.
    {"linger", SOL_SOCKET, SO_LINGER_SEC, OptionKind::kLinger, OptionAccess::kReadWrite, 0, SHRT_MAX / kTicksPerSecond},
    {"noDelay", IPPROTO_TCP, TCP_NODELAY, OptionKind::kBoolean},
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

int GetCredentials(int, const OptionRow&, OptionValue*) { return ENOPROTOOPT; }  // no row has them

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
