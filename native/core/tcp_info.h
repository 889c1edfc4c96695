// What the kernel tells of a TCP connection (TCP_INFO and its relatives): where each field is in the bytes that it returns.
#pragma once

#include <cstddef>
#include <cstdint>

namespace socket_linger {

// What a field is in JavaScript.
enum class TcpInfoKind : uint8_t {
  kNumber,
  kLimit,    // a number; null where all bits are set: no limit, or not known yet
  kBigInt,   // may pass 2^53
  kBoolean,
  kState,    // the system's number of a state; ToTcpState() knows it
  kName,     // one of `names`, by its number
  kFlags,    // those of `names` whose bit is set, the lowest bit first
};

// An unsigned number of `size` bytes at `offset`, in the machine's byte order; a field of a C structure.
struct TcpInfoField {
  const char* name;  // the key of lib/tcp-info-fields.ts
  TcpInfoKind kind;
  uint16_t offset;
  uint8_t size;
  uint8_t shift = 0;  // a bit field: where it begins, counted from the lowest bit, and its width; 0: all of it
  uint8_t bits = 0;
  uint16_t factor = 1;  // 1000: the system counts milliseconds, the name says microseconds
  // The field means something only where the kernel returns so many bytes: bits that were padding before.
  uint16_t needs = 0;
  const char* const* names = nullptr;  // ends with nullptr
};

struct TcpInfoFields {
  const TcpInfoField* fields;  // in the system's order
  size_t count;
};

}  // namespace socket_linger
