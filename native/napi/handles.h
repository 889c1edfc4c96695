// Descriptors that Node does not show (Windows). Elsewhere no libuv symbol is used: other runtimes have none.
#pragma once

#include <napi.h>

namespace socket_linger {

// (toggle): the descriptor of the one handle that toggle() refs or unrefs, -1: of none. null where Node shows them itself.
Napi::Value MakeFindDescriptor(Napi::Env);

}  // namespace socket_linger
