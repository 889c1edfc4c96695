#include "handles.h"

#include "../core/handles.h"
#include "errors.h"

namespace socket_linger {
namespace {

Napi::Value FindDescriptor(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsFunction()) return ThrowArgumentType(env, "toggle", "a function");
  uv_loop_s* loop = nullptr;
  // Never the default loop: a worker has one of its own.
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return Napi::Number::New(env, -1);
  sys::Descriptor descriptor = -1;
  const auto toggle = info[0].As<Napi::Function>();
  const int error = sys::FindToggled(loop, [&toggle] { toggle.Call({}); }, &descriptor);
  if (env.IsExceptionPending()) return {};
  return Napi::Number::New(env, error == 0 ? static_cast<double>(descriptor) : -1);
}

}  // namespace

Napi::Value MakeFindDescriptor(Napi::Env env) { return Napi::Function::New<FindDescriptor>(env, "findDescriptor"); }

}  // namespace socket_linger
