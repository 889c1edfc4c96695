// Linux: option rows, queue sizes and TCP state. Facts are from net/ipv4/tcp.c and net/unix/af_unix.c.
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <climits>

#include "posix.h"

namespace socket_linger::sys {
namespace {

constexpr OptionRow kRows[] = {
    // sk_setsockopt() takes l_linger as it is, negative values too, and multiplies by HZ: lib refuses those.
    {"linger", SOL_SOCKET, SO_LINGER, OptionKind::kLinger, INT_MAX},
    {"noDelay", IPPROTO_TCP, TCP_NODELAY, OptionKind::kBoolean, 0},
};

// The kernel's numbers, <net/tcp_states.h>; netinet/tcp.h has them as an enum of the same values.
TcpState FromKernel(uint8_t state) {
  switch (state) {
    case TCP_ESTABLISHED: return TcpState::kEstablished;
    case TCP_SYN_SENT: return TcpState::kSynSent;
    case TCP_SYN_RECV: return TcpState::kSynReceived;
    case TCP_FIN_WAIT1: return TcpState::kFinWait1;
    case TCP_FIN_WAIT2: return TcpState::kFinWait2;
    case TCP_TIME_WAIT: return TcpState::kTimeWait;
    case TCP_CLOSE: return TcpState::kClosed;
    case TCP_CLOSE_WAIT: return TcpState::kCloseWait;
    case TCP_LAST_ACK: return TcpState::kLastAck;
    case TCP_LISTEN: return TcpState::kListen;
    case TCP_CLOSING: return TcpState::kClosing;
    default: return TcpState::kUnknown;
  }
}

// tcp_ioctl() counts the FIN in both send queues, since it takes a sequence number. It is the last
// thing to be sent, so whatever is unsent includes it.
void RemoveFin(Queues* queues) {
  queues->fin_unacked = true;
  queues->unacked -= 1;
  if (queues->unsent > 0) queues->unsent -= 1;
}

struct SendQueue {
  int unsent = 0;
  int unacked = 0;
};

// False: errno says why; ENOTTY where this is no TCP.
bool ReadSendQueue(int fd, bool known_tcp, SendQueue* queue) {
  if (!known_tcp) {
    // Asked first because it tells TCP from all the rest without a call of its own.
    return ioctl(fd, SIOCOUTQNSD, &queue->unsent) == 0 && ioctl(fd, SIOCOUTQ, &queue->unacked) == 0;
  }
  if (ioctl(fd, SIOCOUTQ, &queue->unacked) != 0) return false;
  // Most sockets are quiet most of the time: nothing unacknowledged is nothing unsent.
  return queue->unacked == 0 || ioctl(fd, SIOCOUTQNSD, &queue->unsent) == 0;
}

int ReadTcpQueues(int fd, bool fin_queued, const SendQueue& queue, Queues* queues) {
  int unread = 0;
  if (ioctl(fd, FIONREAD, &unread) != 0) return errno;
  queues->unread = unread;
  queues->unacked = queue.unacked;
  // There may have been an acknowledgement between the two questions.
  queues->unsent = queue.unsent < queue.unacked ? queue.unsent : queue.unacked;
  if (queue.unacked == 0) return 0;

  TcpState state = TcpState::kUnknown;
  const int error = ReadTcpState(fd, &state);
  if (error != 0) return error;
  switch (state) {
    case TcpState::kFinWait1:
    case TcpState::kClosing:
    case TcpState::kLastAck:
      RemoveFin(queues);
      break;
    case TcpState::kFinWait2:
    case TcpState::kTimeWait:  // all of it was acknowledged since we asked
      queues->unacked = 0;
      queues->unsent = 0;
      break;
    case TcpState::kClosed:  // a reset leaves the numbers as they were
      if (fin_queued) RemoveFin(queues);
      break;
    default:
      break;
  }
  return 0;
}

// AF_UNIX, and systems that emulate Linux without SIOCOUTQNSD (qemu-user answers ENOTTY).
int ReadOtherQueues(int fd, Queues* queues) {
  int type = 0;
  const int error = SocketType(fd, &type);  // a pipe or a terminal answers FIONREAD too: ENOTSOCK here
  if (error != 0) return error;
  int unread = 0;
  if (ioctl(fd, FIONREAD, &unread) != 0) return errno;
  queues->unread = unread;
  // On AF_UNIX SIOCOUTQ is the memory that the buffers take (3 bytes: 768), so there is no byte count.
  return 0;
}

}  // namespace

OptionRows Options() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

int ReadQueues(Descriptor descriptor, bool known_tcp, bool fin_queued, Queues* queues) {
  const int fd = ToFd(descriptor);
  SendQueue queue;
  if (ReadSendQueue(fd, known_tcp, &queue)) return ReadTcpQueues(fd, fin_queued, queue, queues);
  return errno == ENOTTY ? ReadOtherQueues(fd, queues) : errno;
}

int ReadTcpState(Descriptor descriptor, TcpState* state) {
  uint8_t number = 0;  // tcpi_state is the first byte of struct tcp_info
  socklen_t size = sizeof number;
  if (getsockopt(ToFd(descriptor), IPPROTO_TCP, TCP_INFO, &number, &size) != 0) {
    if (errno != EOPNOTSUPP && errno != ENOPROTOOPT) return errno;
    *state = TcpState::kUnknown;  // AF_UNIX, UDP
    return 0;
  }
  *state = size == sizeof number ? FromKernel(number) : TcpState::kUnknown;
  return 0;
}

int Discard(Descriptor descriptor, uint64_t limit, Discarded* result) {
  const int fd = ToFd(descriptor);
  int protocol = 0;
  socklen_t size = sizeof protocol;
  if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0) return errno;
  if (protocol != IPPROTO_TCP) return DiscardByCopying(fd, limit, result);
  // tcp(7): MSG_TRUNC drops the bytes inside the kernel, nothing is copied.
  constexpr size_t kChunk = size_t{1} << 30;
  DiscardWith(fd, limit, nullptr, kChunk, MSG_TRUNC, result);
  return 0;
}

}  // namespace socket_linger::sys
