// For scripts/check-sys.sh only: what bsd.cc needs and glibc lacks, and glibc without what a BSD lacks.
// CHECK_BSD_<NAME> selects one. The system's own macro comes last, so that glibc's headers never see it.
#pragma once

#include <netinet/in.h>
#define tcp_info glibc_tcp_info
#include <netinet/tcp.h>
#undef tcp_info
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>

#undef SO_PROTOCOL  // NetBSD has none
#undef SO_DOMAIN
#undef SO_PEERCRED
#undef IP_MINTTL
#undef IPV6_MINHOPCOUNT
#undef TCP_CONGESTION
#undef TCP_FASTOPEN
#undef TCP_KEEPIDLE
#undef TCP_KEEPINTVL
#undef TCP_KEEPCNT

struct tcp_info {  // the fields that are used, not the layout
  uint8_t tcpi_state, tcpi_options;
  uint32_t tcpi_rto, tcpi_snd_mss, tcpi_rcv_mss, tcpi_last_data_recv, tcpi_rtt, tcpi_rttvar, tcpi_snd_ssthresh;
  uint32_t tcpi_snd_cwnd, tcpi_rcv_space, tcpi_snd_wnd, tcpi_snd_nxt, tcpi_rcv_nxt, tcpi_snd_rexmitpack;
  uint32_t tcpi_rcv_ooopack, tcpi_snd_zerowin;
};

#if defined(CHECK_BSD_FREEBSD) || defined(CHECK_BSD_DRAGONFLY)
#define LOCAL_PEERCRED 1
struct xucred {
  uid_t cr_uid;
  gid_t cr_gid;
  pid_t cr_pid;
};
#define SO_NOSIGPIPE 0x0800
#define IP_MINTTL 66
#define TCP_NOPUSH 4
#define TCP_NOOPT 8
#define TCP_KEEPINIT 128
#define TCP_KEEPIDLE 256
#define TCP_KEEPINTVL 512
#define TCP_KEEPCNT 1024
#elif defined(CHECK_BSD_NETBSD)
#define LOCAL_PEEREID 3
struct unpcbid {
  pid_t unp_pid;
  uid_t unp_euid;
  gid_t unp_egid;
};
#define SO_NOSIGPIPE 0x0800
#define TCP_KEEPIDLE 3
#define TCP_KEEPINTVL 5
#define TCP_KEEPCNT 6
#define TCP_KEEPINIT 7
#else
#define SO_PEERCRED 0x1022
struct sockpeercred {
  uid_t uid;
  gid_t gid;
  pid_t pid;
};
#define SO_BINDANY 0x1000
#define IP_MINTTL 32
#define IPV6_MINHOPCOUNT 65
#define TCP_NOPUSH 0x10
#endif

#if defined(CHECK_BSD_FREEBSD)
#define FIONWRITE 0x40046677
#define SO_DOMAIN 0x1019
#define SO_PROTOCOL 0x1016
#define SO_LISTENQLIMIT 0x1011
#define SO_LISTENQLEN 0x1012
#define SO_LISTENINCQLEN 0x1013
#define IP_BINDANY 24
#define TCP_CONGESTION 64
#define TCP_FASTOPEN 1025
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
