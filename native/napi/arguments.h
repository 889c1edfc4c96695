// JavaScript arguments -> core types. Each function throws and answers false for what it can't take, so
// that whatever JavaScript passes ends in an error.
#pragma once

#include <napi.h>

#include "../core/option.h"
#include "../core/sys.h"

namespace socket_linger {

// Any number is taken: one that can't be a descriptor becomes -1, for which the system answers EBADF.
bool ToDescriptor(const Napi::Value&, sys::Descriptor*);

bool ToHow(const Napi::Value&, sys::How*);

// An index into sys::Options(), as `options` lists them.
bool ToOptionRow(const Napi::Value&, const OptionRow**);

bool ToOptionValue(const Napi::Value&, const OptionRow&, OptionValue*);

// A whole number of bytes, 0 to 2^53.
bool ToByteCount(const Napi::Value&, uint64_t*);

// A Float64Array of `length` or more, where a function with several results writes them: several times
// cheaper than making an object.
bool ToResultArray(const Napi::Value&, size_t length, double**);

}  // namespace socket_linger
