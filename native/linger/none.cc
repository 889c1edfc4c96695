// Systems without a background engine: lib/portable-linger.ts does it all.
#include <cerrno>

#include "engine.h"

namespace socket_linger::linger {

bool IsAvailable() { return false; }
int Start(sys::Descriptor, const Limits&, Mailbox*, uint64_t) { return ENOSYS; }
void Stop(Mailbox*, uint64_t, bool) {}
void StopAll(Mailbox*) {}
Stats ReadStats() { return {}; }

}  // namespace socket_linger::linger
