// FreeBSD, OpenBSD and NetBSD: TCP_INFO, the fields that all three fill in (netinet/tcp.h, tcp_fill_info() in
// tcp_usrreq.c). Times are microseconds, windows bytes. DragonFly has none of it.
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstddef>

#include "posix.h"
#include "tcps.h"

namespace socket_linger::sys {

#ifdef TCP_INFO
namespace {

using Info = tcp_info;
using Kind = TcpInfoKind;

static_assert(TCPI_OPT_TIMESTAMPS == 1 << 0 && TCPI_OPT_SACK == 1 << 1 && TCPI_OPT_WSCALE == 1 << 2 &&
              TCPI_OPT_ECN == 1 << 3);
constexpr const char* kOptions[] = {"timestamps", "sack", "wscale", "ecn", nullptr};

// The two scales are bit fields on FreeBSD and NetBSD, behind the same byte, and have no offset.
#define FIELD(name, kind, field, ...) {name, Kind::kind, offsetof(Info, field), sizeof(Info::field), ##__VA_ARGS__}

constexpr TcpInfoField kFields[] = {
    FIELD("state", kState, tcpi_state),
    FIELD("options", kFlags, tcpi_options, 0, 0, 1, 0, kOptions),
    FIELD("rtoUs", kNumber, tcpi_rto),
    FIELD("sndMss", kNumber, tcpi_snd_mss),
    FIELD("rcvMss", kNumber, tcpi_rcv_mss),
    FIELD("lastDataRecvUs", kNumber, tcpi_last_data_recv),
    FIELD("rttUs", kNumber, tcpi_rtt),
    FIELD("rttvarUs", kNumber, tcpi_rttvar),
    FIELD("sndSsthresh", kNumber, tcpi_snd_ssthresh),
    FIELD("sndCwnd", kNumber, tcpi_snd_cwnd),
    FIELD("rcvSpace", kNumber, tcpi_rcv_space),
    FIELD("sndWnd", kNumber, tcpi_snd_wnd),
    FIELD("sndNxt", kNumber, tcpi_snd_nxt),
    FIELD("rcvNxt", kNumber, tcpi_rcv_nxt),
    FIELD("sndRexmitpack", kNumber, tcpi_snd_rexmitpack),
    FIELD("rcvOoopack", kNumber, tcpi_rcv_ooopack),
    FIELD("sndZerowin", kNumber, tcpi_snd_zerowin),
};

#undef FIELD

}  // namespace

TcpInfoFields DescribeTcpInfo() { return {kFields, sizeof kFields / sizeof kFields[0]}; }

int ReadTcpInfo(Descriptor descriptor, void* bytes, size_t* length) {
  auto size = static_cast<socklen_t>(*length);
  if (getsockopt(ToFd(descriptor), IPPROTO_TCP, TCP_INFO, bytes, &size) != 0) {
    const int error = errno;
    if (error == ECONNRESET && *length > 0) return ClosedTcpInfo(bytes, length);  // see ReadTcpState(), for these too
    if (error != EINVAL && error != ENOPROTOOPT && error != EOPNOTSUPP) return error;
    size = 0;
  }
  *length = size;
  return 0;
}
#else
TcpInfoFields DescribeTcpInfo() { return {nullptr, 0}; }

int ReadTcpInfo(Descriptor descriptor, void* /* bytes */, size_t* length) {
  *length = 0;
  int type = 0;
  return SocketType(ToFd(descriptor), &type);
}
#endif

}  // namespace socket_linger::sys
