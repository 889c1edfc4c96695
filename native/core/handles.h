// Which SOCKET a handle of Node's has, where Node does not show it: Windows only. No OS header here, and no Node-API.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sys.h"

struct uv_loop_s;

namespace socket_linger::sys {

// The handles that are meant have numbers, from 1 to the length of `descriptors`. `mark(bit)` changes, of those whose number has
// that bit, whether they keep the loop alive (ref(), unref()), and nothing else: so each of them is known, whatever its
// addresses are. `descriptors` gets number - 1's; -1: no handle has that number, or it has no SOCKET (yet). All of them are -1 if
// somebody else has marked handles too, or closed one, or `mark` has answered false.
void FindMarked(uv_loop_s* loop, const std::function<bool(uint32_t bit)>& mark, std::vector<Descriptor>* descriptors);

}  // namespace socket_linger::sys
