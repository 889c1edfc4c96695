#include "sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

enum Kind {
  kTcp4,
  kTcp6,
  kUnix,
  kFiltered,
  kHalfClosed,
  kPeerEnded,
  kPeerReset,
  kFull,
  kListener,
  kConnecting,
  kUnconnected,
  kUdp,
  kUnixDatagram,
  kPipe,
  kFile,
  kDevNull,
  kEpoll,
  kEventFd,
  kClosed,
};
static_assert(kClosed == Sockets::kKinds - 1);

constexpr int kType = SOCK_NONBLOCK | SOCK_CLOEXEC;

int Check(int result, const char* what) {
  if (result >= 0) return result;
  perror(what);
  exit(1);
}

// Where it listens, or -1 where this machine has no such family.
int Listen(int family, int backlog, sockaddr_storage* address, socklen_t* size) {
  *address = {};
  address->ss_family = static_cast<sa_family_t>(family);
  *size = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (family == AF_INET6) reinterpret_cast<sockaddr_in6*>(address)->sin6_addr = in6addr_loopback;
  else reinterpret_cast<sockaddr_in*>(address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(family, SOCK_STREAM | kType, 0);
  if (fd < 0) return -1;
  if (bind(fd, reinterpret_cast<sockaddr*>(address), *size) != 0 || listen(fd, backlog) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(address), size) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

int Connect(const sockaddr_storage& address, socklen_t size) {
  const int fd = Check(socket(address.ss_family, SOCK_STREAM | kType, 0), "socket");
  (void)connect(fd, reinterpret_cast<const sockaddr*>(&address), size);
  return fd;
}

void SetReset(int fd) {
  const struct linger reset = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

// No TIME_WAIT, which would use up the ports, and no close() that waits.
void Close(int fd) {
  SetReset(fd);
  close(fd);
}

void AttachFilter(int fd) {
  sock_filter code[64];
  for (sock_filter& one : code) one = BPF_STMT(BPF_RET | BPF_K, 0xffffffff);
  const sock_fprog program = {sizeof code / sizeof code[0], code};
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

}  // namespace

Sockets::Pair Sockets::Make(int kind, std::vector<int>* extra) {
  const auto socketPair = [](int type) {
    int ends[2];
    Check(socketpair(AF_UNIX, type | kType, 0, ends), "socketpair");
    return Pair{ends[0], ends[1]};
  };
  const auto connected = [](int family) {
    // Two for all time: libFuzzer gives none back.
    static sockaddr_storage addresses[2];
    static socklen_t sizes[2];
    static const int listeners[2] = {Listen(AF_INET, 16, &addresses[0], &sizes[0]),
                                     Listen(AF_INET6, 16, &addresses[1], &sizes[1])};
    const int index = family == AF_INET6 && listeners[1] >= 0 ? 1 : 0;
    Pair pair;
    pair.far = Connect(addresses[index], sizes[index]);
    pair.near = Check(accept4(listeners[index], nullptr, nullptr, kType), "accept");  // loopback: it is there at once
    return pair;
  };
  sockaddr_storage address;
  socklen_t size;
  Pair pair;
  switch (kind) {
    case kTcp4:
      return connected(AF_INET);
    case kTcp6:
      return connected(AF_INET6);
    case kUnix:
      return socketPair(SOCK_STREAM);
    case kFiltered:
      pair = connected(AF_INET);
      AttachFilter(pair.near);
      return pair;
    case kHalfClosed:
      pair = connected(AF_INET);
      shutdown(pair.near, SHUT_WR);
      return pair;
    case kPeerEnded:
      pair = connected(AF_INET);
      (void)!write(pair.far, "last", 4);
      shutdown(pair.far, SHUT_WR);
      return pair;
    case kPeerReset:
      pair = connected(AF_INET);
      Close(pair.far);
      pair.far = -1;
      return pair;
    case kFull: {
      static const char bytes[64 << 10] = {};
      const int little = 4096;
      pair = connected(AF_INET);
      setsockopt(pair.near, SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
      setsockopt(pair.far, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
      for (int round = 0; round < 128 && write(pair.near, bytes, sizeof bytes) > 0; ++round) continue;
      return pair;
    }
    case kListener:
      return {Check(Listen(AF_INET, 1, &address, &size), "listen"), -1};
    case kConnecting:
      // A queue of one that is full answers no SYN.
      extra->push_back(Check(Listen(AF_INET, 0, &address, &size), "listen"));
      extra->push_back(Connect(address, size));
      extra->push_back(Connect(address, size));
      return {Connect(address, size), -1};
    case kUnconnected:
      return {Check(socket(AF_INET, SOCK_STREAM | kType, 0), "socket"), -1};
    case kUdp:
      return {Check(socket(AF_INET, SOCK_DGRAM | kType, 0), "socket"), -1};
    case kUnixDatagram:
      return socketPair(SOCK_DGRAM);
    case kPipe: {
      int ends[2];
      Check(pipe2(ends, O_NONBLOCK | O_CLOEXEC), "pipe");
      return {ends[0], ends[1]};
    }
    case kFile:
      return {Check(memfd_create("fuzz", MFD_CLOEXEC), "memfd_create"), -1};
    case kDevNull:
      return {Check(open("/dev/null", O_RDWR | O_CLOEXEC), "open"), -1};
    case kEpoll:
      return {Check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1"), -1};
    case kEventFd:
      return {Check(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"), -1};
    default:  // kClosed: no process has so many
      return {1 << 30, -1};
  }
}

Sockets::~Sockets() {
  for (const Pair& pair : pairs_) {
    if (pair.near >= 0 && pair.near != 1 << 30) Close(pair.near);
    if (pair.far >= 0) Close(pair.far);
  }
  for (const int fd : extra_) Close(fd);
}

int Sockets::Get(int kind) {
  if (pairs_[kind].near < 0) pairs_[kind] = Make(kind, &extra_);
  return pairs_[kind].near;
}

void Sockets::Disturb(int kind, int how) {
  static const char bytes[4096] = {};
  Get(kind);
  int& far = pairs_[kind].far;
  if (far < 0) return;
  switch (how % 5) {
    case 0:
      (void)!write(far, bytes, static_cast<size_t>(1 + how));
      return;
    case 1:
      shutdown(far, SHUT_WR);
      return;
    case 2:
      (void)send(far, bytes, 1, MSG_OOB | MSG_NOSIGNAL);
      return;
    case 3:
      close(far);
      far = -1;
      return;
    default:
      Close(far);
      far = -1;
      return;
  }
}
