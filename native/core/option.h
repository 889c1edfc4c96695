// What a socket option is to every part of the addon: a row of data.
#pragma once

#include <cstddef>
#include <cstdint>

namespace socket_linger {

// How an option's value travels between JavaScript and the kernel.
enum class OptionKind : uint8_t {
  kBoolean,      // int in the kernel, boolean in JavaScript
  kInteger,      // int
  kUnsigned,     // unsigned int
  kRate,         // 64 bits; null in JavaScript where all are set: no limit
  kCookie,       // 64 bits, a bigint in JavaScript
  kString,       // bytes to the first 0, or all of them
  kBytes,        // whatever there is
  kError,        // int, an error number; a code such as 'ECONNRESET' or null in JavaScript
  kLinger,       // struct linger; null (off) or seconds in JavaScript
  kCredentials,  // { pid, uid, gid }
  kAddress,      // { address, family, port }
};

enum class OptionAccess : uint8_t { kReadWrite, kRead, kWrite };

// One row per option that a system has. An option that a system lacks has no row there.
struct OptionRow {
  const char* name;  // the key of lib/options.ts
  int level;
  int option;
  OptionKind kind;
  OptionAccess access = OptionAccess::kReadWrite;
  // Of numbers: what the kernel takes as it is. Of strings: max is the longest, in bytes.
  int64_t min = 0;
  int64_t max = 0;
};

struct OptionRows {
  const OptionRow* rows;
  size_t count;
};

struct OptionValue {
  static constexpr size_t kMaxBytes = 1024;

  bool on = false;     // kBoolean; whether kLinger is switched on; whether kAddress is IPv6
  int64_t number = 0;  // kInteger, kUnsigned, kError; kRate and kCookie bit by bit; kLinger: seconds; kAddress: port
  int64_t pid = 0;     // kCredentials
  int64_t uid = 0;
  int64_t gid = 0;
  size_t length = 0;  // kString, kBytes, and kAddress as text
  char bytes[kMaxBytes];
};

}  // namespace socket_linger
