// Systems where Node shows a socket's descriptor: nothing has to be found.
#include "handles.h"

namespace socket_linger {

Napi::Value MakeFindDescriptors(Napi::Env env) { return env.Null(); }

}  // namespace socket_linger
