// Linux: option rows, queue sizes and TCP state. Facts are from net/ipv4/tcp.c and net/unix/af_unix.c.
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

// After the C library's: they would define the same structures.
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <cerrno>
#include <climits>
#include <cstdint>

#include "posix.h"

namespace socket_linger::sys {
namespace {

using Kind = OptionKind;
constexpr auto kRead = OptionAccess::kRead;
constexpr auto kReadWrite = OptionAccess::kReadWrite;
constexpr auto kWrite = OptionAccess::kWrite;

// What an older C library's headers lack is left out there. Ranges are what the kernel takes and stores unchanged, or
// turns into something near (lib/options.ts says what); the rest it refuses or wraps around.
constexpr OptionRow kRows[] = {
    {"acceptConnection", SOL_SOCKET, SO_ACCEPTCONN, Kind::kBoolean, kRead},
    {"bindToDevice", SOL_SOCKET, SO_BINDTODEVICE, Kind::kString, kReadWrite, 0, IFNAMSIZ - 1},
#ifdef SO_BUF_LOCK
    {"bufferLock", SOL_SOCKET, SO_BUF_LOCK, Kind::kInteger, kReadWrite, 0, 3},
#endif
    {"busyPoll", SOL_SOCKET, SO_BUSY_POLL, Kind::kInteger, kReadWrite, 0, INT_MAX},
#ifdef SO_BUSY_POLL_BUDGET
    {"busyPollBudget", SOL_SOCKET, SO_BUSY_POLL_BUDGET, Kind::kInteger, kWrite, 0, UINT16_MAX},
#endif
#ifdef SO_COOKIE
    {"cookie", SOL_SOCKET, SO_COOKIE, Kind::kCookie, kRead},
#endif
    {"domain", SOL_SOCKET, SO_DOMAIN, Kind::kInteger, kRead},
    {"error", SOL_SOCKET, SO_ERROR, Kind::kError, kRead},
    {"incomingCpu", SOL_SOCKET, SO_INCOMING_CPU, Kind::kInteger, kReadWrite, 0, INT_MAX},
#ifdef SO_INCOMING_NAPI_ID
    {"incomingNapiId", SOL_SOCKET, SO_INCOMING_NAPI_ID, Kind::kUnsigned, kRead},
#endif
    {"keepalive", SOL_SOCKET, SO_KEEPALIVE, Kind::kBoolean},
    // sk_setsockopt() takes l_linger as it is, negative values too, and multiplies by HZ: lib refuses those.
    {"linger", SOL_SOCKET, SO_LINGER, Kind::kLinger, kReadWrite, 0, INT_MAX},
    {"mark", SOL_SOCKET, SO_MARK, Kind::kUnsigned, kReadWrite, 0, UINT_MAX},
    {"maxPacingRate", SOL_SOCKET, SO_MAX_PACING_RATE, Kind::kRate, kReadWrite, 0, (int64_t{1} << 53) - 1},
#ifdef SO_NETNS_COOKIE
    {"netnsCookie", SOL_SOCKET, SO_NETNS_COOKIE, Kind::kCookie, kRead},
#endif
    {"outOfBandInline", SOL_SOCKET, SO_OOBINLINE, Kind::kBoolean},
    {"peerCredentials", SOL_SOCKET, SO_PEERCRED, Kind::kCredentials, kRead},
#ifdef SO_PREFER_BUSY_POLL
    {"preferBusyPoll", SOL_SOCKET, SO_PREFER_BUSY_POLL, Kind::kBoolean},
#endif
    {"priority", SOL_SOCKET, SO_PRIORITY, Kind::kInteger, kReadWrite, 0, INT_MAX},
    {"protocol", SOL_SOCKET, SO_PROTOCOL, Kind::kInteger, kRead},
    // Twice the value has to fit into an int.
    {"receiveBufferSize", SOL_SOCKET, SO_RCVBUF, Kind::kInteger, kReadWrite, 0, INT_MAX / 2},
    {"receiveBufferSizeForce", SOL_SOCKET, SO_RCVBUFFORCE, Kind::kInteger, kWrite, 0, INT_MAX / 2},
    {"receiveLowWatermark", SOL_SOCKET, SO_RCVLOWAT, Kind::kInteger, kReadWrite, 1, INT_MAX},
    {"reuseAddress", SOL_SOCKET, SO_REUSEADDR, Kind::kBoolean},
    {"reusePort", SOL_SOCKET, SO_REUSEPORT, Kind::kBoolean},
    {"sendBufferSize", SOL_SOCKET, SO_SNDBUF, Kind::kInteger, kReadWrite, 0, INT_MAX / 2},
    {"sendBufferSizeForce", SOL_SOCKET, SO_SNDBUFFORCE, Kind::kInteger, kWrite, 0, INT_MAX / 2},
    {"type", SOL_SOCKET, SO_TYPE, Kind::kInteger, kRead},
#ifdef SO_ZEROCOPY
    {"zeroCopy", SOL_SOCKET, SO_ZEROCOPY, Kind::kBoolean},
#endif

    {"bindAddressNoPort", IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, Kind::kBoolean},
    {"freebind", IPPROTO_IP, IP_FREEBIND, Kind::kBoolean},
    {"ipMtu", IPPROTO_IP, IP_MTU, Kind::kInteger, kRead},
    {"ipMtuDiscover", IPPROTO_IP, IP_MTU_DISCOVER, Kind::kInteger, kReadWrite, IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT},
    {"ipReceiveTos", IPPROTO_IP, IP_RECVTOS, Kind::kBoolean},
    {"minTtl", IPPROTO_IP, IP_MINTTL, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
    {"originalDestination", IPPROTO_IP, SO_ORIGINAL_DST, Kind::kAddress, kRead},
    {"tos", IPPROTO_IP, IP_TOS, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
    {"transparent", IPPROTO_IP, IP_TRANSPARENT, Kind::kBoolean},
    {"ttl", IPPROTO_IP, IP_TTL, Kind::kInteger, kReadWrite, 1, UINT8_MAX},

#ifdef IPV6_AUTOFLOWLABEL
    {"autoFlowLabel", IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, Kind::kBoolean},
#endif
#ifdef IPV6_FREEBIND
    {"ipv6Freebind", IPPROTO_IPV6, IPV6_FREEBIND, Kind::kBoolean},
#endif
#ifdef IPV6_MINHOPCOUNT
    {"minHops", IPPROTO_IPV6, IPV6_MINHOPCOUNT, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
#endif
    {"ipv6Mtu", IPPROTO_IPV6, IPV6_MTU, Kind::kInteger, kRead},
    {"ipv6MtuDiscover", IPPROTO_IPV6, IPV6_MTU_DISCOVER, Kind::kInteger, kReadWrite, IPV6_PMTUDISC_DONT, IPV6_PMTUDISC_OMIT},
    {"ipv6OriginalDestination", IPPROTO_IPV6, IP6T_SO_ORIGINAL_DST, Kind::kAddress, kRead},
    {"receiveTrafficClass", IPPROTO_IPV6, IPV6_RECVTCLASS, Kind::kBoolean},
    {"trafficClass", IPPROTO_IPV6, IPV6_TCLASS, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
#ifdef IPV6_TRANSPARENT
    {"ipv6Transparent", IPPROTO_IPV6, IPV6_TRANSPARENT, Kind::kBoolean},
#endif
    {"unicastHops", IPPROTO_IPV6, IPV6_UNICAST_HOPS, Kind::kInteger, kReadWrite, 0, UINT8_MAX},
    {"v6Only", IPPROTO_IPV6, IPV6_V6ONLY, Kind::kBoolean},

    {"congestion", IPPROTO_TCP, TCP_CONGESTION, Kind::kString, kReadWrite, 1, 15},  // TCP_CA_NAME_MAX - 1
    {"cork", IPPROTO_TCP, TCP_CORK, Kind::kBoolean},
    {"deferAccept", IPPROTO_TCP, TCP_DEFER_ACCEPT, Kind::kInteger, kReadWrite, 0, INT_MAX},
    {"fastOpen", IPPROTO_TCP, TCP_FASTOPEN, Kind::kInteger, kReadWrite, 0, INT_MAX},
#ifdef TCP_FASTOPEN_CONNECT
    {"fastOpenConnect", IPPROTO_TCP, TCP_FASTOPEN_CONNECT, Kind::kBoolean},
#endif
#ifdef TCP_FASTOPEN_NO_COOKIE
    {"fastOpenNoCookie", IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, Kind::kBoolean},
#endif
    {"keepCount", IPPROTO_TCP, TCP_KEEPCNT, Kind::kInteger, kReadWrite, 1, 127},     // MAX_TCP_KEEPCNT
    {"keepIdle", IPPROTO_TCP, TCP_KEEPIDLE, Kind::kInteger, kReadWrite, 1, 32767},   // MAX_TCP_KEEPIDLE
    {"keepInterval", IPPROTO_TCP, TCP_KEEPINTVL, Kind::kInteger, kReadWrite, 1, 32767},
    {"linger2", IPPROTO_TCP, TCP_LINGER2, Kind::kInteger, kReadWrite, -1, 120},      // TCP_FIN_TIMEOUT_MAX
    {"maxSegment", IPPROTO_TCP, TCP_MAXSEG, Kind::kInteger, kReadWrite, 88, 32767},  // TCP_MIN_MSS, MAX_TCP_WINDOW
    {"noDelay", IPPROTO_TCP, TCP_NODELAY, Kind::kBoolean},
    {"notSentLowWatermark", IPPROTO_TCP, TCP_NOTSENT_LOWAT, Kind::kUnsigned, kReadWrite, 0, UINT_MAX},
    {"quickAck", IPPROTO_TCP, TCP_QUICKACK, Kind::kBoolean},
    {"saveSyn", IPPROTO_TCP, TCP_SAVE_SYN, Kind::kInteger, kReadWrite, 0, 2},
    {"savedSyn", IPPROTO_TCP, TCP_SAVED_SYN, Kind::kBytes, kRead},
    {"synCount", IPPROTO_TCP, TCP_SYNCNT, Kind::kInteger, kReadWrite, 1, 127},       // MAX_TCP_SYNCNT
    {"thinLinearTimeouts", IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, Kind::kBoolean},
#ifdef TCP_TX_DELAY
    {"txDelay", IPPROTO_TCP, TCP_TX_DELAY, Kind::kInteger, kReadWrite, 0, INT_MAX},
#endif
    {"userTimeout", IPPROTO_TCP, TCP_USER_TIMEOUT, Kind::kInteger, kReadWrite, 0, INT_MAX},
    {"windowClamp", IPPROTO_TCP, TCP_WINDOW_CLAMP, Kind::kInteger, kReadWrite, 0, INT_MAX},
};

// tcp_ioctl() counts the FIN in both send queues, since it takes a sequence number. It is the last
// thing to be sent, so whatever is unsent includes it.
void RemoveFin(Queues* queues) {
  queues->fin_unacked = true;
  queues->unacked -= 1;
  if (queues->unsent > 0) queues->unsent -= 1;
}

struct SendQueue {
  int unsent = 0;
  int unacked = 0;
};

// False: errno says why; ENOTTY where this is no TCP.
bool ReadSendQueue(int fd, bool known_tcp, SendQueue* queue) {
  if (!known_tcp) {
    // Asked first because it tells TCP from all the rest without a call of its own.
    return ioctl(fd, SIOCOUTQNSD, &queue->unsent) == 0 && ioctl(fd, SIOCOUTQ, &queue->unacked) == 0;
  }
  if (ioctl(fd, SIOCOUTQ, &queue->unacked) != 0) return false;
  // Most sockets are quiet most of the time: nothing unacknowledged is nothing unsent.
  return queue->unacked == 0 || ioctl(fd, SIOCOUTQNSD, &queue->unsent) == 0;
}

int ReadTcpQueues(int fd, bool fin_queued, const SendQueue& queue, Queues* queues) {
  int unread = 0;
  if (ioctl(fd, FIONREAD, &unread) != 0) return errno;
  queues->unread = unread;
  queues->unacked = queue.unacked;
  // There may have been an acknowledgement between the two questions.
  queues->unsent = queue.unsent < queue.unacked ? queue.unsent : queue.unacked;
  if (queue.unacked == 0) return 0;

  TcpState state = TcpState::kUnknown;
  const int error = ReadTcpState(fd, &state);
  if (error != 0) return error;
  switch (state) {
    case TcpState::kFinWait1:
    case TcpState::kClosing:
    case TcpState::kLastAck:
      RemoveFin(queues);
      break;
    case TcpState::kFinWait2:
    case TcpState::kTimeWait:  // all of it was acknowledged since we asked
      queues->unacked = 0;
      queues->unsent = 0;
      break;
    case TcpState::kClosed:  // a reset leaves the numbers as they were
      if (fin_queued) RemoveFin(queues);
      break;
    default:
      break;
  }
  return 0;
}

// AF_UNIX, and systems that emulate Linux without SIOCOUTQNSD.
int ReadOtherQueues(int fd, Queues* queues) {
  int type = 0;
  const int error = SocketType(fd, &type);  // a pipe or a terminal answers FIONREAD too: ENOTSOCK here
  if (error != 0) return error;
  int unread = 0;
  if (ioctl(fd, FIONREAD, &unread) != 0) return errno;
  queues->unread = unread;
  // On AF_UNIX SIOCOUTQ is the memory that the buffers take (3 bytes: 768), so there is no byte count.
  return 0;
}

}  // namespace

OptionRows Options() { return {kRows, sizeof kRows / sizeof kRows[0]}; }

int OpenSocket(Family family, Descriptor* descriptor) {
  return OpenSocketWith(family, SOCK_NONBLOCK | SOCK_CLOEXEC, descriptor);
}

size_t OptionUnit(int level, int option) {
  // sk_get_filter() takes the length for a number of instructions and would write eight times as much.
  return level == SOL_SOCKET && option == SO_GET_FILTER ? sizeof(sock_filter) : 1;
}

// What raw options answer: filters, groups, keys of TCP-AO.
const char* OwnErrorName(int error) {
  switch (error) {
    case EKEYREJECTED: return "EKEYREJECTED";
    case ENODATA: return "ENODATA";
    case ENOKEY: return "ENOKEY";
    case ENOTUNIQ: return "ENOTUNIQ";
    case EUSERS: return "EUSERS";
    default: return "UNKNOWN";
  }
}

int GetCredentials(int fd, const OptionRow& row, OptionValue* value) {
  struct ucred credentials = {};
  socklen_t size = sizeof credentials;
  if (getsockopt(fd, row.level, row.option, &credentials, &size) != 0) return errno;
  // Not a unix-domain socket: the kernel answers nobody, not an error.
  if (credentials.pid == 0 && credentials.uid == static_cast<uid_t>(-1)) return EOPNOTSUPP;
  value->pid = credentials.pid;
  value->uid = credentials.uid;
  value->gid = credentials.gid;
  return 0;
}

int ReadQueues(Descriptor descriptor, bool known_tcp, bool fin_queued, Queues* queues) {
  const int fd = ToFd(descriptor);
  SendQueue queue;
  if (ReadSendQueue(fd, known_tcp, &queue)) return ReadTcpQueues(fd, fin_queued, queue, queues);
  // ENOSYS: qemu-user 7.2
  return errno == ENOTTY || errno == ENOSYS ? ReadOtherQueues(fd, queues) : errno;
}

// The kernel's numbers, <net/tcp_states.h>; netinet/tcp.h has them as an enum of the same values.
TcpState ToTcpState(int number) {
  switch (number) {
    case TCP_ESTABLISHED: return TcpState::kEstablished;
    case TCP_SYN_SENT: return TcpState::kSynSent;
    case TCP_SYN_RECV: return TcpState::kSynReceived;
    case TCP_FIN_WAIT1: return TcpState::kFinWait1;
    case TCP_FIN_WAIT2: return TcpState::kFinWait2;
    case TCP_TIME_WAIT: return TcpState::kTimeWait;
    case TCP_CLOSE: return TcpState::kClosed;
    case TCP_CLOSE_WAIT: return TcpState::kCloseWait;
    case TCP_LAST_ACK: return TcpState::kLastAck;
    case TCP_LISTEN: return TcpState::kListen;
    case TCP_CLOSING: return TcpState::kClosing;
    default: return TcpState::kUnknown;
  }
}

int ReadTcpState(Descriptor descriptor, TcpState* state) {
  uint8_t number = 0;  // tcpi_state is the first byte of struct tcp_info
  socklen_t size = sizeof number;
  if (getsockopt(ToFd(descriptor), IPPROTO_TCP, TCP_INFO, &number, &size) != 0) {
    if (errno != EOPNOTSUPP && errno != ENOPROTOOPT) return errno;
    *state = TcpState::kUnknown;  // AF_UNIX, UDP
    return 0;
  }
  *state = size == sizeof number ? ToTcpState(number) : TcpState::kUnknown;
  return 0;
}

int Discard(Descriptor descriptor, uint64_t limit, Discarded* result) {
  const int fd = ToFd(descriptor);
  int protocol = 0;
  socklen_t size = sizeof protocol;
  if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0) return errno;
  if (protocol != IPPROTO_TCP) return DiscardByCopying(fd, limit, result);
  // tcp(7): MSG_TRUNC drops the bytes inside the kernel, nothing is copied.
  constexpr size_t kChunk = size_t{1} << 30;
  DiscardWith(fd, limit, nullptr, kChunk, MSG_TRUNC, result);
  return 0;
}

}  // namespace socket_linger::sys
