// The background linger engine: what the rest of the addon knows of it. epoll.cc is the one for Linux, none.cc
// stands in elsewhere. No OS header here, and no Node-API.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "../core/sys.h"

namespace socket_linger::linger {

// The order is that of the names in lib/background.ts.
enum class Outcome : uint8_t { kPeerFin, kAcked, kTimeout, kIdleTimeout, kByteLimit, kPeerReset, kStopped };

// What ends a linger besides the peer. The socket has been half-closed before: everything that was written is in
// the kernel, and the FIN behind it.
struct Limits {
  static constexpr int64_t kNever = INT64_MAX;
  int64_t timeout_ns = kNever;       // from now
  int64_t idle_timeout_ns = kNever;  // without progress in either direction
  int64_t idle_so_far_ns = 0;        // how long there has been none already
  uint64_t max_bytes = UINT64_MAX;   // of input that is discarded
  bool until_acked = false;          // else: until the peer's FIN as well
  bool reset_at_limit = false;       // a limit ends in a reset instead of a plain close
};

struct Verdict {
  uint64_t token = 0;
  uint64_t discarded = 0;                        // bytes
  int64_t unacked = sys::Queues::kCannotTell;    // bytes without the FIN
  Outcome outcome = Outcome::kStopped;
  int error = 0;                                 // of kPeerReset
};

// Where the engine leaves its verdicts for one JavaScript environment.
class Mailbox {
 public:
  virtual ~Mailbox() = default;

  // Called by the engine's thread.
  void Post(const Verdict&);
  // Called by the environment's thread.
  std::vector<Verdict> Take();

 protected:
  // There are verdicts, and there were none before. On the engine's thread.
  virtual void Wake() = 0;

 private:
  std::mutex mutex_;
  std::vector<Verdict> verdicts_;
};

bool IsAvailable();

// Lingers on a duplicate of the descriptor; the caller may close his own at once. `token` is what the verdict
// carries. An error number if it can't: EMFILE, ENFILE, ENOMEM, EAGAIN (no thread); nothing has happened then.
int Start(sys::Descriptor, const Limits&, Mailbox*, uint64_t token);

// Ends a linger soon, with a reset if asked for. The verdict, kStopped or whatever came before, is posted as ever.
void Stop(Mailbox*, uint64_t token, bool reset);

// Closes all that the mailbox has. No verdict is posted to it any more when this returns.
void StopAll(Mailbox*);

struct Stats {
  uint64_t sockets = 0;
  uint64_t watermarks = 0;  // sockets with a low watermark, whose receive buffer may have grown for it
  bool has_thread = false;
};

Stats ReadStats();

}  // namespace socket_linger::linger
