// JavaScript arguments -> core types. Each function throws and answers false for what it can't take, so
// that whatever JavaScript passes ends in an error.
#pragma once

#include <napi.h>

#include "../core/option.h"
#include "../core/sys.h"

namespace socket_linger {

// Any number is taken: one that can't be a descriptor becomes -1, for which the system answers EBADF.
bool ToDescriptor(napi_env, napi_value, sys::Descriptor*);

bool ToHow(napi_env, napi_value, sys::How*);

bool ToOptionValue(napi_env, napi_value, const OptionRow&, OptionValue*);

// `name` is what the argument is called in the error.
bool ToFlag(napi_env, napi_value, const char* name, bool*);

// A whole number that fits; `name` is what the argument is called in the error.
bool ToInt(napi_env, napi_value, const char* name, int*);

// The memory of a Uint8Array, of at most kMostBytes.
constexpr size_t kMostBytes = 65536;
bool ToBytes(napi_env, napi_value, uint8_t**, size_t* length);

// A whole number of bytes, 0 to 2^53.
bool ToByteCount(napi_env, napi_value, uint64_t*);

// The memory of a Float64Array of `length` or more.
bool ToNumbers(napi_env, napi_value, size_t length, double**);

}  // namespace socket_linger
