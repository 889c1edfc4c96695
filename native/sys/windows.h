// Shared by the Windows files in this folder, not part of the contract. After it come no other headers of the system:
// winsock2.h has to be the first.
#pragma once

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif

#include <winsock2.h>
#include <ws2tcpip.h>
// Behind those two
#include <mstcpip.h>

#include "../core/sys.h"

namespace socket_linger::sys {

inline SOCKET ToSocket(Descriptor descriptor) { return static_cast<SOCKET>(descriptor); }

// WSAGetLastError if a call answered other than 0.
inline int LastError(int result) { return result == 0 ? 0 : WSAGetLastError(); }

// WSAENOTSOCK for anything else.
int CheckSocket(SOCKET);

// SIO_TCP_INFO, in the newest version that this Windows knows. `length`: how many bytes there is room for, and how many
// were returned. WSAEOPNOTSUPP and its like where it does not know any (IsNoTcpInfo).
int AskTcpInfo(SOCKET, void* bytes, size_t* length);

// No answer: this Windows is older than 10 version 1703, or it is Wine, or the socket is not TCP, or not connected.
bool IsNoTcpInfo(int error);

}  // namespace socket_linger::sys
