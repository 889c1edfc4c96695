// macOS: TCP_CONNECTION_INFO, the public part of what its kernel knows (netinet/tcp.h; tcp_fill_info() in tcp_usrreq.c of
// xnu-11417). Times are milliseconds there.
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstddef>

#include "posix.h"
#include "tcps.h"

namespace socket_linger::sys {
namespace {

using Info = tcp_connection_info;
using Kind = TcpInfoKind;

// The order of the TCPCI_ bits.
static_assert(TCPCI_OPT_TIMESTAMPS == 1 << 0 && TCPCI_OPT_SACK == 1 << 1 && TCPCI_OPT_WSCALE == 1 << 2 &&
              TCPCI_OPT_ECN == 1 << 3);
constexpr const char* kOptions[] = {"timestamps", "sack", "wscale", "ecn", nullptr};
static_assert(TCPCI_FLAG_LOSSRECOVERY == 1 << 0 && TCPCI_FLAG_REORDERING_DETECTED == 1 << 1);
constexpr const char* kFlags[] = {"loss-recovery", "reordering-detected", nullptr};

#define FIELD(name, kind, ...) {name, Kind::kind, __VA_ARGS__}
#define PLACE(field) offsetof(Info, field), sizeof(Info::field)

constexpr TcpInfoField kFields[] = {
    FIELD("state", kState, PLACE(tcpi_state)),
    FIELD("sndWscale", kNumber, PLACE(tcpi_snd_wscale)),
    FIELD("rcvWscale", kNumber, PLACE(tcpi_rcv_wscale)),
    FIELD("options", kFlags, PLACE(tcpi_options), 0, 0, 1, 0, kOptions),
    FIELD("flags", kFlags, PLACE(tcpi_flags), 0, 0, 1, 0, kFlags),
    FIELD("rtoUs", kNumber, PLACE(tcpi_rto), 0, 0, 1000),
    FIELD("sndMss", kNumber, PLACE(tcpi_maxseg)),
    FIELD("sndSsthresh", kNumber, PLACE(tcpi_snd_ssthresh)),
    FIELD("sndCwnd", kNumber, PLACE(tcpi_snd_cwnd)),
    FIELD("sndWnd", kNumber, PLACE(tcpi_snd_wnd)),
    FIELD("sndSbbytes", kNumber, PLACE(tcpi_snd_sbbytes)),
    FIELD("rcvWnd", kNumber, PLACE(tcpi_rcv_wnd)),
    FIELD("rttCurUs", kNumber, PLACE(tcpi_rttcur), 0, 0, 1000),
    FIELD("rttUs", kNumber, PLACE(tcpi_srtt), 0, 0, 1000),
    FIELD("rttvarUs", kNumber, PLACE(tcpi_rttvar), 0, 0, 1000),
    FIELD("txPackets", kBigInt, PLACE(tcpi_txpackets)),
    FIELD("txBytes", kBigInt, PLACE(tcpi_txbytes)),
    FIELD("txRetransmitBytes", kBigInt, PLACE(tcpi_txretransmitbytes)),
    FIELD("rxPackets", kBigInt, PLACE(tcpi_rxpackets)),
    FIELD("rxBytes", kBigInt, PLACE(tcpi_rxbytes)),
    FIELD("rxOutOfOrderBytes", kBigInt, PLACE(tcpi_rxoutoforderbytes)),
    FIELD("txRetransmitPackets", kBigInt, PLACE(tcpi_txretransmitpackets)),
};

#undef PLACE
#undef FIELD

}  // namespace

TcpInfoFields DescribeTcpInfo() { return {kFields, sizeof kFields / sizeof kFields[0]}; }

int ReadTcpInfo(Descriptor descriptor, void* bytes, size_t* length) {
  auto size = static_cast<socklen_t>(*length);
  if (getsockopt(ToFd(descriptor), IPPROTO_TCP, TCP_CONNECTION_INFO, bytes, &size) != 0) {
    const int error = errno;
    if (error == ECONNRESET && *length > 0) return ClosedTcpInfo(bytes, length);  // the control block is gone
    // UDP, AF_UNIX: see ReadTcpState()
    if (error != EINVAL && error != ENOPROTOOPT && error != EOPNOTSUPP) return error;
    size = 0;
  }
  *length = size;
  return 0;
}

}  // namespace socket_linger::sys
