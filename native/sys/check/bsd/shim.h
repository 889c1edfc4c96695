// For scripts/check-sys.sh only: what bsd.cc needs and glibc lacks, and glibc without what a BSD lacks.
// CHECK_BSD_<NAME> selects one. The system's own macro comes last, so that glibc's headers never see it.
#pragma once

#include <netinet/in.h>
#define tcp_info glibc_tcp_info
#include <netinet/tcp.h>
#undef tcp_info
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>

#undef SO_PROTOCOL  // NetBSD has none
#undef SO_DOMAIN

struct tcp_info {  // the fields that are used, not the layout
  uint8_t tcpi_state, tcpi_options;
  uint32_t tcpi_rto, tcpi_snd_mss, tcpi_rcv_mss, tcpi_last_data_recv, tcpi_rtt, tcpi_rttvar, tcpi_snd_ssthresh;
  uint32_t tcpi_snd_cwnd, tcpi_rcv_space, tcpi_snd_wnd, tcpi_snd_nxt, tcpi_rcv_nxt, tcpi_snd_rexmitpack;
  uint32_t tcpi_rcv_ooopack, tcpi_snd_zerowin;
};

#if defined(CHECK_BSD_FREEBSD)
#define FIONWRITE 0x40046677
#define __FreeBSD__ 14
#elif defined(CHECK_BSD_NETBSD)
#define FIONWRITE 0x40046679
#define __NetBSD__ 1
#elif defined(CHECK_BSD_OPENBSD)
#define __OpenBSD__ 1
#elif defined(CHECK_BSD_DRAGONFLY)
#undef TCP_INFO
#define __DragonFly__ 1
#else
#error "which BSD?"
#endif
