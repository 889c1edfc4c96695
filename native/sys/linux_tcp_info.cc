// Linux: TCP_INFO. A file of its own because the whole of struct tcp_info is in the kernel's header alone, which the C
// library's netinet/tcp.h (104 bytes of it, for ever) excludes.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <type_traits>

#include "posix.h"

namespace socket_linger::sys {
namespace {

// struct tcp_info of Linux 7.1 (include/uapi/linux/tcp.h), since the header of the machine that compiles is mostly older
// than the kernel that runs. The kernel only ever appends, and returns as much as it has; with one exception (`tail`).
struct Info {
  uint8_t tcpi_state;
  uint8_t tcpi_ca_state;
  uint8_t tcpi_retransmits;
  uint8_t tcpi_probes;
  uint8_t tcpi_backoff;
  uint8_t tcpi_options;
  uint8_t wscales;   // tcpi_snd_wscale:4, tcpi_rcv_wscale:4
  uint8_t booleans;  // tcpi_delivery_rate_app_limited:1, tcpi_fastopen_client_fail:2

  uint32_t tcpi_rto;
  uint32_t tcpi_ato;
  uint32_t tcpi_snd_mss;
  uint32_t tcpi_rcv_mss;

  uint32_t tcpi_unacked;
  uint32_t tcpi_sacked;
  uint32_t tcpi_lost;
  uint32_t tcpi_retrans;
  uint32_t tcpi_fackets;

  uint32_t tcpi_last_data_sent;
  uint32_t tcpi_last_ack_sent;
  uint32_t tcpi_last_data_recv;
  uint32_t tcpi_last_ack_recv;

  uint32_t tcpi_pmtu;
  uint32_t tcpi_rcv_ssthresh;
  uint32_t tcpi_rtt;
  uint32_t tcpi_rttvar;
  uint32_t tcpi_snd_ssthresh;
  uint32_t tcpi_snd_cwnd;
  uint32_t tcpi_advmss;
  uint32_t tcpi_reordering;

  uint32_t tcpi_rcv_rtt;
  uint32_t tcpi_rcv_space;

  uint32_t tcpi_total_retrans;

  uint64_t tcpi_pacing_rate;
  uint64_t tcpi_max_pacing_rate;
  uint64_t tcpi_bytes_acked;
  uint64_t tcpi_bytes_received;
  uint32_t tcpi_segs_out;
  uint32_t tcpi_segs_in;

  uint32_t tcpi_notsent_bytes;
  uint32_t tcpi_min_rtt;
  uint32_t tcpi_data_segs_in;
  uint32_t tcpi_data_segs_out;

  uint64_t tcpi_delivery_rate;

  uint64_t tcpi_busy_time;
  uint64_t tcpi_rwnd_limited;
  uint64_t tcpi_sndbuf_limited;

  uint32_t tcpi_delivered;
  uint32_t tcpi_delivered_ce;

  uint64_t tcpi_bytes_sent;
  uint64_t tcpi_bytes_retrans;
  uint32_t tcpi_dsack_dups;
  uint32_t tcpi_reord_seen;

  uint32_t tcpi_rcv_ooopack;

  uint32_t tcpi_snd_wnd;
  uint32_t tcpi_rcv_wnd;

  uint32_t tcpi_rehash;

  uint16_t tcpi_total_rto;
  uint16_t tcpi_total_rto_recoveries;
  uint32_t tcpi_total_rto_time;

  uint32_t tcpi_received_ce;
  uint32_t tcpi_delivered_e1_bytes;
  uint32_t tcpi_delivered_e0_bytes;
  uint32_t tcpi_delivered_ce_bytes;
  uint32_t tcpi_received_e1_bytes;
  uint32_t tcpi_received_e0_bytes;
  uint32_t tcpi_received_ce_bytes;

