#include "calls.h"

#include <climits>
#include <string>

#include "../core/sys.h"
#include "arguments.h"
#include "errors.h"

namespace socket_linger {
namespace {

Napi::Value Done(Napi::Env env, int error, const char* syscall) {
  return error == 0 ? env.Undefined() : ThrowSystemError(env, error, syscall);
}

}  // namespace

namespace {

struct RawOption {
  sys::Descriptor descriptor;
  int level;
  int option;
  uint8_t* bytes;
  size_t length;
};

// (descriptor, level, option, Uint8Array)
bool ToRawOption(const Napi::CallbackInfo& info, RawOption* raw) {
  const Napi::Env env = info.Env();
  return ToDescriptor(env, info[0], &raw->descriptor) && ToInt(env, info[1], "level", &raw->level) &&
         ToInt(env, info[2], "option", &raw->option) && ToBytes(env, info[3], &raw->bytes, &raw->length);
}

}  // namespace

Napi::Value GetRawOption(const Napi::CallbackInfo& info) {
  RawOption raw;
  if (!ToRawOption(info, &raw)) return {};
  const int error = sys::GetRawOption(raw.descriptor, raw.level, raw.option, raw.bytes, &raw.length);
  if (error != 0) return ThrowSystemError(info.Env(), error, "getsockopt");
  return Napi::Number::New(info.Env(), static_cast<double>(raw.length));
}

Napi::Value SetRawOption(const Napi::CallbackInfo& info) {
  RawOption raw;
  if (!ToRawOption(info, &raw)) return {};
  return Done(info.Env(), sys::SetRawOption(raw.descriptor, raw.level, raw.option, raw.bytes, raw.length), "setsockopt");
}

Napi::Value OpenSocket(const Napi::CallbackInfo& info) {
  bool is_ipv6;
  if (!ToFlag(info.Env(), info[0], "isIPv6", &is_ipv6)) return {};
  sys::Descriptor descriptor = -1;
  const int error = sys::OpenSocket(is_ipv6 ? sys::Family::kIPv6 : sys::Family::kIPv4, &descriptor);
  if (error != 0) return ThrowSystemError(info.Env(), error, "socket");
  return Napi::Number::New(info.Env(), static_cast<double>(descriptor));
}

Napi::Value CloseSocket(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  if (!ToDescriptor(info.Env(), info[0], &descriptor)) return {};
  return Done(info.Env(), sys::CloseSocket(descriptor), "close");
}

Napi::Value Shutdown(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  sys::How how;
  if (!ToDescriptor(info.Env(), info[0], &descriptor) || !ToHow(info.Env(), info[1], &how)) return {};
  return Done(info.Env(), sys::Shutdown(descriptor, how), "shutdown");
}

Napi::Value ReadTcpState(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  if (!ToDescriptor(info.Env(), info[0], &descriptor)) return {};
  sys::TcpState state = sys::TcpState::kUnknown;
  const int error = sys::ReadTcpState(descriptor, &state);
  if (error != 0) return ThrowSystemError(info.Env(), error, "getsockopt");
  return Napi::Number::New(info.Env(), static_cast<int>(state));
}

Napi::Value TakeError(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  if (!ToDescriptor(info.Env(), info[0], &descriptor)) return {};
  int taken = 0;
  const int error = sys::TakeError(descriptor, &taken);
  if (error != 0) return ThrowSystemError(info.Env(), error, "getsockopt");
  return Napi::Number::New(info.Env(), taken);
}

Napi::Value Discard(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  uint64_t limit;
  double* numbers;
  if (!ToDescriptor(info.Env(), info[0], &descriptor) || !ToByteCount(info.Env(), info[1], &limit) ||
      !ToNumbers(info.Env(), info[2], 3, &numbers)) {
    return {};
  }
  sys::Discarded discarded;
  const int error = sys::Discard(descriptor, limit, &discarded);
  if (error != 0) return ThrowSystemError(info.Env(), error, "recv");
  numbers[0] = static_cast<double>(discarded.bytes);
  numbers[1] = static_cast<double>(discarded.end);
  numbers[2] = discarded.error;
  return info.Env().Undefined();
}

// "getsockopt" and the like.
constexpr size_t kLongestCall = 64;

Napi::Value MakeError(const Napi::CallbackInfo& info) {
  uint64_t error;
  if (!info[1].IsString()) return ThrowArgumentType(info.Env(), "syscall", "a string");
  if (!ToByteCount(info.Env(), info[0], &error)) return {};
  // A message that is longer than a string may be would be fatal.
  size_t length = 0;
  napi_get_value_string_utf8(info.Env(), info[1], nullptr, 0, &length);
  if (length > kLongestCall) return ThrowOutOfRange(info.Env(), "syscall", "the name of a system call");
  const std::string syscall = info[1].As<Napi::String>();
  const int number = error > INT_MAX ? INT_MAX : static_cast<int>(error);
  return MakeSystemError(info.Env(), number, syscall.c_str()).Value();
}

}  // namespace socket_linger
