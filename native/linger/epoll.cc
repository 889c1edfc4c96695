// The background linger engine for Linux: one thread for the whole process, started by the first linger and gone
// when there is none any more. It owns an edge-triggered epoll set of duplicated descriptors and their deadlines.
//
// What it rests on (net/ipv4/tcp_input.c, net/ipv4/tcp.c):
// - After SHUT_WR the acknowledgement of our FIN wakes an edge-triggered registration that includes EPOLLOUT:
//   tcp_rcv_state_process() calls sk_state_change() ("Wake up lingering close()").
// - recv(MSG_TRUNC) on TCP drops bytes inside the kernel.
// - With SO_RCVLOWAT the wakeup waits for so much input, or the FIN, or an error.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "deadlines.h"
#include "engine.h"
#include "receive_buffers.h"
#include "record.h"

namespace socket_linger::linger {
namespace {

constexpr int64_t kNanosecondsPerMillisecond = 1'000'000;

// What one socket may have discarded before the others get their turn.
constexpr uint64_t kBudget = 1 << 20;
// What the last look before a close takes. A faster sender is reset in any case.
constexpr uint64_t kLastBudget = 16 << 20;

// The thread stays for so long after its last socket, since the next one is often near.
constexpr int64_t kIdleThreadNs = 2'000 * kNanosecondsPerMillisecond;

// What an environment's thread asks of the engine's.
struct Command {
  enum class Kind : uint8_t { kAdd, kStop, kStopAll } kind;
  Key key;
  bool reset = false;                // kStop
  std::unique_ptr<Record> record;    // kAdd
  bool* done = nullptr;              // kStopAll
};

class Engine {
 public:
  int Start(int fd, const Limits&, Mailbox*, uint64_t token);
  void Stop(Mailbox*, uint64_t token, bool reset);
  void StopAll(Mailbox*);
  Stats ReadStats();

 private:
  // With the mutex held.
  int Open();
  void Close();

  static void* Run(void* engine);
  void Loop();
  bool TakeCommands();
  void Carry(Command*);
  int64_t NextDue() const;
  void Kick() const;

  Record* Find(uint64_t id) const;
  void LookAndKeepTime(uint64_t id);
  void Look(Record*);
  void LookAtDeadlines();
  void LookAtDeadline(Record*, int64_t now);
  void WatchOutput(Record*);
  void Forget(const Record*);
  void Finish(Record*, Outcome, int error, bool reset = false);

  // What the threads share; held for moments, never across a system call on a socket.
  std::mutex mutex_;
  std::condition_variable stopped_all_;
  std::vector<Command> commands_;
  uint64_t next_id_ = 1;  // 0 is the eventfd
  bool is_running_ = false;
  int epoll_ = -1;
  int kick_ = -1;
  // When the thread wakes up by itself at the latest: who comes with an earlier deadline kicks it.
  std::atomic<int64_t> wakes_at_{0};
  std::atomic<uint64_t> socket_count_{0};

  // The thread's own.
  std::unordered_map<uint64_t, std::unique_ptr<Record>> records_;
  std::unordered_multimap<Key, Record*, KeyHash> by_key_;  // a token may be used twice
  Deadlines<Record> deadlines_;
  std::vector<uint64_t> unfinished_;  // had more input than the budget
  int64_t idle_since_ = 0;
  ReceiveBuffers buffers_;
};

// Never destroyed: the thread may outlive main(), and static destructors with it.
Engine& TheEngine() {
  static Engine* engine = new Engine;
  return *engine;
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
  wakes_at_ = Now() + kIdleThreadNs;
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
  // ENOTCONN: reset before our half-close, so that no FIN of ours is in the queue whose length we read.
  sockaddr_storage peer;
  socklen_t size = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return errno;
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return errno;

  const int64_t now = Now();
  auto record = std::make_unique<Record>();
  record->key = {mailbox, token};
  record->fd = copy;
  record->is_tcp = peer.ss_family == AF_INET || peer.ss_family == AF_INET6;
  record->acked = !record->is_tcp;  // nobody can tell
  record->until_acked = limits.until_acked;
  record->reset_at_limit = limits.reset_at_limit;
  record->max_bytes = limits.max_bytes;
  record->deadline = After(now, limits.timeout_ns);
  record->idle_timeout = limits.idle_timeout_ns;
  record->last_progress = now - limits.idle_so_far_ns;
  // EPOLLOUT would cost every socket a wakeup of its own right away. Who waits for the peer's FIN as well is
  // usually told of both at once.
  record->watches_output = record->until_acked;
  const int64_t due = record->Due();

  epoll_event event = {};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (record->watches_output ? static_cast<uint32_t>(EPOLLOUT) : 0u);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!is_running_) {
    const int error = Open();
    if (error != 0) {
      close(copy);
      return error;
    }
  }
  record->id = event.data.u64 = next_id_++;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, copy, &event) != 0) {
    const int error = errno;
    close(copy);
    return error;
  }
  // The thread takes the commands before it looks at an event, so it knows the record by then.
  commands_.push_back({Command::Kind::kAdd, record->key, false, std::move(record), nullptr});
  ++socket_count_;
  if (due < wakes_at_) Kick();
  return 0;
}

