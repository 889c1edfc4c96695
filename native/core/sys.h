// The contract that every system's file in sys/ meets. No OS header here, and no Node-API.
//
// Functions return 0 or the system's own error number (errno, WSAGetLastError); ErrorName and its
// siblings translate that. None of them blocks, whatever the descriptor's own mode.
#pragma once

#include <cstdint>

#include "option.h"
#include "tcp_info.h"

namespace socket_linger::sys {

// A POSIX descriptor or a Winsock SOCKET.
using Descriptor = intptr_t;

enum class How : uint8_t { kRead, kWrite, kBoth };

enum class Family : uint8_t { kIPv4, kIPv6 };

// The order is that of the names which addon.cc gives to JavaScript.
enum class TcpState : uint8_t {
  kEstablished,
  kSynSent,
  kSynReceived,
  kFinWait1,
  kFinWait2,
  kTimeWait,
  kClosed,
  kCloseWait,
  kLastAck,
  kListen,
  kClosing,
  kUnknown,  // not TCP, or this system does not tell
};

// Bytes; kCannotTell where this system has no answer for this socket. A FIN is never counted.
struct Queues {
  static constexpr int64_t kCannotTell = -1;
  int64_t unread = kCannotTell;   // received, not yet read by us
  int64_t unacked = kCannotTell;  // given to the kernel, not yet acknowledged by the peer's
  int64_t unsent = kCannotTell;   // that part of unacked which was never sent
  bool fin_unacked = false;       // our FIN is in the send queue, on top of these
  // Sent for the first time so far, where unacked is without what was never sent: it may stand still while output goes on.
  int64_t sent = kCannotTell;
};

enum class InputEnd : uint8_t {
  kOpen,    // nothing left right now, more may come
  kLimit,   // the limit was reached, more may be there
  kEof,     // the peer's FIN
  kFailed,  // `error` says why: ECONNRESET, ETIMEDOUT, ...
};

struct Discarded {
  uint64_t bytes = 0;
  InputEnd end = InputEnd::kOpen;
  int error = 0;
};

OptionRows Options();
int GetOption(Descriptor, const OptionRow&, OptionValue*);
int SetOption(Descriptor, const OptionRow&, const OptionValue&);

// Any option, its bytes as they are. `length`: how many there is room for, and how many there are.
int GetRawOption(Descriptor, int level, int option, void* bytes, size_t* length);
int SetRawOption(Descriptor, int level, int option, const void* bytes, size_t length);

// A TCP socket that is neither bound nor connected, non-blocking, and not inherited by child processes.
int OpenSocket(Family, Descriptor*);

// Of what OpenSocket has made, and nobody else has taken over.
int CloseSocket(Descriptor);

int Shutdown(Descriptor, How);

// `known_tcp`: the caller knows that this is TCP, which may save a question. `fin_queued`: we have half-closed. It
// decides one case that the kernel cannot tell: after a reset the send queue keeps its last length, and that length
// may include our FIN.
int ReadQueues(Descriptor, bool known_tcp, bool fin_queued, Queues*);
int ReadTcpState(Descriptor, TcpState*);

// Where each field is in the bytes of ReadTcpInfo. Asked once per environment: it may look at the running kernel.
TcpInfoFields DescribeTcpInfo();

// `length`: how many bytes there is room for, and how many the kernel has returned; 0 where this is no TCP.
int ReadTcpInfo(Descriptor, void* bytes, size_t* length);

// By the system's own number, as it is in those bytes.
TcpState ToTcpState(int number);

// One system call: that part of ReadQueues. The descriptor must be a socket's.
int ReadUnread(Descriptor, int64_t* bytes);

// SO_ERROR, which is cleared by it: why the connection broke, if nobody has been told yet; else 0.
int TakeError(Descriptor, int* error);

// Reads and drops what is in the receive queue, `limit` bytes at the most. The return value is about
// the descriptor (EBADF, ENOTSOCK); how the input ended is in `Discarded`.
int Discard(Descriptor, uint64_t limit, Discarded*);

const char* ErrorName(int error);  // "ECONNRESET"
const char* ErrorText(int error);  // "Connection reset by peer"
int NodeErrno(int error);          // what Node's own errors carry in `errno`

}  // namespace socket_linger::sys
