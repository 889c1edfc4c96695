// One pair of native functions per option row. A getter costs little more than its system call: an index to look up
// and Napi::CallbackInfo would add a fifth to it, so these are plain Node-API callbacks.
#pragma once

#include <napi.h>

namespace socket_linger {

// [{ name, min, max, get(descriptor): value, set(descriptor, value) }, ...] for what this system has, without `get`
// or `set` where that can't be done
Napi::Array DescribeOptions(Napi::Env);

}  // namespace socket_linger
