// TCP_INFO for JavaScript: the bytes as the kernel returns them, and what is where in them. lib/tcp-info.ts decodes.
#pragma once

#include <napi.h>

namespace socket_linger {

Napi::Value DescribeTcpInfo(const Napi::CallbackInfo&);  // (): [{ name, kind, offset, size, ... }]
Napi::Value ToTcpState(const Napi::CallbackInfo&);       // (the system's number): index into `tcpStates`

// (descriptor, Uint8Array to fill): how many bytes the kernel returned, 0: not TCP. Made by hand, which is cheaper.
Napi::Function MakeReadTcpInfo(Napi::Env);

}  // namespace socket_linger
