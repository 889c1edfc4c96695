// Descriptors in every state, for the fuzzer to pass.
#pragma once

#include <vector>

class Sockets {
 public:
  static constexpr int kKinds = 19;

  Sockets() = default;
  Sockets(const Sockets&) = delete;
  ~Sockets();  // closes all of them

  // The descriptor of that kind, made at the first time.
  int Get(int kind);

  // Something happens to a connection, on the side that nobody else has: bytes, the end, a reset.
  void Disturb(int kind, int how);

  // Another one that is to be closed.
  void Keep(int fd) { extra_.push_back(fd); }

 private:
  struct Pair {
    int near = -1;
    int far = -1;
  };
  static Pair Make(int kind, std::vector<int>* extra);

  Pair pairs_[kKinds];
  std::vector<int> extra_;
};
