#include "queues.h"

#include "../core/sys.h"
#include "arguments.h"
#include "errors.h"

namespace socket_linger {
namespace {

napi_value ReadQueues(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  size_t count = 4;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  sys::Descriptor descriptor;
  bool known_tcp = false;
  bool fin_queued = false;
  double* numbers;
  if (!ToDescriptor(env, arguments[0], &descriptor) || !ToFlag(env, arguments[1], "isTcp", &known_tcp) ||
      !ToFlag(env, arguments[2], "finQueued", &fin_queued) || !ToNumbers(env, arguments[3], 5, &numbers)) {
    return nullptr;
  }
  sys::Queues queues;
  const int error = sys::ReadQueues(descriptor, known_tcp, fin_queued, &queues);
  if (error != 0) return ThrowSystemError(env, error, "ioctl");
  numbers[0] = static_cast<double>(queues.unread);
  numbers[1] = static_cast<double>(queues.unacked);
  numbers[2] = static_cast<double>(queues.unsent);
  numbers[3] = queues.fin_unacked ? 1 : 0;
  numbers[4] = static_cast<double>(queues.sent);
  return nullptr;
}

napi_value ReadUnread(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  sys::Descriptor descriptor;
  if (!ToDescriptor(env, argument, &descriptor)) return nullptr;
  int64_t bytes = 0;
  const int error = sys::ReadUnread(descriptor, &bytes);
  if (error != 0) return ThrowSystemError(env, error, "ioctl");
  napi_value result = nullptr;
  napi_create_double(env, static_cast<double>(bytes), &result);
  return result;
}

Napi::Function MakeFunction(Napi::Env env, const char* name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  return {env, function};
}

}  // namespace

Napi::Function MakeReadQueues(Napi::Env env) {
  return MakeFunction(env, "readQueues", ReadQueues);
}

Napi::Function MakeReadUnread(Napi::Env env) { return MakeFunction(env, "readUnread", ReadUnread); }

}  // namespace socket_linger
