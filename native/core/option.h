// What a socket option is to every part of the addon: a row of data.
#pragma once

#include <cstddef>
#include <cstdint>

namespace socket_linger {

// How an option's value travels between JavaScript and the kernel.
enum class OptionKind : uint8_t {
  kBoolean,  // int in the kernel, boolean in JavaScript
  kLinger,   // struct linger; null (off) or seconds in JavaScript
};

// One row per option that a system has. An option that a system lacks has no row there.
struct OptionRow {
  const char* name;  // the key of lib/options.ts
  int level;
  int option;
  OptionKind kind;
  int64_t max;  // the largest number that the kernel stores unchanged; 0 for booleans
};

struct OptionRows {
  const OptionRow* rows;
  size_t count;
};

struct OptionValue {
  bool on = false;     // kBoolean, and whether kLinger is switched on
  int64_t number = 0;  // kLinger: seconds
};

}  // namespace socket_linger