  // 6.18 and 6.19: __u16 tcpi_accecn_fail_mode, tcpi_accecn_opt_seen. From 7.0 on, at the same place: __u32
  // tcpi_ecn_mode:2, tcpi_accecn_opt_seen:2, tcpi_accecn_fail_mode:4, tcpi_options2:24 (nothing is in the last one yet).
  union {
    uint16_t halves[2];
    uint32_t word;
  } tail;
};
static_assert(sizeof(Info) == 280);

#ifdef __BYTE_ORDER__
constexpr bool kBigEndian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
#else
#error "which byte order?"
#endif

// C compilers put the first bit field into the lowest bits on little-endian machines, into the highest on others.
constexpr uint8_t Shift(size_t size, int before, int bits) {
  return static_cast<uint8_t>(kBigEndian ? size * 8 - before - bits : before);
}

// The header's constants, in the order of their numbers or bits.
static_assert(TCP_CA_Open == 0 && TCP_CA_Disorder == 1 && TCP_CA_CWR == 2 && TCP_CA_Recovery == 3 && TCP_CA_Loss == 4);
constexpr const char* kCaStates[] = {"open", "disorder", "cwr", "recovery", "loss", nullptr};

static_assert(TCPI_OPT_TIMESTAMPS == 1 << 0 && TCPI_OPT_SACK == 1 << 1 && TCPI_OPT_WSCALE == 1 << 2 &&
              TCPI_OPT_ECN == 1 << 3 && TCPI_OPT_ECN_SEEN == 1 << 4 && TCPI_OPT_SYN_DATA == 1 << 5);
#ifdef TCPI_OPT_USEC_TS
static_assert(TCPI_OPT_USEC_TS == 1 << 6);
#endif
#ifdef TCPI_OPT_TFO_CHILD
static_assert(TCPI_OPT_TFO_CHILD == 1 << 7);
#endif
constexpr const char* kOptions[] = {"timestamps", "sack",      "wscale",  "ecn",      "ecn-seen",
                                    "syn-data",   "usec-ts",   "tfo-child", nullptr};

// enum tcp_fastopen_client_fail
constexpr const char* kFastOpenFails[] = {"unspecified", "cookie-unavailable", "data-not-acked", "syn-retransmitted",
                                          nullptr};

// TCPI_ECN_MODE_, TCP_ACCECN_OPT_ and the TCP_ACCECN_ bits of 7.0's header; before, they were in the kernel alone.
constexpr const char* kEcnModes[] = {"disabled", "rfc3168", "accecn", "pending", nullptr};
constexpr const char* kAccEcnOptions[] = {"not-seen", "empty-seen", "counter-seen", "fail-seen", nullptr};
constexpr const char* kAccEcnFails[] = {"ace-send", "ace-receive", "option-send", "option-receive", nullptr};

using Kind = TcpInfoKind;

using Kind = TcpInfoKind;

// clang-format off
#define NUMBERS(X)                                            \
  X("retransmits", tcpi_retransmits, kNumber)                 \
  X("probes", tcpi_probes, kNumber)                           \
  X("backoff", tcpi_backoff, kNumber)                         \
  X("rtoUs", tcpi_rto, kNumber)                               \
  X("atoUs", tcpi_ato, kNumber)                               \
  X("sndMss", tcpi_snd_mss, kNumber)                          \
  X("rcvMss", tcpi_rcv_mss, kNumber)                          \
  X("unacked", tcpi_unacked, kNumber)                         \
  X("sacked", tcpi_sacked, kNumber)                           \
  X("lost", tcpi_lost, kNumber)                               \
  X("retrans", tcpi_retrans, kNumber)                         \
  X("fackets", tcpi_fackets, kNumber)                         \
  X("lastDataSentMs", tcpi_last_data_sent, kNumber)           \
  X("lastAckSentMs", tcpi_last_ack_sent, kNumber)             \
  X("lastDataRecvMs", tcpi_last_data_recv, kNumber)           \
  X("lastAckRecvMs", tcpi_last_ack_recv, kNumber)             \
  X("pmtu", tcpi_pmtu, kNumber)                               \
  X("rcvSsthresh", tcpi_rcv_ssthresh, kNumber)                \
  X("rttUs", tcpi_rtt, kNumber)                               \
  X("rttvarUs", tcpi_rttvar, kNumber)                         \
  X("sndSsthresh", tcpi_snd_ssthresh, kNumber)                \
  X("sndCwnd", tcpi_snd_cwnd, kNumber)                        \
  X("advmss", tcpi_advmss, kNumber)                           \
  X("reordering", tcpi_reordering, kNumber)                   \
  X("rcvRttUs", tcpi_rcv_rtt, kNumber)                        \
  X("rcvSpace", tcpi_rcv_space, kNumber)                      \
  X("totalRetrans", tcpi_total_retrans, kNumber)              \
  X("pacingRate", tcpi_pacing_rate, kLimit)                   \
  X("maxPacingRate", tcpi_max_pacing_rate, kLimit)            \
  X("bytesAcked", tcpi_bytes_acked, kBigInt)                  \
  X("bytesReceived", tcpi_bytes_received, kBigInt)            \
  X("segsOut", tcpi_segs_out, kNumber)                        \
  X("segsIn", tcpi_segs_in, kNumber)                          \
  X("notsentBytes", tcpi_notsent_bytes, kNumber)              \
  X("minRttUs", tcpi_min_rtt, kLimit)                         \
  X("dataSegsIn", tcpi_data_segs_in, kNumber)                 \
  X("dataSegsOut", tcpi_data_segs_out, kNumber)               \
  X("deliveryRate", tcpi_delivery_rate, kNumber)              \
  X("busyTimeUs", tcpi_busy_time, kNumber)                    \
  X("rwndLimitedUs", tcpi_rwnd_limited, kNumber)              \
  X("sndbufLimitedUs", tcpi_sndbuf_limited, kNumber)          \
  X("delivered", tcpi_delivered, kNumber)                     \
  X("deliveredCe", tcpi_delivered_ce, kNumber)                \
  X("bytesSent", tcpi_bytes_sent, kBigInt)                    \
  X("bytesRetrans", tcpi_bytes_retrans, kBigInt)              \
  X("dsackDups", tcpi_dsack_dups, kNumber)                    \
  X("reordSeen", tcpi_reord_seen, kNumber)                    \
  X("rcvOoopack", tcpi_rcv_ooopack, kNumber)                  \
  X("sndWnd", tcpi_snd_wnd, kNumber)                          \
  X("rcvWnd", tcpi_rcv_wnd, kNumber)                          \
  X("rehash", tcpi_rehash, kNumber)                           \
  X("totalRto", tcpi_total_rto, kNumber)                      \
  X("totalRtoRecoveries", tcpi_total_rto_recoveries, kNumber) \
  X("totalRtoTimeMs", tcpi_total_rto_time, kNumber)           \
  X("receivedCe", tcpi_received_ce, kNumber)                  \
  X("deliveredE1Bytes", tcpi_delivered_e1_bytes, kNumber)     \
  X("deliveredE0Bytes", tcpi_delivered_e0_bytes, kNumber)     \
  X("deliveredCeBytes", tcpi_delivered_ce_bytes, kNumber)     \
  X("receivedE1Bytes", tcpi_received_e1_bytes, kNumber)       \
  X("receivedE0Bytes", tcpi_received_e0_bytes, kNumber)       \
  X("receivedCeBytes", tcpi_received_ce_bytes, kNumber)
// clang-format on

// Where the header of this machine has a field it has to be where we say.
#define CHECK_PLACE(name, field, kind)                                                                \
  template <typename Header, typename = void>                                                         \
  struct Place_##field : std::integral_constant<size_t, offsetof(Info, field)> {};                    \
  template <typename Header>                                                                          \
  struct Place_##field<Header, std::void_t<decltype(Header::field)>>                                  \
      : std::integral_constant<size_t, offsetof(Header, field)> {                                     \
    static_assert(sizeof(Header::field) == sizeof(Info::field));                                      \
  };                                                                                                  \
  static_assert(Place_##field<tcp_info>::value == offsetof(Info, field), #field);
NUMBERS(CHECK_PLACE)
CHECK_PLACE("state", tcpi_state, kState)
CHECK_PLACE("caState", tcpi_ca_state, kName)
CHECK_PLACE("options", tcpi_options, kFlags)
#undef CHECK_PLACE

template <typename Field>
constexpr TcpInfoField Named(const char* name, Kind kind, size_t offset, const char* const* names) {
  return {name, kind, static_cast<uint16_t>(offset), sizeof(Field), 0, 0, 1, 0, names};
}

// `before`: bits that are declared before these in the same Field.
template <typename Field>
constexpr TcpInfoField Bits(const char* name, Kind kind, size_t offset, int before, int bits, size_t needs = 0,
                            const char* const* names = nullptr) {
  return {name, kind, static_cast<uint16_t>(offset), sizeof(Field), Shift(sizeof(Field), before, bits),
          static_cast<uint8_t>(bits), 1, static_cast<uint16_t>(needs), names};
}

// Those bits are older than what they tell: padding in kernels that return no more than the field before.
constexpr size_t kWithDeliveryRate = offsetof(Info, tcpi_delivery_rate) + sizeof(uint64_t);  // 4.9
constexpr size_t kWithSndWnd = offsetof(Info, tcpi_snd_wnd) + sizeof(uint32_t);              // 5.4; the bits: 5.5

#define ROW(name, field, kind) {name, Kind::kind, offsetof(Info, field), sizeof(Info::field)},
#define COMMON_ROWS                                                                                            \
  Named<uint8_t>("state", Kind::kState, offsetof(Info, tcpi_state), nullptr),                                  \
  Named<uint8_t>("caState", Kind::kName, offsetof(Info, tcpi_ca_state), kCaStates),                            \
  Named<uint8_t>("options", Kind::kFlags, offsetof(Info, tcpi_options), kOptions),                             \
  Bits<uint8_t>("sndWscale", Kind::kNumber, offsetof(Info, wscales), 0, 4),                                    \
  Bits<uint8_t>("rcvWscale", Kind::kNumber, offsetof(Info, wscales), 4, 4),                                    \
  Bits<uint8_t>("deliveryRateAppLimited", Kind::kBoolean, offsetof(Info, booleans), 0, 1, kWithDeliveryRate),  \
  Bits<uint8_t>("fastopenClientFail", Kind::kName, offsetof(Info, booleans), 1, 2, kWithSndWnd, kFastOpenFails), \
  NUMBERS(ROW)

constexpr TcpInfoField kFields[] = {
    COMMON_ROWS
    Bits<uint32_t>("ecnMode", Kind::kName, offsetof(Info, tail), 0, 2, 0, kEcnModes),
    Bits<uint32_t>("accecnOptSeen", Kind::kName, offsetof(Info, tail), 2, 2, 0, kAccEcnOptions),
    Bits<uint32_t>("accecnFailMode", Kind::kFlags, offsetof(Info, tail), 4, 4, 0, kAccEcnFails),
};

constexpr TcpInfoField kFieldsBefore7[] = {
    COMMON_ROWS
    Named<uint16_t>("accecnOptSeen", Kind::kName, offsetof(Info, tail) + sizeof(uint16_t), kAccEcnOptions),
    Named<uint16_t>("accecnFailMode", Kind::kFlags, offsetof(Info, tail), kAccEcnFails),
};
#undef ROW
#undef COMMON_ROWS

// The two layouts of the last four bytes are of the same length: only the release tells them apart.
bool IsBefore7() {
  utsname system = {};
  return uname(&system) == 0 && atoi(system.release) < 7;
}

}  // namespace

TcpInfoFields DescribeTcpInfo() {
  if (IsBefore7()) return {kFieldsBefore7, sizeof kFieldsBefore7 / sizeof kFieldsBefore7[0]};
  return {kFields, sizeof kFields / sizeof kFields[0]};
}

int ReadTcpInfo(Descriptor descriptor, void* bytes, size_t* length) {
  auto size = static_cast<socklen_t>(*length);
  if (getsockopt(ToFd(descriptor), IPPROTO_TCP, TCP_INFO, bytes, &size) != 0) {
    if (errno != EOPNOTSUPP && errno != ENOPROTOOPT) return errno;
    size = 0;  // AF_UNIX, UDP
  }
  *length = size;
  return 0;
}

}  // namespace socket_linger::sys
