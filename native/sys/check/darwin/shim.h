// For scripts/check-sys.sh only: what darwin.cc needs and glibc lacks, and glibc without what macOS lacks.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>

#undef SO_PROTOCOL
#undef SO_DOMAIN
#undef TCP_INFO  // in netinet/tcp_private.h, which no SDK has

#undef TCP_KEEPIDLE
#undef IP_MINTTL

#define SO_NREAD 0x1020
#define SO_NOSIGPIPE 0x1022
#define SO_NWRITE 0x1024
#define SO_LINGER_SEC 0x1080
#define SO_NET_SERVICE_TYPE 0x1116
#define SOL_LOCAL 0
#define LOCAL_PEERCRED 1
#define LOCAL_PEERPID 2
#define IP_BOUND_IF 25
#define IPV6_BOUND_IF 125
#define TCP_NOPUSH 0x04
#define TCP_NOOPT 0x08
#define TCP_KEEPALIVE 0x10
#define TCP_CONNECTIONTIMEOUT 0x20
#define PERSIST_TIMEOUT 0x40
#define TCP_RXT_CONNDROPTIME 0x80
#define TCP_RXT_FINDROP 0x100
#define TCP_SENDMOREACKS 0x103
#define TCP_ENABLE_ECN 0x104
#ifndef TCP_NOTSENT_LOWAT  // before glibc 2.33
#define TCP_NOTSENT_LOWAT 0x201
#endif
#define TCP_CONNECTION_INFO 0x106

#define TCPCI_OPT_TIMESTAMPS 1
#define TCPCI_OPT_SACK 2
#define TCPCI_OPT_WSCALE 4
#define TCPCI_OPT_ECN 8
#define TCPCI_FLAG_LOSSRECOVERY 1
#define TCPCI_FLAG_REORDERING_DETECTED 2

struct xucred {
  uid_t cr_uid;
  gid_t cr_groups[16];
};
#define cr_gid cr_groups[0]

struct tcp_connection_info {  // the fields that are used, not the layout
  uint8_t tcpi_state, tcpi_snd_wscale, tcpi_rcv_wscale;
  uint32_t tcpi_options, tcpi_flags, tcpi_rto, tcpi_maxseg, tcpi_snd_ssthresh, tcpi_snd_cwnd, tcpi_snd_wnd;
  uint32_t tcpi_snd_sbbytes, tcpi_rcv_wnd, tcpi_rttcur, tcpi_srtt, tcpi_rttvar;
  uint64_t tcpi_txpackets, tcpi_txbytes, tcpi_txretransmitbytes, tcpi_rxpackets, tcpi_rxbytes, tcpi_rxoutoforderbytes;
  uint64_t tcpi_txretransmitpackets;
};
