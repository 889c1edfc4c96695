#include "handles.h"

#include <algorithm>

#include "../core/handles.h"
#include "arguments.h"
#include "errors.h"

namespace socket_linger {
namespace {

Napi::Value FindDescriptors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  double* numbers = nullptr;
  if (!ToNumbers(env, info[0], 0, &numbers)) return {};
  if (!info[1].IsFunction()) return ThrowArgumentType(env, "mark", "a function");
  uv_loop_s* loop = nullptr;
  std::vector<sys::Descriptor> descriptors(info[0].As<Napi::Float64Array>().ElementLength(), -1);
  // Never the default loop: a worker has one of its own.
  if (napi_get_uv_event_loop(env, &loop) == napi_ok) {
    const auto mark = info[1].As<Napi::Function>();
    sys::FindMarked(
        loop, [&](uint32_t bit) { return !mark.Call({Napi::Number::New(env, bit)}).IsEmpty(); }, &descriptors);
    if (env.IsExceptionPending()) return {};
  }
  // Asked for again, since `mark` may have done anything to the array.
  if (!ToNumbers(env, info[0], descriptors.size(), &numbers)) return {};
  std::copy(descriptors.begin(), descriptors.end(), numbers);
  return env.Undefined();
}

}  // namespace

Napi::Value MakeFindDescriptors(Napi::Env env) { return Napi::Function::New<FindDescriptors>(env, "findDescriptors"); }

}  // namespace socket_linger
