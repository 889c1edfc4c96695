// For scripts/check-sys.sh only: what bsd.cc needs and glibc lacks, and glibc without what a BSD lacks.
// CHECK_BSD_<NAME> selects one. The system's own macro comes last, so that glibc's headers never see it.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>  // struct tcp_info has tcpi_state, as theirs
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>

#undef SO_PROTOCOL  // NetBSD has none
#undef SO_DOMAIN

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
