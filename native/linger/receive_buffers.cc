#include "receive_buffers.h"

#include <linux/socket.h>
#include <sys/socket.h>

#include <algorithm>

// Linux 5.14; before, a buffer can be locked only by a size, and for good: then it is, once the budget is spent. The
// headers may be older than the kernel. These are the numbers of every architecture that Node runs on.
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#define SOCK_RCVBUF_LOCK 2
#endif

namespace socket_linger::linger {
namespace {

// What every socket has, and what all of them together may have besides. 128 KiB is what a socket starts with, where
// net.ipv4.tcp_rmem says nothing else.
constexpr int kOrdinaryBuffer = 128 << 10;
constexpr int64_t kGrowthBudget = 256 << 20;
// Each may grow by this part of what is left: large enough that one fast sender never waits for its window (the engine
// would send on its behalf, on loopback at four times the CPU), small enough that a hundred still get their part.
constexpr int64_t kShares = 32;
// A smaller share is none: a buffer grows by leaps (128 KiB, 370 KiB, ...). What remains then is for the last one.
constexpr int64_t kLeastShare = 512 << 10;
// A buffer that may grow is drained by half of its size at a time, at the least by this: the more is read at once, the
// further the kernel leaps.
constexpr uint64_t kGrowingStep = 256 << 10;

// A sender that fills so much between two looks is fast: it gets a low watermark, which saves most wakeups. The
// kernel makes the receive buffer large enough for it (tcp_set_rcvlowat()).
constexpr uint64_t kFastBytes = 128 << 10;
constexpr int kLowWatermark = 1 << 20;

int ReadSize(int fd) {
  int bytes = 0;
  socklen_t size = sizeof bytes;
  return getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &size) == 0 ? bytes : 0;
}

// What a buffer has beyond its own.
int Growth(int size) { return std::max(size - kOrdinaryBuffer, 0); }

}  // namespace

void ReceiveBuffers::Add(Record* record) {
  if (!record->is_tcp) return;
  Measure(record);
  int locks = 0;
  socklen_t size = sizeof locks;
  if (getsockopt(record->fd, SOL_SOCKET, SO_BUF_LOCK, &locks, &size) == 0) record->other_locks = locks;
  if (growth_ > kGrowthBudget) SetOrdinary(record);
  SetLocked(record, true);
}

void ReceiveBuffers::BeforeInput(Record* record) {
  if (!record->is_tcp || record->peer_ended) return;
  const int64_t share = ShareOf(*record);
  if (Growth(record->receive_buffer) < share) {
    SetLocked(record, false);
  } else if (!record->buffer_locked && share == 0) {
    SetOrdinary(record);
  }
}

void ReceiveBuffers::AfterInput(Record* record, uint64_t discarded) {
  if (!record->is_tcp || record->buffer_locked) return;
  Measure(record);
  if (discarded >= kFastBytes) SetWatermark(record);
  SetLocked(record, true);
}

uint64_t ReceiveBuffers::Step(const Record& record, uint64_t budget) {
  if (!record.is_tcp || record.buffer_locked) return budget;
  return std::min(budget, std::max(kGrowingStep, static_cast<uint64_t>(record.receive_buffer) / 2));
}

void ReceiveBuffers::Remove(Record* record) {
  Charge(record, 0);
  if (record->has_watermark) --watermarks_;
}

int64_t ReceiveBuffers::ShareOf(const Record& record) const {
  const int64_t share = (kGrowthBudget - growth_ + Growth(record.receive_buffer)) / kShares;
  return share < kLeastShare ? 0 : share;
}

void ReceiveBuffers::Charge(Record* record, int size) {
  growth_ += Growth(size) - Growth(record->receive_buffer);
  record->receive_buffer = size;
}

void ReceiveBuffers::Measure(Record* record) { Charge(record, ReadSize(record->fd)); }

void ReceiveBuffers::SetLocked(Record* record, bool locked) {
  if (record->buffer_locked == locked || record->other_locks < 0) return;
  const int locks = record->other_locks | (locked ? SOCK_RCVBUF_LOCK : 0);
  if (setsockopt(record->fd, SOL_SOCKET, SO_BUF_LOCK, &locks, sizeof locks) == 0) record->buffer_locked = locked;
}

void ReceiveBuffers::SetOrdinary(Record* record) {
  // The kernel doubles what it is given, and locks it.
  const int half = std::min(record->receive_buffer, kOrdinaryBuffer) / 2;
  if (setsockopt(record->fd, SOL_SOCKET, SO_RCVBUF, &half, sizeof half) == 0) record->buffer_locked = true;
  Measure(record);
}

void ReceiveBuffers::SetWatermark(Record* record) {
  // A limit that is near would be noticed late.
  if (record->has_watermark || record->max_bytes - record->discarded < 4 * uint64_t{kLowWatermark}) return;
  if (ShareOf(*record) < 2 * int64_t{kLowWatermark}) return;
  if (setsockopt(record->fd, SOL_SOCKET, SO_RCVLOWAT, &kLowWatermark, sizeof kLowWatermark) != 0) return;
  record->has_watermark = true;
  ++watermarks_;
  Measure(record);
}

}  // namespace socket_linger::linger
