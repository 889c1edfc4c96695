// Names that the headers of mingw-w64 lack and those of Microsoft's SDK have (ws2ipdef.h). Where the compiler's own
// headers have them, as with Visual Studio, the numbers here are compared with theirs.
#pragma once

#include "windows.h"

namespace socket_linger::sys::sdk {

constexpr int kKeepAlive = 3;  // seconds, in spite of its name; TCP_KEEPIDLE since Windows 10 1709
constexpr int kMaxRetransmission = 5;
constexpr int kMaxRetransmissionMs = 14;
constexpr int kFastOpen = 15;
constexpr int kKeepCount = 16;
constexpr int kKeepInterval = 17;

#ifdef TCP_KEEPIDLE
static_assert(kKeepAlive == TCP_KEEPIDLE);
#endif
#ifdef TCP_MAXRT
static_assert(kMaxRetransmission == TCP_MAXRT);
#endif
#ifdef TCP_MAXRTMS
static_assert(kMaxRetransmissionMs == TCP_MAXRTMS);
#endif
#ifdef TCP_FASTOPEN
static_assert(kFastOpen == TCP_FASTOPEN);
#endif
#ifdef TCP_KEEPCNT
static_assert(kKeepCount == TCP_KEEPCNT);
#endif
#ifdef TCP_KEEPINTVL
static_assert(kKeepInterval == TCP_KEEPINTVL);
#endif

}  // namespace socket_linger::sys::sdk
