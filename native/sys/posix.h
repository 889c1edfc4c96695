// Shared by the POSIX files in this folder, not part of the contract.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>

#include "../core/sys.h"

namespace socket_linger::sys {

// -1 for what cannot be a descriptor, so that the next system call answers EBADF.
int ToFd(Descriptor);

// errno if a call answered other than 0.
int LastError(int result);

int SocketType(int fd, int* type);

// The socket(2) of every OpenSocket. `flags` are those that the system takes with the type.
int OpenSocketWith(Family, int flags, Descriptor*);

// The option's value as an address.
int GetAddress(int fd, const OptionRow&, OptionValue*);

// Each system's own. The unit: how many bytes it means by 1 in the length of an option that is read.
size_t OptionUnit(int level, int option);
int GetCredentials(int fd, const OptionRow&, OptionValue*);

// Each system's own: the name of an error that the others don't have; else libuv's for that case, "UNKNOWN".
const char* OwnErrorName(int error);

// The loop of every Discard: recv() with `flags` into `buffer` until the input ends or `limit` is reached.
void DiscardWith(int fd, uint64_t limit, void* buffer, size_t size, int flags, Discarded*);

// The whole of Discard where the kernel can't drop bytes by itself.
int DiscardByCopying(int fd, uint64_t limit, Discarded*);

}  // namespace socket_linger::sys
