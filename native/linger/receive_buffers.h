// How much the kernel may hold for the lingering sockets: the sizes of their receive buffers. Linux.
//
// While input is read fast, the kernel lets a receive buffer grow up to tcp_rmem's maximum (tcp_rcv_space_adjust()), and
// nothing makes it smaller again. Ours are nearly empty all the time, but they fill when this process is held up.
// Growth is what makes an upload over a long line fast, and a local one cheap; for the ten thousandth at the same time
// it is not to be had. So each socket has 128 KiB, and all together have a budget for what is more, of which each gets a
// share of what is left. A buffer is locked at its size except while we read from it: no growth goes unseen.
#pragma once

#include <atomic>
#include <cstdint>

#include "record.h"

namespace socket_linger::linger {

class ReceiveBuffers {
 public:
  // A socket comes; its receive buffer may have grown before.
  void Add(Record*);
  // Around each look at a socket's input, which is to discard no more than Step() bytes.
  void BeforeInput(Record*);
  void AfterInput(Record*, uint64_t discarded);
  static uint64_t Step(const Record&, uint64_t budget);

  // The socket is closed.
  void Remove(Record*);

  // How many sockets have a low watermark. For any thread.
  int watermarks() const { return watermarks_; }

 private:
  int64_t ShareOf(const Record&) const;
  void Charge(Record*, int size);
  void Measure(Record*);
  void SetLocked(Record*, bool locked);
  void SetOrdinary(Record*);
  void SetWatermark(Record*);

  int64_t growth_ = 0;  // bytes beyond 128 KiB each, of all of them
  std::atomic<int> watermarks_{0};
};

}  // namespace socket_linger::linger
