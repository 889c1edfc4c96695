// The SOCKETs of handles: libuv's list of handles is all that leads there.
//
// To compare addresses would cost two system calls for every open socket, and would not tell two connections apart that
// have lost their peer. Whether a handle is referenced is a bit in memory.
#include "windows.h"

#include <uv.h>

#include <vector>

#include "../core/handles.h"

namespace socket_linger::sys {
namespace {

// 16 bytes: there may be ten thousands of them.
struct Seen {
  const uv_handle_t* handle;
  uint32_t number;
  bool is_referenced;
};

struct Search {
  std::vector<Seen> seen;
  std::vector<size_t> numbered;  // places in `seen`
  size_t next = 0;
  uint32_t bit = 0;
  bool is_lost = false;
};

bool IsSocket(const uv_handle_t* handle) {
  const uv_handle_type type = uv_handle_get_type(handle);
  return (type == UV_TCP || type == UV_UDP) && !uv_is_closing(handle);
}

void Note(uv_handle_t* handle, void* data) {
  if (IsSocket(handle)) static_cast<Search*>(data)->seen.push_back({handle, 0, uv_has_ref(handle) != 0});
}

// uv_walk() has an order, which it leaves as it was.
void Compare(uv_handle_t* handle, void* data) {
  if (!IsSocket(handle)) return;
  auto* search = static_cast<Search*>(data);
  const size_t index = search->next++;
  if (index >= search->seen.size() || search->seen[index].handle != handle) {
    search->is_lost = true;
    return;
  }
  Seen& seen = search->seen[index];
  if (seen.is_referenced == (uv_has_ref(handle) != 0)) return;
  if (seen.number == 0) search->numbered.push_back(index);
  seen.number |= uint32_t{1} << search->bit;
  seen.is_referenced = !seen.is_referenced;
}

// False: the number is nobody's, or somebody else's too.
bool Take(const Seen& seen, std::vector<bool>* taken, std::vector<Descriptor>* descriptors) {
  if (seen.number > descriptors->size() || (*taken)[seen.number - 1]) return false;
  (*taken)[seen.number - 1] = true;
  uv_os_fd_t handle;
  // Otherwise it is not opened yet.
  if (uv_fileno(seen.handle, &handle) == 0) (*descriptors)[seen.number - 1] = reinterpret_cast<Descriptor>(handle);
  return true;
}

}  // namespace

void FindMarked(uv_loop_s* loop, const std::function<bool(uint32_t bit)>& mark, std::vector<Descriptor>* descriptors) {
  const size_t count = descriptors->size();
  descriptors->assign(count, -1);
  Search search;
  uv_walk(loop, Note, &search);
  for (; search.bit < 32 && count >> search.bit != 0; ++search.bit) {
    if (!mark(search.bit)) return;
    search.next = 0;
    uv_walk(loop, Compare, &search);
    if (search.is_lost || search.next != search.seen.size()) return;
  }
  std::vector<bool> taken(count);
  for (const size_t index : search.numbered) {
    if (!Take(search.seen[index], &taken, descriptors)) return descriptors->assign(count, -1);
  }
}

}  // namespace socket_linger::sys
