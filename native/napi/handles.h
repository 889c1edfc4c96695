// Descriptors that Node does not show (Windows). Elsewhere no libuv symbol is used: other runtimes have none.
#pragma once

#include <napi.h>

namespace socket_linger {

// (descriptors, mark), see core/handles.h. null where Node shows them itself.
Napi::Value MakeFindDescriptors(Napi::Env);

}  // namespace socket_linger
