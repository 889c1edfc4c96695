// For scripts/check-sys.sh only: what darwin.cc needs and glibc lacks, and glibc without what macOS lacks.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdint>

#undef SO_PROTOCOL
#undef SO_DOMAIN
#undef TCP_INFO  // in netinet/tcp_private.h, which no SDK has

#define SO_NREAD 0x1020
#define SO_NWRITE 0x1024
#define SO_LINGER_SEC 0x1080
#define TCP_CONNECTION_INFO 0x106

struct tcp_connection_info {  // the fields that are used, not the layout
  uint8_t tcpi_state;
};
