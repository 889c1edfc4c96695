#include "record.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace socket_linger::linger {
namespace {

bool IsPeerFin(sys::TcpState state) {
  switch (state) {
    case sys::TcpState::kCloseWait:
    case sys::TcpState::kLastAck:
    case sys::TcpState::kClosing:
    case sys::TcpState::kTimeWait:
    case sys::TcpState::kClosed:
      return true;
    default:
      return false;
  }
}

}  // namespace

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

int64_t After(int64_t start, int64_t duration) {
  // What began before the clock did is a negative time.
  return start > 0 && duration > Limits::kNever - start ? Limits::kNever : start + duration;
}

int64_t Record::Due() const { return std::min(deadline, After(last_progress, idle_timeout)); }

bool Record::Drain(uint64_t budget, int* error) {
  if (peer_ended) return false;
  sys::Discarded got;
  // One byte more than is allowed tells that it is too much.
  const uint64_t allowed = max_bytes - discarded;
  *error = sys::Discard(fd, allowed < budget ? allowed + 1 : budget, &got);
  if (got.bytes > 0) {
    discarded += got.bytes;
    last_progress = Now();
  }
  if (got.end == sys::InputEnd::kFailed) *error = got.error;
  if (got.end == sys::InputEnd::kEof) {
    // It may come from our own SHUT_RD.
    sys::TcpState state = sys::TcpState::kUnknown;
    sys::ReadTcpState(fd, &state);
    peer_ended = state == sys::TcpState::kUnknown || IsPeerFin(state);
  }
  return got.end == sys::InputEnd::kLimit;
}

void Record::ReadAcknowledgement() {
  if (!is_tcp || acked) return;
  // 0 exactly when everything and the FIN are acknowledged: the FIN counts.
  if (ioctl(fd, SIOCOUTQ, &unacked) == 0) acked = unacked == 0;
}

bool Record::IsBroken(int* error) const {
  if (!peer_ended || acked) return false;
  // Once the end has been read, recv() does not report a reset any more.
  sys::TcpState state = sys::TcpState::kUnknown;
  if (sys::ReadTcpState(fd, &state) != 0 || state != sys::TcpState::kClosed) return false;
  socklen_t size = sizeof *error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, error, &size) != 0 || *error == 0) *error = ECONNRESET;
  return true;
}

void Record::CatchUp(int64_t now) {
  if (!is_tcp) return;
  const int unacked_before = unacked;
  ReadAcknowledgement();
  int in_queue = 0;
  if (has_watermark && ioctl(fd, FIONREAD, &in_queue) == 0 && in_queue != unread) {
    // Less than the watermark has come: progress all the same.
    unread = in_queue;
    last_progress = now;
  }
  if (unacked == unacked_before) return;
  // When the last acknowledgement came, the kernel knows to the millisecond.
  tcp_info info = {};
  socklen_t size = sizeof info;
  int64_t ago = 0;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && size > offsetof(tcp_info, tcpi_last_ack_recv)) {
    ago = info.tcpi_last_ack_recv * int64_t{1'000'000};
  }
  last_progress = std::max(last_progress, now - ago);
}

void Record::Close(bool reset) {
  // Without a reset: no kernel linger, which would block us here.
  const struct linger mode = {reset ? 1 : 0, 0};
  if (is_tcp) setsockopt(fd, SOL_SOCKET, SO_LINGER, &mode, sizeof mode);
  close(fd);
  fd = -1;
}

}  // namespace socket_linger::linger
