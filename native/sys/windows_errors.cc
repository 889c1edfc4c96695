// WSA error codes, and what Node calls them: its `code`, libuv's number as `errno`, and a text.
#include "windows.h"

#include <uv/errno.h>

#include <cerrno>

namespace socket_linger::sys {
namespace {

struct ErrorRow {
  int number;
  const char* name;
  int node_errno;
  const char* text;
};

// libuv's own translation lacks some of these (WSAENOPROTOOPT): they would be UNKNOWN, with Windows' number.
constexpr ErrorRow kErrors[] = {
    {WSAEINTR, "EINTR", UV__EINTR, "Interrupted system call"},
    {WSAEBADF, "EBADF", UV__EBADF, "Bad file descriptor"},
    {WSAEACCES, "EACCES", UV__EACCES, "Permission denied"},
    {WSAEFAULT, "EFAULT", UV__EFAULT, "Bad address"},
    {WSAEINVAL, "EINVAL", UV__EINVAL, "Invalid argument"},
    {WSAEMFILE, "EMFILE", UV__EMFILE, "Too many open sockets"},
    {WSAEWOULDBLOCK, "EAGAIN", UV__EAGAIN, "Resource temporarily unavailable"},
    {WSAEINPROGRESS, "EINPROGRESS", WSAEINPROGRESS, "Operation now in progress"},
    {WSAEALREADY, "EALREADY", UV__EALREADY, "Operation already in progress"},
    {WSAENOTSOCK, "ENOTSOCK", UV__ENOTSOCK, "Socket operation on something that is not a socket"},
    {WSAEDESTADDRREQ, "EDESTADDRREQ", UV__EDESTADDRREQ, "Destination address required"},
    {WSAEMSGSIZE, "EMSGSIZE", UV__EMSGSIZE, "Message too long"},
    {WSAEPROTOTYPE, "EPROTOTYPE", UV__EPROTOTYPE, "Wrong protocol type for the socket"},
    {WSAENOPROTOOPT, "ENOPROTOOPT", UV__ENOPROTOOPT, "Protocol not available"},
    {WSAEPROTONOSUPPORT, "EPROTONOSUPPORT", UV__EPROTONOSUPPORT, "Protocol not supported"},
    {WSAESOCKTNOSUPPORT, "ESOCKTNOSUPPORT", UV__ESOCKTNOSUPPORT, "Socket type not supported"},
    {WSAEOPNOTSUPP, "EOPNOTSUPP", UV__ENOTSUP, "Operation not supported on this socket"},
    {WSAEPFNOSUPPORT, "EPFNOSUPPORT", WSAEPFNOSUPPORT, "Protocol family not supported"},
    {WSAEAFNOSUPPORT, "EAFNOSUPPORT", UV__EAFNOSUPPORT, "Address family not supported"},
    {WSAEADDRINUSE, "EADDRINUSE", UV__EADDRINUSE, "Address already in use"},
    {WSAEADDRNOTAVAIL, "EADDRNOTAVAIL", UV__EADDRNOTAVAIL, "Address not available"},
    {WSAENETDOWN, "ENETDOWN", UV__ENETDOWN, "Network is down"},
    {WSAENETUNREACH, "ENETUNREACH", UV__ENETUNREACH, "Network is unreachable"},
    {WSAENETRESET, "ENETRESET", WSAENETRESET, "Connection dropped by the network: keepalive was not answered"},
    {WSAECONNABORTED, "ECONNABORTED", UV__ECONNABORTED, "Software caused connection abort"},
    {WSAECONNRESET, "ECONNRESET", UV__ECONNRESET, "Connection reset by peer"},
    {WSAENOBUFS, "ENOBUFS", UV__ENOBUFS, "No buffer space available"},
    {WSAEISCONN, "EISCONN", UV__EISCONN, "Socket is already connected"},
    {WSAENOTCONN, "ENOTCONN", UV__ENOTCONN, "Socket is not connected"},
    {WSAESHUTDOWN, "EPIPE", UV__EPIPE, "Cannot send after the socket was shut down"},
    {WSAETIMEDOUT, "ETIMEDOUT", UV__ETIMEDOUT, "Connection timed out"},
    {WSAECONNREFUSED, "ECONNREFUSED", UV__ECONNREFUSED, "Connection refused"},
    {WSAELOOP, "ELOOP", UV__ELOOP, "Too many symbolic links"},
    {WSAENAMETOOLONG, "ENAMETOOLONG", UV__ENAMETOOLONG, "Name too long"},
    {WSAEHOSTDOWN, "EHOSTDOWN", UV__EHOSTDOWN, "Host is down"},
    {WSAEHOSTUNREACH, "EHOSTUNREACH", UV__EHOSTUNREACH, "No route to host"},
    {WSANOTINITIALISED, "ENETDOWN", UV__ENETDOWN, "Winsock is not initialised"},
    {WSAEDISCON, "EPIPE", UV__EPIPE, "The peer is shutting down"},
    // Windows' own numbers, which overlapped calls end with
    {ERROR_OPERATION_ABORTED, "ECANCELED", UV__ECANCELED, "Operation canceled"},
    {ERROR_INVALID_HANDLE, "EBADF", UV__EBADF, "Bad handle"},
    {ERROR_NOT_ENOUGH_MEMORY, "ENOMEM", UV__ENOMEM, "Not enough memory"},
    // The C library's: there is no background engine (linger/none.cc)
    {ENOSYS, "ENOSYS", UV__ENOSYS, "Function not implemented"},
};

const ErrorRow* Find(int error) {
  for (const ErrorRow& row : kErrors) {
    if (row.number == error) return &row;
  }
  return nullptr;
}

}  // namespace

const char* ErrorName(int error) {
  const ErrorRow* row = Find(error);
  return row == nullptr ? "UNKNOWN" : row->name;
}

const char* ErrorText(int error) {
  const ErrorRow* row = Find(error);
  return row == nullptr ? "Unknown error of Winsock" : row->text;
}

int NodeErrno(int error) {
  const ErrorRow* row = Find(error);
  // libuv has no number of its own for the rest: Node's `errno` is the system's then, negated.
  return row == nullptr || row->node_errno > 0 ? -error : row->node_errno;
}

}  // namespace socket_linger::sys
