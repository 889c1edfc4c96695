// The background linger engine for Linux: one thread for the whole process, started by the first linger and gone
// when there is none any more. It owns an edge-triggered epoll set of duplicated descriptors and their deadlines.
//
// What it rests on (net/ipv4/tcp_input.c, net/ipv4/tcp.c):
// - After SHUT_WR the acknowledgement of our FIN wakes an edge-triggered registration that includes EPOLLOUT:
//   tcp_rcv_state_process() calls sk_state_change() ("Wake up lingering close()").
// - recv(MSG_TRUNC) on TCP drops bytes inside the kernel.
// - With SO_RCVLOWAT the wakeup waits for so much input, or the FIN, or an error.
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <memory>
#include <unordered_map>

#include "deadlines.h"
#include "engine.h"

namespace socket_linger::linger {
namespace {

constexpr int64_t kNanosecondsPerMillisecond = 1'000'000;

// What one socket may have discarded before the others get their turn.
constexpr uint64_t kBudget = 4 << 20;
// What the last look before a close takes. A faster sender is reset in any case.
constexpr uint64_t kLastBudget = 16 << 20;

// A sender that fills so much between two looks is fast: it gets a low watermark, which saves most wakeups. The
// kernel lets its receive buffer grow to twice that, so all the watermarks together have a budget.
constexpr uint64_t kFastBytes = 128 << 10;
constexpr int kLowWatermark = 1 << 20;
constexpr int kMaxWatermarks = 32;

// The thread stays for so long after its last socket, since the next one is often near.
constexpr int64_t kIdleThreadNs = 2'000 * kNanosecondsPerMillisecond;

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

int64_t After(int64_t start, int64_t duration) {
  return duration > Limits::kNever - start ? Limits::kNever : start + duration;
}

struct Key {
  Mailbox* mailbox;
  uint64_t token;
  bool operator==(const Key& other) const { return mailbox == other.mailbox && token == other.token; }
};

struct KeyHash {
  size_t operator()(const Key& key) const {
    return std::hash<Mailbox*>()(key.mailbox) ^ (std::hash<uint64_t>()(key.token) * 0x9e3779b97f4a7c15);
  }
};

// One lingering socket.
struct Record {
  int64_t due = 0;    // Deadlines
  size_t place = 0;   // Deadlines
  Key key = {};
  uint64_t id = 0;    // in the epoll set: never used again, so that an event from before a close finds nobody
  int fd = -1;
  bool is_tcp = false;
  bool peer_ended = false;
  bool acked = false;
  bool until_acked = false;
  bool reset_at_limit = false;
  bool watches_output = false;
  bool has_watermark = false;
  int unacked = 0;    // SIOCOUTQ at the last look
  int unread = 0;     // SIOCINQ at the last look at a deadline
  uint64_t discarded = 0;
  uint64_t max_bytes = 0;
  int64_t deadline = 0;
  int64_t idle_timeout = 0;
  int64_t last_progress = 0;

  int64_t Due() const { return std::min(deadline, After(last_progress, idle_timeout)); }
};

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

class Engine {
 public:
  int Start(int fd, const Limits&, Mailbox*, uint64_t token);
  bool Stop(Mailbox*, uint64_t token, bool reset, Verdict*);
  void StopAll(Mailbox*);
  Stats ReadStats();

 private:
  using Lock = std::unique_lock<std::mutex>;

  // How an environment's thread takes the mutex: the engine's thread lets it pass.
  Lock Visit();
  void LetVisitorsPass(Lock*);

  int Open();
  void Close();
  static void* Run(void* engine);
  void Loop();
  int WaitMilliseconds() const;
  void Kick() const;

  Record* Find(uint64_t id) const;
  void Look(Record*);
  void LookAtDeadline(Record*, int64_t now);
  bool Drain(Record*, uint64_t budget, int* error);
  void ReadAcknowledgement(Record*);
  bool IsBroken(const Record&, int* error) const;
  void SetWatermark(Record*);
  void WatchOutput(Record*);
  void Finish(Record*, Outcome, int error);
  Verdict Release(Record*, Outcome, int error, bool reset);

