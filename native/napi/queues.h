// Queue sizes: asked for often, so a plain Node-API callback like those of options.h.
#pragma once

#include <napi.h>

namespace socket_linger {

// (descriptor, isTcp, finQueued, Float64Array for [unread, unacked, unsent, finUnacked, sent], see lib/native.ts): several
// times cheaper than an object made here
Napi::Function MakeReadQueues(Napi::Env);

// (descriptor): bytes
Napi::Function MakeReadUnread(Napi::Env);

}  // namespace socket_linger
