// Systems without a file of their own: every call answers "not supported", and no option has a row.
#include <cerrno>

#include "../core/sys.h"

namespace socket_linger::sys {

OptionRows Options() { return {nullptr, 0}; }
int GetOption(Descriptor, const OptionRow&, OptionValue*) { return ENOSYS; }
int SetOption(Descriptor, const OptionRow&, const OptionValue&) { return ENOSYS; }
int GetRawOption(Descriptor, int, int, void*, size_t*) { return ENOSYS; }
int SetRawOption(Descriptor, int, int, const void*, size_t) { return ENOSYS; }
int OpenSocket(Family, Descriptor*) { return ENOSYS; }
int CloseSocket(Descriptor) { return ENOSYS; }
int Shutdown(Descriptor, How) { return ENOSYS; }
int ReadQueues(Descriptor, bool, bool, Queues*) { return ENOSYS; }
int ReadUnread(Descriptor, int64_t*) { return ENOSYS; }
int ReadTcpState(Descriptor, TcpState*) { return ENOSYS; }
TcpInfoFields DescribeTcpInfo() { return {nullptr, 0}; }
int ReadTcpInfo(Descriptor, void*, size_t*) { return ENOSYS; }
TcpState ToTcpState(int) { return TcpState::kUnknown; }
int TakeError(Descriptor, int*) { return ENOSYS; }
int Discard(Descriptor, uint64_t, Discarded*) { return ENOSYS; }
const char* ErrorName(int) { return "ENOSYS"; }
const char* ErrorText(int) { return "Function not implemented"; }
int NodeErrno(int error) { return -error; }

}  // namespace socket_linger::sys