  std::atomic<int> visitors_{0};
  std::mutex mutex_;
  // All of what follows under the mutex. The thread lets go of it between two sockets.
  std::unordered_map<uint64_t, std::unique_ptr<Record>> records_;
  std::unordered_map<Key, Record*, KeyHash> by_key_;
  Deadlines<Record> deadlines_;
  std::vector<uint64_t> unfinished_;  // had more input than the budget
  uint64_t next_id_ = 1;              // 0 is the eventfd
  int64_t idle_since_ = 0;
  int watermarks_ = 0;
  bool is_running_ = false;
  int epoll_ = -1;
  int kick_ = -1;
};

// Never destroyed: the thread may outlive main(), and static destructors with it.
Engine& TheEngine() {
  static Engine* engine = new Engine;
  return *engine;
}

Engine::Lock Engine::Visit() {
  visitors_.fetch_add(1, std::memory_order_relaxed);
  Lock lock(mutex_);
  visitors_.fetch_sub(1, std::memory_order_relaxed);
  return lock;
}

// A mutex that is let go and taken again at once would mostly come back to the same thread.
void Engine::LetVisitorsPass(Lock* lock) {
  if (visitors_.load(std::memory_order_relaxed) == 0) return;
  lock->unlock();
  while (visitors_.load(std::memory_order_relaxed) > 0) sched_yield();
  lock->lock();
}

int Engine::Open() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return errno;
  kick_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event = {};
  event.events = EPOLLIN;
  if (kick_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, kick_, &event) != 0) {
    const int error = errno;
    Close();
    return error;
  }
  // Signals are for Node's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, Run, this);
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) {
    Close();
    return error;
  }
  is_running_ = true;
  return 0;
}

void Engine::Close() {
  if (kick_ >= 0) close(kick_);
  if (epoll_ >= 0) close(epoll_);
  kick_ = epoll_ = -1;
}

void Engine::Kick() const {
  const uint64_t one = 1;
  // It can only fail because it is kicked already.
  (void)!write(kick_, &one, sizeof one);
}

int Engine::Start(int fd, const Limits& limits, Mailbox* mailbox, uint64_t token) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0) return errno;
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return errno;

  const Lock lock = Visit();
  if (!is_running_) {
    const int error = Open();
    if (error != 0) {
      close(copy);
      return error;
    }
  }
  const int64_t now = Now();
  auto owned = std::make_unique<Record>();
  Record* record = owned.get();
  record->key = {mailbox, token};
  record->id = next_id_++;
  record->fd = copy;
  record->is_tcp = protocol == IPPROTO_TCP;
  record->acked = !record->is_tcp;  // nobody can tell
  record->until_acked = limits.until_acked;
  record->reset_at_limit = limits.reset_at_limit;
  record->max_bytes = limits.max_bytes;
  record->deadline = After(now, limits.timeout_ns);
  record->idle_timeout = limits.idle_timeout_ns;
  record->last_progress = now - limits.idle_so_far_ns;
  if (record->is_tcp) ReadAcknowledgement(record);

  epoll_event event = {};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  // EPOLLOUT would cost every socket a wakeup of its own right away. Who waits for the peer's FIN as well is
  // usually told of both at once.
  record->watches_output = record->until_acked;
  if (record->watches_output) event.events |= EPOLLOUT;
  event.data.u64 = record->id;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, copy, &event) != 0) {
    const int error = errno;
    close(copy);
    return error;
  }
  const bool is_first = deadlines_.IsEmpty() || record->Due() < deadlines_.First()->due;
  deadlines_.Add(record, record->Due());
  by_key_.emplace(record->key, record);
  records_.emplace(record->id, std::move(owned));
  if (is_first) Kick();
  return 0;
}

bool Engine::Stop(Mailbox* mailbox, uint64_t token, bool reset, Verdict* verdict) {
  const Lock lock = Visit();
  const auto found = by_key_.find({mailbox, token});
  if (found == by_key_.end()) return false;
  *verdict = Release(found->second, Outcome::kStopped, 0, reset);
  return true;
}

void Engine::StopAll(Mailbox* mailbox) {
  const Lock lock = Visit();
  std::vector<Record*> theirs;
  for (const auto& [key, record] : by_key_) {
    if (key.mailbox == mailbox) theirs.push_back(record);
  }
  for (Record* record : theirs) Release(record, Outcome::kStopped, 0, false);
}

Stats Engine::ReadStats() {
  const Lock lock = Visit();
  return {records_.size(), static_cast<uint64_t>(watermarks_), is_running_};
}

void* Engine::Run(void* engine) {
  pthread_setname_np(pthread_self(), "socket-linger");
  static_cast<Engine*>(engine)->Loop();
  return nullptr;
}

