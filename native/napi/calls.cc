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

Napi::Value GetOption(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  const OptionRow* row;
  if (!ToDescriptor(info[0], &descriptor) || !ToOptionRow(info[1], &row)) return {};
  OptionValue value;
  const int error = sys::GetOption(descriptor, *row, &value);
  if (error != 0) return ThrowSystemError(info.Env(), error, "getsockopt");
  switch (row->kind) {
    case OptionKind::kBoolean:
      return Napi::Boolean::New(info.Env(), value.on);
    case OptionKind::kLinger:
      if (!value.on) return info.Env().Null();
      return Napi::Number::New(info.Env(), static_cast<double>(value.number));
  }
  return {};
}

Napi::Value SetOption(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  const OptionRow* row;
  OptionValue value;
  if (!ToDescriptor(info[0], &descriptor) || !ToOptionRow(info[1], &row) ||
      !ToOptionValue(info[2], *row, &value)) {
    return {};
  }
  return Done(info.Env(), sys::SetOption(descriptor, *row, value), "setsockopt");
}

Napi::Value Shutdown(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  sys::How how;
  if (!ToDescriptor(info[0], &descriptor) || !ToHow(info[1], &how)) return {};
  return Done(info.Env(), sys::Shutdown(descriptor, how), "shutdown");
}

Napi::Value ReadQueues(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  bool fin_queued = false;
  double* numbers;
  if (!ToDescriptor(info[0], &descriptor)) return {};
  if (napi_get_value_bool(info.Env(), info[1], &fin_queued) != napi_ok) {
    return ThrowArgumentType(info.Env(), "finQueued", "a boolean");
  }
  if (!ToResultArray(info[2], 4, &numbers)) return {};
  sys::Queues queues;
  const int error = sys::ReadQueues(descriptor, fin_queued, &queues);
  if (error != 0) return ThrowSystemError(info.Env(), error, "ioctl");
  numbers[0] = static_cast<double>(queues.unread);
  numbers[1] = static_cast<double>(queues.unacked);
  numbers[2] = static_cast<double>(queues.unsent);
  numbers[3] = queues.fin_unacked ? 1 : 0;
  return info.Env().Undefined();
}

Napi::Value ReadTcpState(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  if (!ToDescriptor(info[0], &descriptor)) return {};
  sys::TcpState state = sys::TcpState::kUnknown;
  const int error = sys::ReadTcpState(descriptor, &state);
  if (error != 0) return ThrowSystemError(info.Env(), error, "getsockopt");
  return Napi::Number::New(info.Env(), static_cast<int>(state));
}

Napi::Value TakeError(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  if (!ToDescriptor(info[0], &descriptor)) return {};
  int taken = 0;
  const int error = sys::TakeError(descriptor, &taken);
  if (error != 0) return ThrowSystemError(info.Env(), error, "getsockopt");
  return Napi::Number::New(info.Env(), taken);
}

Napi::Value Discard(const Napi::CallbackInfo& info) {
  sys::Descriptor descriptor;
  uint64_t limit;
  double* numbers;
  if (!ToDescriptor(info[0], &descriptor) || !ToByteCount(info[1], &limit) ||
      !ToResultArray(info[2], 3, &numbers)) {
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

Napi::Value MakeError(const Napi::CallbackInfo& info) {
  uint64_t error;
  if (!info[1].IsString()) return ThrowArgumentType(info.Env(), "syscall", "a string");
  if (!ToByteCount(info[0], &error)) return {};
  const std::string syscall = info[1].As<Napi::String>();
  const int number = error > INT_MAX ? INT_MAX : static_cast<int>(error);
  return MakeSystemError(info.Env(), number, syscall.c_str()).Value();
}

}  // namespace socket_linger