void Engine::Stop(Mailbox* mailbox, uint64_t token, bool reset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!is_running_) return;
  commands_.push_back({Command::Kind::kStop, {mailbox, token}, reset, nullptr, nullptr});
  Kick();
}

void Engine::StopAll(Mailbox* mailbox) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!is_running_) return;
  bool done = false;
  commands_.push_back({Command::Kind::kStopAll, {mailbox, 0}, false, nullptr, &done});
  Kick();
  stopped_all_.wait(lock, [&done] { return done; });
}

Stats Engine::ReadStats() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {socket_count_, static_cast<uint64_t>(buffers_.watermarks()), is_running_};
}

void* Engine::Run(void* engine) {
  pthread_setname_np(pthread_self(), "socket-linger");
  static_cast<Engine*>(engine)->Loop();
  return nullptr;
}

int64_t Engine::NextDue() const {
  if (!unfinished_.empty()) return 0;
  return deadlines_.IsEmpty() ? idle_since_ + kIdleThreadNs : deadlines_.First()->due;
}

// Milliseconds, rounded up, so that what is due is due when epoll_wait() returns.
int MillisecondsUntil(int64_t due) {
  if (due == Limits::kNever) return -1;
  const int64_t wait = due - Now();
  if (wait <= 0) return 0;
  return static_cast<int>(std::min<int64_t>((wait - 1) / kNanosecondsPerMillisecond + 1, INT_MAX));
}

void Engine::Loop() {
  constexpr int kEvents = 256;
  epoll_event events[kEvents];
  idle_since_ = Now();
  for (;;) {
    const int64_t due = NextDue();
    wakes_at_ = due;
    // Whatever came before wakes_at_ was set has seen an older value of it.
    const int wait = TakeCommands() ? 0 : MillisecondsUntil(due);
    const int count = epoll_wait(epoll_, events, kEvents, wait);
    TakeCommands();

    std::vector<uint64_t> unfinished;
    unfinished.swap(unfinished_);
    for (int index = 0; index < count; ++index) {
      const uint64_t id = events[index].data.u64;
      if (id == 0) {
        uint64_t kicks;
        (void)!read(kick_, &kicks, sizeof kicks);
      } else {
        LookAndKeepTime(id);
      }
    }
    for (const uint64_t id : unfinished) LookAndKeepTime(id);
    LookAtDeadlines();
    if (!records_.empty()) {
      idle_since_ = Now();
    } else if (Now() - idle_since_ >= kIdleThreadNs) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!commands_.empty()) continue;
      is_running_ = false;
      Close();
      return;
    }
  }
}

// False: there were none.
bool Engine::TakeCommands() {
  std::vector<Command> commands;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    commands.swap(commands_);
  }
  for (Command& command : commands) Carry(&command);
  return !commands.empty();
}

void Engine::Carry(Command* command) {
  switch (command->kind) {
    case Command::Kind::kAdd: {
      Record* record = command->record.get();
      record->ReadAcknowledgement();
      buffers_.Add(record);
      deadlines_.Add(record, record->Due());
      by_key_.emplace(record->key, record);
      records_.emplace(record->id, std::move(command->record));
      return;
    }
    case Command::Kind::kStop: {
      // None: its verdict is posted already.
      for (auto found = by_key_.find(command->key); found != by_key_.end(); found = by_key_.find(command->key)) {
        Finish(found->second, Outcome::kStopped, 0, command->reset);
      }
      return;
    }
    case Command::Kind::kStopAll: {
      std::vector<Record*> theirs;
      for (const auto& [key, record] : by_key_) {
        if (key.mailbox == command->key.mailbox) theirs.push_back(record);
      }
      for (Record* record : theirs) Finish(record, Outcome::kStopped, 0);
      const std::lock_guard<std::mutex> lock(mutex_);
      *command->done = true;
      stopped_all_.notify_all();
      return;
    }
  }
}

