#include "engine.h"

namespace socket_linger::linger {

void Mailbox::Post(const Verdict& verdict) {
  bool first;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    first = verdicts_.empty();
    verdicts_.push_back(verdict);
  }
  if (first) Wake();
}

std::vector<Verdict> Mailbox::Take() {
  std::vector<Verdict> taken;
  const std::lock_guard<std::mutex> lock(mutex_);
  taken.swap(verdicts_);
  return taken;
}

}  // namespace socket_linger::linger
