// What POSIX systems have in common. linux.cc, darwin.cc and bsd.cc add their rows and their queues.
#include "posix.h"

#include <sys/ioctl.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace socket_linger::sys {

int ToFd(Descriptor descriptor) {
  return descriptor < 0 || descriptor > INT_MAX ? -1 : static_cast<int>(descriptor);
}

int LastError(int result) { return result == 0 ? 0 : errno; }

int GetOption(Descriptor descriptor, const OptionRow& row, OptionValue* value) {
  const int fd = ToFd(descriptor);
  switch (row.kind) {
    case OptionKind::kBoolean: {
      int flag = 0;
      socklen_t size = sizeof flag;
      if (getsockopt(fd, row.level, row.option, &flag, &size) != 0) return errno;
      value->on = flag != 0;
      return 0;
    }
    case OptionKind::kLinger: {
      struct linger linger = {};
      socklen_t size = sizeof linger;
      if (getsockopt(fd, row.level, row.option, &linger, &size) != 0) return errno;
      value->on = linger.l_onoff != 0;
      value->number = linger.l_linger;
      return 0;
    }
  }
  return EINVAL;
}

int SetOption(Descriptor descriptor, const OptionRow& row, const OptionValue& value) {
  const int fd = ToFd(descriptor);
  switch (row.kind) {
    case OptionKind::kBoolean: {
      const int flag = value.on ? 1 : 0;
      return LastError(setsockopt(fd, row.level, row.option, &flag, sizeof flag));
    }
    case OptionKind::kLinger: {
      struct linger linger = {};
      linger.l_onoff = value.on ? 1 : 0;
      linger.l_linger = static_cast<int>(value.number);
      return LastError(setsockopt(fd, row.level, row.option, &linger, sizeof linger));
    }
  }
  return EINVAL;
}

int Shutdown(Descriptor descriptor, How how) {
  const int flag = how == How::kRead ? SHUT_RD : how == How::kWrite ? SHUT_WR : SHUT_RDWR;
  return LastError(shutdown(ToFd(descriptor), flag));
}

int ReadUnread(Descriptor descriptor, int64_t* bytes) {
  int unread = 0;
  if (ioctl(ToFd(descriptor), FIONREAD, &unread) != 0) return errno == ENOTTY ? ENOTSOCK : errno;
  *bytes = unread;
  return 0;
}

int TakeError(Descriptor descriptor, int* error) {
  socklen_t size = sizeof *error;
  return LastError(getsockopt(ToFd(descriptor), SOL_SOCKET, SO_ERROR, error, &size));
}

int SocketType(int fd, int* type) {
  socklen_t size = sizeof *type;
  return LastError(getsockopt(fd, SOL_SOCKET, SO_TYPE, type, &size));
}

void DiscardWith(int fd, uint64_t limit, void* buffer, size_t size, int flags, Discarded* result) {
  while (result->bytes < limit) {
    const uint64_t left = limit - result->bytes;
    const size_t want = left < size ? static_cast<size_t>(left) : size;
    const ssize_t got = recv(fd, buffer, want, MSG_DONTWAIT | flags);
    if (got > 0) {
      result->bytes += static_cast<uint64_t>(got);
    } else if (got == 0) {
      result->end = InputEnd::kEof;
      return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      result->end = InputEnd::kOpen;
      return;
    } else if (errno != EINTR) {
      result->end = InputEnd::kFailed;
      result->error = errno;
      return;
    }
  }
  result->end = InputEnd::kLimit;
}

int DiscardByCopying(int fd, uint64_t limit, Discarded* result) {
  int type = 0;
  const int error = SocketType(fd, &type);
  if (error != 0) return error;
  char scratch[64 * 1024];
  DiscardWith(fd, limit, scratch, sizeof scratch, 0, result);
  return 0;
}

// Only what socket calls can answer; strerrorname_np would need a newer C library than we ask for.
#define SOCKET_LINGER_ERRNOS(X)                                                                    \
  X(EACCES) X(EADDRINUSE) X(EADDRNOTAVAIL) X(EAFNOSUPPORT) X(EAGAIN) X(EALREADY) X(EBADF)          \
  X(EBUSY) X(ECONNABORTED) X(ECONNREFUSED) X(ECONNRESET) X(EDESTADDRREQ) X(EDOM) X(EFAULT)         \
  X(EHOSTDOWN) X(EHOSTUNREACH) X(EINPROGRESS) X(EINTR) X(EINVAL) X(EIO) X(EISCONN) X(ELOOP)        \
  X(EMFILE) X(EMSGSIZE) X(ENETDOWN) X(ENETRESET) X(ENETUNREACH) X(ENFILE) X(ENOBUFS) X(ENODEV)     \
  X(ENOENT) X(ENOMEM) X(ENOPROTOOPT) X(ENOTCONN) X(ENOTDIR) X(ENOTSOCK) X(ENOTTY) X(EOPNOTSUPP)    \
  X(EPERM) X(EPIPE) X(EPROTO) X(EPROTONOSUPPORT) X(EPROTOTYPE) X(ERANGE) X(ETIMEDOUT)

const char* ErrorName(int error) {
  switch (error) {
#define X(name) \
  case name:    \
    return #name;
    SOCKET_LINGER_ERRNOS(X)
#undef X
    default:
      return "UNKNOWN";  // libuv's name for the same case
  }
}

const char* ErrorText(int error) { return strerror(error); }

int NodeErrno(int error) { return -error; }

}  // namespace socket_linger::sys