// Milliseconds, rounded up, so that what is due is due when epoll_wait() returns.
int Engine::WaitMilliseconds() const {
  if (!unfinished_.empty()) return 0;
  const int64_t due = deadlines_.IsEmpty() ? idle_since_ + kIdleThreadNs : deadlines_.First()->due;
  if (due == Limits::kNever) return -1;
  const int64_t wait = due - Now();
  if (wait <= 0) return 0;
  return static_cast<int>(std::min<int64_t>((wait - 1) / kNanosecondsPerMillisecond + 1, INT_MAX));
}

void Engine::Loop() {
  constexpr int kEvents = 256;
  epoll_event events[kEvents];
  Lock lock(mutex_);
  for (;;) {
    const int wait = WaitMilliseconds();
    lock.unlock();
    const int count = epoll_wait(epoll_, events, kEvents, wait);
    lock.lock();

    std::vector<uint64_t> unfinished;
    unfinished.swap(unfinished_);
    for (int index = 0; index < count; ++index) {
      const uint64_t id = events[index].data.u64;
      if (id == 0) {
        uint64_t kicks;
        (void)!read(kick_, &kicks, sizeof kicks);
      } else if (Record* record = Find(id)) {
        Look(record);
      }
      LetVisitorsPass(&lock);
    }
    for (const uint64_t id : unfinished) {
      if (Record* record = Find(id)) Look(record);
      LetVisitorsPass(&lock);
    }
    for (int64_t now = Now(); !deadlines_.IsEmpty() && deadlines_.First()->due <= now;) {
      LookAtDeadline(deadlines_.First(), now);
      LetVisitorsPass(&lock);
    }
    if (!records_.empty()) {
      idle_since_ = Now();
    } else if (Now() - idle_since_ >= kIdleThreadNs) {
      is_running_ = false;
      Close();
      return;
    }
  }
}

Record* Engine::Find(uint64_t id) const {
  const auto found = records_.find(id);
  return found == records_.end() ? nullptr : found->second.get();
}

// Something has happened to the socket. May end and delete it.
void Engine::Look(Record* record) {
  int error = 0;
  const bool had_ended = record->peer_ended;
  const bool more = Drain(record, kBudget, &error);
  if (error != 0) return Finish(record, Outcome::kPeerReset, error);
  if (record->discarded > record->max_bytes) return Finish(record, Outcome::kByteLimit, 0);
  ReadAcknowledgement(record);
  if (record->acked && record->peer_ended) return Finish(record, Outcome::kPeerFin, 0);
  if (record->acked && record->until_acked) return Finish(record, Outcome::kAcked, 0);
  if (IsBroken(*record, &error)) return Finish(record, Outcome::kPeerReset, error);
  if (more) unfinished_.push_back(record->id);
  if (record->peer_ended && !had_ended) WatchOutput(record);
}

