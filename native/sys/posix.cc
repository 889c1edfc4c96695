// What POSIX systems have in common. linux.cc, darwin.cc and bsd.cc add their rows and their queues.
#include "posix.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace socket_linger::sys {

int ToFd(Descriptor descriptor) {
  return descriptor < 0 || descriptor > INT_MAX ? -1 : static_cast<int>(descriptor);
}

int LastError(int result) { return result == 0 ? 0 : errno; }

namespace {

// The option's value into `value`, of which the kernel may fill less.
template <typename T>
int Get(int fd, const OptionRow& row, T* value) {
  socklen_t size = sizeof *value;
  return LastError(getsockopt(fd, row.level, row.option, value, &size));
}

template <typename T>
int Set(int fd, const OptionRow& row, const T& value) {
  return LastError(setsockopt(fd, row.level, row.option, &value, sizeof value));
}

int GetBytes(int fd, const OptionRow& row, OptionValue* value) {
  socklen_t size = sizeof value->bytes;
  if (getsockopt(fd, row.level, row.option, value->bytes, &size) != 0) return errno;
  value->length = row.kind == OptionKind::kString ? strnlen(value->bytes, size) : size;
  return 0;
}

}  // namespace

int GetOption(Descriptor descriptor, const OptionRow& row, OptionValue* value) {
  const int fd = ToFd(descriptor);
  switch (row.kind) {
    case OptionKind::kBoolean: {
      int flag = 0;
      const int error = Get(fd, row, &flag);
      value->on = flag != 0;
      return error;
    }
    case OptionKind::kInteger:
    case OptionKind::kError: {
      int number = 0;
      const int error = Get(fd, row, &number);
      value->number = number;
      return error;
    }
    case OptionKind::kUnsigned: {
      unsigned int number = 0;
      const int error = Get(fd, row, &number);
      value->number = number;
      return error;
    }
    case OptionKind::kRate:
    case OptionKind::kCookie:
      return Get(fd, row, &value->number);
    case OptionKind::kLinger: {
      struct linger linger = {};
      const int error = Get(fd, row, &linger);
      value->on = linger.l_onoff != 0;
      value->number = linger.l_linger;
      return error;
    }
    case OptionKind::kString:
    case OptionKind::kBytes:
      return GetBytes(fd, row, value);
    case OptionKind::kCredentials:
      return GetCredentials(fd, row, value);
    case OptionKind::kAddress:
      return GetAddress(fd, row, value);
  }
  return EINVAL;
}

int GetAddress(int fd, const OptionRow& row, OptionValue* value) {
  sockaddr_storage storage = {};
  const int error = Get(fd, row, &storage);
  if (error != 0) return error;
  const void* address = nullptr;
  if (storage.ss_family == AF_INET6) {
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    value->on = true;
    value->number = ntohs(in6->sin6_port);
    address = &in6->sin6_addr;
  } else {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
    value->number = ntohs(in->sin_port);
    address = &in->sin_addr;
  }
  if (inet_ntop(storage.ss_family, address, value->bytes, sizeof value->bytes) == nullptr) return errno;
  value->length = strlen(value->bytes);
  return 0;
}

int SetOption(Descriptor descriptor, const OptionRow& row, const OptionValue& value) {
  const int fd = ToFd(descriptor);
  switch (row.kind) {
    case OptionKind::kBoolean:
      return Set(fd, row, value.on ? 1 : 0);
    case OptionKind::kInteger:
      return Set(fd, row, static_cast<int>(value.number));
    case OptionKind::kUnsigned:
      return Set(fd, row, static_cast<unsigned int>(value.number));
    case OptionKind::kRate:
      return Set(fd, row, value.number);
    case OptionKind::kLinger: {
      struct linger linger = {};
      linger.l_onoff = value.on ? 1 : 0;
      linger.l_linger = static_cast<int>(value.number);
      return Set(fd, row, linger);
    }
    case OptionKind::kString:
    case OptionKind::kBytes:
      return LastError(setsockopt(fd, row.level, row.option, value.bytes, static_cast<socklen_t>(value.length)));
    case OptionKind::kError:
    case OptionKind::kCookie:
    case OptionKind::kCredentials:
    case OptionKind::kAddress:
      return ENOPROTOOPT;  // nothing that could be set
  }
  return EINVAL;
}

int GetRawOption(Descriptor descriptor, int level, int option, void* bytes, size_t* length) {
  const size_t unit = OptionUnit(level, option);
  const size_t room = *length / unit;
  if (room == 0 && unit > 1) {
    // The kernel would tell how many there are, as if it had written so much: that is how sanitizers read it.
    *length = 0;
    int type = 0;
    return SocketType(ToFd(descriptor), &type);
  }
  auto size = static_cast<socklen_t>(room);
  if (getsockopt(ToFd(descriptor), level, option, bytes, &size) != 0) return errno;
  // More than there is room for: it was asked how much there is, and nothing has been written.
  *length = (size < room ? size : room) * unit;
  return 0;
}

int SetRawOption(Descriptor descriptor, int level, int option, const void* bytes, size_t length) {
  return LastError(setsockopt(ToFd(descriptor), level, option, bytes, static_cast<socklen_t>(length)));
}

int OpenSocketWith(Family family, int flags, Descriptor* descriptor) {
  const int fd = socket(family == Family::kIPv6 ? AF_INET6 : AF_INET, SOCK_STREAM | flags, 0);
  if (fd < 0) return errno;
  *descriptor = fd;
  return 0;
}

int CloseSocket(Descriptor descriptor) { return LastError(close(ToFd(descriptor))); }

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
  X(E2BIG) X(EACCES) X(EADDRINUSE) X(EADDRNOTAVAIL) X(EAFNOSUPPORT) X(EAGAIN) X(EALREADY)          \
  X(EBADF) X(EBADMSG) X(EBUSY) X(ECANCELED) X(ECONNABORTED) X(ECONNREFUSED) X(ECONNRESET)          \
  X(EDESTADDRREQ) X(EDOM) X(EEXIST) X(EFAULT) X(EFBIG) X(EHOSTDOWN) X(EHOSTUNREACH) X(EILSEQ)      \
  X(EINPROGRESS) X(EINTR) X(EINVAL) X(EIO) X(EISCONN) X(ELOOP) X(EMFILE) X(EMSGSIZE)               \
  X(ENAMETOOLONG) X(ENETDOWN) X(ENETRESET) X(ENETUNREACH) X(ENFILE) X(ENOBUFS) X(ENODEV)           \
  X(ENOENT) X(ENOMEM) X(ENOPROTOOPT) X(ENOSPC) X(ENOSYS) X(ENOTCONN) X(ENOTDIR) X(ENOTSOCK)        \
  X(ENOTTY) X(ENXIO) X(EOPNOTSUPP) X(EOVERFLOW) X(EPERM) X(EPIPE) X(EPROTO) X(EPROTONOSUPPORT)     \
  X(EPROTOTYPE) X(ERANGE) X(EROFS) X(ESRCH) X(ETIMEDOUT)

const char* ErrorName(int error) {
  switch (error) {
#define X(name) \
  case name:    \
    return #name;
    SOCKET_LINGER_ERRNOS(X)
#undef X
    default:
      return OwnErrorName(error);
  }
}

const char* ErrorText(int error) { return strerror(error); }

int NodeErrno(int error) { return -error; }

}  // namespace socket_linger::sys
