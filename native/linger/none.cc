// Systems without a background engine: lib/portable-linger.ts does it all.
#include <cerrno>

#include "engine.h"

namespace socket_linger::linger {

bool IsAvailable() { return false; }
int Start(sys::Descriptor, const Limits&, Mailbox*, uint64_t) { return ENOSYS; }
bool Stop(Mailbox*, uint64_t, bool, Verdict*) { return false; }
void StopAll(Mailbox*) {}
Stats ReadStats() { return {}; }

}  // namespace socket_linger::linger
