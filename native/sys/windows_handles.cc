// The SOCKET of a handle: libuv's list of handles is all that leads there.
//
// To compare addresses would cost two system calls for every open socket, and would not tell two connections apart that
// have lost their peer. Whether a handle is referenced is a bit in memory.
#include "windows.h"

#include <uv.h>

#include <vector>

#include "../core/handles.h"

namespace socket_linger::sys {
namespace {

struct Seen {
  const uv_handle_t* handle;
  bool is_referenced;
};

struct Search {
  std::vector<Seen> before;
  size_t next = 0;
  const uv_handle_t* found = nullptr;
  bool is_lost = false;
};

bool IsSocket(const uv_handle_t* handle) {
  const uv_handle_type type = uv_handle_get_type(handle);
  return (type == UV_TCP || type == UV_UDP) && !uv_is_closing(handle);
}

void Note(uv_handle_t* handle, void* data) {
  if (IsSocket(handle)) static_cast<Search*>(data)->before.push_back({handle, uv_has_ref(handle) != 0});
}

// uv_walk() has an order, which it leaves as it was.
void Compare(uv_handle_t* handle, void* data) {
  if (!IsSocket(handle)) return;
  auto* search = static_cast<Search*>(data);
  const size_t index = search->next++;
  if (index >= search->before.size() || search->before[index].handle != handle) {
    search->is_lost = true;
  } else if (search->before[index].is_referenced != (uv_has_ref(handle) != 0)) {
    search->is_lost = search->is_lost || search->found != nullptr;
    search->found = handle;
  }
}

}  // namespace

int FindToggled(uv_loop_s* loop, const std::function<void()>& toggle, Descriptor* descriptor) {
  Search search;
  uv_walk(loop, Note, &search);
  toggle();
  uv_walk(loop, Compare, &search);
  if (search.is_lost || search.found == nullptr) return WSAENOTSOCK;
  uv_os_fd_t handle;
  if (uv_fileno(search.found, &handle) != 0) return WSAENOTSOCK;  // not opened yet
  *descriptor = reinterpret_cast<Descriptor>(handle);
  return 0;
}

}  // namespace socket_linger::sys
