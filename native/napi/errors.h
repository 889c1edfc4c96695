// Error numbers -> JavaScript errors. The only place where the addon makes them.
#pragma once

#include <napi.h>

namespace socket_linger {

// A Node-style system error: code 'EBADF', errno -9, syscall 'setsockopt'.
Napi::Error MakeSystemError(Napi::Env, int error, const char* syscall);
Napi::Value ThrowSystemError(Napi::Env, int error, const char* syscall);

// A TypeError with code ERR_INVALID_ARG_TYPE.
Napi::Value ThrowArgumentType(Napi::Env, const char* argument, const char* expected);

// A RangeError with code ERR_OUT_OF_RANGE.
Napi::Value ThrowOutOfRange(Napi::Env, const char* argument, const char* expected);

}  // namespace socket_linger
