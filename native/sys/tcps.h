// The TCP states of 4.4BSD's descendants (netinet/tcp_fsm.h): darwin.cc and bsd.cc. Not Linux' numbers.
#pragma once

#include <netinet/tcp_fsm.h>

#include "../core/sys.h"

namespace socket_linger::sys {

[[maybe_unused]] static TcpState FromTcps(int state) {
  switch (state) {
    case TCPS_CLOSED: return TcpState::kClosed;
    case TCPS_LISTEN: return TcpState::kListen;
    case TCPS_SYN_SENT: return TcpState::kSynSent;
    case TCPS_SYN_RECEIVED: return TcpState::kSynReceived;
    case TCPS_ESTABLISHED: return TcpState::kEstablished;
    case TCPS_CLOSE_WAIT: return TcpState::kCloseWait;
    case TCPS_FIN_WAIT_1: return TcpState::kFinWait1;
    case TCPS_CLOSING: return TcpState::kClosing;
    case TCPS_LAST_ACK: return TcpState::kLastAck;
    case TCPS_FIN_WAIT_2: return TcpState::kFinWait2;
    case TCPS_TIME_WAIT: return TcpState::kTimeWait;
    default: return TcpState::kUnknown;
  }
}

// Nothing but the state is left of the connection: tcpi_state is the first byte on all of them.
[[maybe_unused]] static int ClosedTcpInfo(void* bytes, size_t* length) {
  *static_cast<uint8_t*>(bytes) = TCPS_CLOSED;
  *length = 1;
  return 0;
}

// Our FIN is in the send queue, which counts data only.
[[maybe_unused]] static bool IsFinUnacked(TcpState state) {
  return state == TcpState::kFinWait1 || state == TcpState::kClosing || state == TcpState::kLastAck;
}

}  // namespace socket_linger::sys