// Its idle time or its time in all seems to be over; output tells nobody of its progress before.
void Engine::LookAtDeadline(Record* record, int64_t now) {
  if (now < record->deadline && record->is_tcp) {
    const int unacked = record->unacked;
    ReadAcknowledgement(record);
    int unread = 0;
    if (record->has_watermark && ioctl(record->fd, FIONREAD, &unread) == 0 && unread != record->unread) {
      // Less than the watermark has come: progress all the same.
      record->unread = unread;
      record->last_progress = now;
    }
    if (record->unacked != unacked) {
      // When the last acknowledgement came, the kernel knows to the millisecond.
      tcp_info info = {};
      socklen_t size = sizeof info;
      int64_t ago = 0;
      if (getsockopt(record->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
          size > offsetof(tcp_info, tcpi_last_ack_recv)) {
        ago = info.tcpi_last_ack_recv * kNanosecondsPerMillisecond;
      }
      record->last_progress = std::max(record->last_progress, now - ago);
    }
  }
  if (record->Due() > now) {
    deadlines_.Move(record, record->Due());
    return;
  }
  Finish(record, now >= record->deadline ? Outcome::kTimeout : Outcome::kIdleTimeout, 0);
}

// True: there was more than the budget.
bool Engine::Drain(Record* record, uint64_t budget, int* error) {
  if (record->peer_ended) return false;
  sys::Discarded discarded;
  // One byte more than is allowed tells that it is too much.
  const uint64_t allowed = record->max_bytes - record->discarded;
  *error = sys::Discard(record->fd, allowed < budget ? allowed + 1 : budget, &discarded);
  if (discarded.bytes > 0) {
    record->discarded += discarded.bytes;
    record->last_progress = Now();
    if (discarded.bytes >= kFastBytes) SetWatermark(record);
  }
  if (discarded.end == sys::InputEnd::kFailed) *error = discarded.error;
  if (discarded.end == sys::InputEnd::kEof) {
    // It may come from our own SHUT_RD.
    sys::TcpState state = sys::TcpState::kUnknown;
    sys::ReadTcpState(record->fd, &state);
    record->peer_ended = state == sys::TcpState::kUnknown || IsPeerFin(state);
  }
  return discarded.end == sys::InputEnd::kLimit;
}

void Engine::ReadAcknowledgement(Record* record) {
  if (!record->is_tcp || record->acked) return;
  // 0 exactly when everything and the FIN are acknowledged: the FIN counts.
  if (ioctl(record->fd, SIOCOUTQ, &record->unacked) == 0) record->acked = record->unacked == 0;
}

// The connection is gone although not everything was acknowledged.
bool Engine::IsBroken(const Record& record, int* error) const {
  if (!record.peer_ended || record.acked) return false;
  // Once the end has been read, recv() does not report a reset any more.
  sys::TcpState state = sys::TcpState::kUnknown;
  if (sys::ReadTcpState(record.fd, &state) != 0 || state != sys::TcpState::kClosed) return false;
  socklen_t size = sizeof *error;
  if (getsockopt(record.fd, SOL_SOCKET, SO_ERROR, error, &size) != 0 || *error == 0) *error = ECONNRESET;
  return true;
}

void Engine::SetWatermark(Record* record) {
  if (record->has_watermark || !record->is_tcp || watermarks_ >= kMaxWatermarks) return;
  // A limit that is near would be noticed late.
  if (record->max_bytes - record->discarded < 4 * static_cast<uint64_t>(kLowWatermark)) return;
  if (setsockopt(record->fd, SOL_SOCKET, SO_RCVLOWAT, &kLowWatermark, sizeof kLowWatermark) != 0) return;
  record->has_watermark = true;
  ++watermarks_;
}

void Engine::WatchOutput(Record* record) {
  if (record->watches_output) return;
  epoll_event event = {};
  event.events = EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = record->id;
  record->watches_output = epoll_ctl(epoll_, EPOLL_CTL_MOD, record->fd, &event) == 0;
}

void Engine::Finish(Record* record, Outcome outcome, int error) {
  const bool at_limit =
      outcome == Outcome::kTimeout || outcome == Outcome::kIdleTimeout || outcome == Outcome::kByteLimit;
  Mailbox* mailbox = record->key.mailbox;
  mailbox->Post(Release(record, outcome, error, at_limit && record->reset_at_limit));
}

// Closes the socket and deletes the record.
Verdict Engine::Release(Record* record, Outcome outcome, int error, bool reset) {
  Verdict verdict;
  verdict.token = record->key.token;
  verdict.outcome = outcome;
  verdict.error = error;
  sys::Queues queues;
  if (sys::ReadQueues(record->fd, true, &queues) == 0) verdict.unacked = queues.unacked;
  // Unread input would turn the close into a reset.
  if (outcome != Outcome::kPeerReset && !reset) {
    int ignored = 0;
    record->max_bytes = UINT64_MAX;
    Drain(record, kLastBudget, &ignored);
  }
  verdict.discarded = record->discarded;
  if (reset) {
    const struct linger abort = {1, 0};
    setsockopt(record->fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  }
  // Where Node's own descriptor is still open, close() alone would leave the registration in the set.
  epoll_ctl(epoll_, EPOLL_CTL_DEL, record->fd, nullptr);
  close(record->fd);
  if (record->has_watermark) --watermarks_;
  deadlines_.Remove(record);
  by_key_.erase(record->key);
  records_.erase(record->id);
  return verdict;
}

}  // namespace

bool IsAvailable() { return true; }

int Start(sys::Descriptor descriptor, const Limits& limits, Mailbox* mailbox, uint64_t token) {
  if (descriptor < 0 || descriptor > INT_MAX) return EBADF;
  return TheEngine().Start(static_cast<int>(descriptor), limits, mailbox, token);
}

bool Stop(Mailbox* mailbox, uint64_t token, bool reset, Verdict* verdict) {
  return TheEngine().Stop(mailbox, token, reset, verdict);
}

void StopAll(Mailbox* mailbox) { TheEngine().StopAll(mailbox); }

Stats ReadStats() { return TheEngine().ReadStats(); }

}  // namespace socket_linger::linger
