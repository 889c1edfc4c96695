// One function per native call: arguments -> sys -> result or error.
#pragma once

#include <napi.h>

namespace socket_linger {

Napi::Value GetRawOption(const Napi::CallbackInfo&);  // (descriptor, level, option, Uint8Array to fill): length
Napi::Value SetRawOption(const Napi::CallbackInfo&);  // (descriptor, level, option, Uint8Array)
Napi::Value OpenSocket(const Napi::CallbackInfo&);    // (isIPv6): descriptor
Napi::Value CloseSocket(const Napi::CallbackInfo&);   // (descriptor)
Napi::Value Shutdown(const Napi::CallbackInfo&);      // (descriptor, how)
Napi::Value ReadTcpState(const Napi::CallbackInfo&);  // (descriptor): index into `tcpStates`
Napi::Value TakeError(const Napi::CallbackInfo&);     // (descriptor): SO_ERROR's number, 0 if there is none
Napi::Value Discard(const Napi::CallbackInfo&);       // (descriptor, limit, [bytes, inputEnd, errno])
Napi::Value MakeError(const Napi::CallbackInfo&);     // (errno of a Discard, syscall): an Error, not thrown

}  // namespace socket_linger