Record* Engine::Find(uint64_t id) const {
  const auto found = records_.find(id);
  return found == records_.end() ? nullptr : found->second.get();
}

// With many fast senders a round takes long, and deadlines don't wait for its end.
void Engine::LookAndKeepTime(uint64_t id) {
  if (Record* record = Find(id)) Look(record);
  LookAtDeadlines();
}

// Something has happened to the socket. May end and delete it.
void Engine::Look(Record* record) {
  int error = 0;
  const bool had_ended = record->peer_ended;
  const uint64_t before = record->discarded;
  buffers_.BeforeInput(record);
  const bool more = record->Drain(ReceiveBuffers::Step(*record, kBudget), &error);
  buffers_.AfterInput(record, record->discarded - before);
  if (error != 0) return Finish(record, Outcome::kPeerReset, error);
  if (record->discarded > record->max_bytes) return Finish(record, Outcome::kByteLimit, 0);
  record->ReadAcknowledgement();
  if (record->acked && record->peer_ended) return Finish(record, Outcome::kPeerFin, 0);
  if (record->acked && record->until_acked) return Finish(record, Outcome::kAcked, 0);
  if (record->IsBroken(&error)) return Finish(record, Outcome::kPeerReset, error);
  if (more) unfinished_.push_back(record->id);
  if (record->peer_ended && !had_ended) WatchOutput(record);
}

void Engine::LookAtDeadlines() {
  for (const int64_t now = Now(); !deadlines_.IsEmpty() && deadlines_.First()->due <= now;) {
    LookAtDeadline(deadlines_.First(), now);
  }
}

// Its idle time or its time in all seems to be over; output tells nobody of its progress before.
void Engine::LookAtDeadline(Record* record, int64_t now) {
  if (now < record->deadline) record->CatchUp(now);
  if (record->Due() > now) {
    deadlines_.Move(record, record->Due());
    return;
  }
  Finish(record, now >= record->deadline ? Outcome::kTimeout : Outcome::kIdleTimeout, 0);
}

void Engine::WatchOutput(Record* record) {
  if (record->watches_output) return;
  epoll_event event = {};
  event.events = EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = record->id;
  record->watches_output = epoll_ctl(epoll_, EPOLL_CTL_MOD, record->fd, &event) == 0;
}

void Engine::Forget(const Record* record) {
  const auto [first, last] = by_key_.equal_range(record->key);
  by_key_.erase(std::find_if(first, last, [record](const auto& entry) { return entry.second == record; }));
}

// Closes the socket, posts the verdict and deletes the record.
void Engine::Finish(Record* record, Outcome outcome, int error, bool reset) {
  Verdict verdict;
  verdict.token = record->key.token;
  verdict.outcome = outcome;
  verdict.error = error;
  if (record->is_tcp && record->acked) {
    verdict.unacked = 0;
  } else {
    sys::Queues queues;
    if (sys::ReadQueues(record->fd, record->is_tcp, true, &queues) == 0) verdict.unacked = queues.unacked;
  }
  const bool at_limit =
      outcome == Outcome::kTimeout || outcome == Outcome::kIdleTimeout || outcome == Outcome::kByteLimit;
  reset |= at_limit && record->reset_at_limit;
  if (!reset && outcome != Outcome::kPeerReset) {
    // Unread input would turn the close into a reset.
    int ignored = 0;
    record->max_bytes = UINT64_MAX;
    record->Drain(kLastBudget, &ignored);
  }
  verdict.discarded = record->discarded;
  // Where Node's own descriptor is still open, close() alone would leave the registration in the set.
  epoll_ctl(epoll_, EPOLL_CTL_DEL, record->fd, nullptr);
  record->Close(reset);
  buffers_.Remove(record);
  --socket_count_;
  Mailbox* mailbox = record->key.mailbox;
  deadlines_.Remove(record);
  Forget(record);
  records_.erase(record->id);
  mailbox->Post(verdict);
}

}  // namespace

bool IsAvailable() { return true; }

int Start(sys::Descriptor descriptor, const Limits& limits, Mailbox* mailbox, uint64_t token) {
  if (descriptor < 0 || descriptor > INT_MAX) return EBADF;
  return TheEngine().Start(static_cast<int>(descriptor), limits, mailbox, token);
}

void Stop(Mailbox* mailbox, uint64_t token, bool reset) { TheEngine().Stop(mailbox, token, reset); }

void StopAll(Mailbox* mailbox) { TheEngine().StopAll(mailbox); }

Stats ReadStats() { return TheEngine().ReadStats(); }

}  // namespace socket_linger::linger
