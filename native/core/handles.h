// Which SOCKET a handle of Node's has, where Node does not show it: Windows only. No OS header here, and no Node-API.
#pragma once

#include <functional>

#include "sys.h"

struct uv_loop_s;

namespace socket_linger::sys {

// `toggle` changes whether the one handle that is meant keeps the loop alive (ref(), unref()), and nothing else: so that
// handle is known, whatever its addresses are. An error number, WSAENOTSOCK: none has changed.
int FindToggled(uv_loop_s* loop, const std::function<void()>& toggle, Descriptor*);

}  // namespace socket_linger::sys
