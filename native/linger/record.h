// One lingering socket of the background engine: what is known of it, and what is asked of its descriptor. Linux.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "engine.h"

namespace socket_linger::linger {

// Nanoseconds of the monotonic clock.
int64_t Now();

// Without overflow: what never ends stays so.
int64_t After(int64_t start, int64_t duration);

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
  bool buffer_locked = false;  // ReceiveBuffers
  int other_locks = -1;        // ReceiveBuffers: SO_BUF_LOCK as it came; -1: this kernel has none
  int receive_buffer = 0;      // ReceiveBuffers: SO_RCVBUF at the last look
  int unacked = 0;    // SIOCOUTQ at the last look
  int unread = 0;     // SIOCINQ at the last look at a deadline
  uint64_t discarded = 0;
  uint64_t max_bytes = 0;
  int64_t deadline = 0;
  int64_t idle_timeout = 0;
  int64_t last_progress = 0;

  int64_t Due() const;

  // Discards input. True: there was more than the budget. `error` is how the connection broke.
  bool Drain(uint64_t budget, int* error);

  // Has everything and our FIN been acknowledged?
  void ReadAcknowledgement();

  // The connection is gone although not everything was acknowledged.
  bool IsBroken(int* error) const;

  // Its idle time seems to be over: has there been progress that nobody was told of?
  void CatchUp(int64_t now);

  void Close(bool reset);
};

}  // namespace socket_linger::linger
