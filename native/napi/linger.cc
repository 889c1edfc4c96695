#include "linger.h"

#include "../linger/engine.h"
#include "arguments.h"
#include "errors.h"

namespace socket_linger {
namespace {

using linger::Limits;
using linger::Verdict;

// The order of a verdict's numbers, and of the limits', is that of lib/background.ts.
constexpr size_t kVerdictNumbers = 5;
constexpr size_t kLimitNumbers = 6;

void WriteVerdict(const Verdict& verdict, double* numbers) {
  numbers[0] = static_cast<double>(verdict.token);
  numbers[1] = static_cast<double>(verdict.outcome);
  numbers[2] = static_cast<double>(verdict.unacked);
  numbers[3] = static_cast<double>(verdict.discarded);
  numbers[4] = verdict.error;
}

// One per JavaScript environment (the main thread, each worker).
class Environment final : public linger::Mailbox {
 public:
  static Environment* Open(Napi::Env env, const Napi::Function& callback) {
    auto* environment = new Environment;
    const napi_status status = napi_create_threadsafe_function(
        env, callback, nullptr, Napi::String::New(env, "socket-linger"), 0, 1, nullptr, Finalize, environment, Deliver,
        &environment->wake_);
    if (status != napi_ok) {
      delete environment;
      return nullptr;
    }
    // An idle engine keeps no process alive; lingering sockets do (Reference).
    napi_unref_threadsafe_function(env, environment->wake_);
    // Added after that of the thread-safe function, and so run before it: no verdict comes after it is gone.
    napi_add_env_cleanup_hook(env, Leave, environment);
    return environment;
  }

  void Reference(Napi::Env env) {
    if (referenced_++ == 0) napi_ref_threadsafe_function(env, wake_);
  }

  void Unreference(Napi::Env env) {
    if (referenced_ > 0 && --referenced_ == 0) napi_unref_threadsafe_function(env, wake_);
  }

 private:
  void Wake() override { napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking); }

  static void Deliver(napi_env raw, napi_value callback, void* context, void* /* data */) {
    if (raw == nullptr) return;  // the environment is being torn down
    const Napi::Env env(raw);
    const std::vector<Verdict> verdicts = static_cast<Environment*>(context)->Take();
    auto numbers = Napi::Float64Array::New(env, verdicts.size() * kVerdictNumbers);
    double* next = numbers.Data();
    for (const Verdict& verdict : verdicts) {
      WriteVerdict(verdict, next);
      next += kVerdictNumbers;
    }
    Napi::Function(env, callback).Call({numbers});
  }

  static void Leave(void* environment) { linger::StopAll(static_cast<Environment*>(environment)); }

  static void Finalize(napi_env, void* /* data */, void* environment) {
    delete static_cast<Environment*>(environment);
  }

  napi_threadsafe_function wake_ = nullptr;
  int referenced_ = 0;
};

int64_t ToNanoseconds(double milliseconds) {
  // 2^53 nanoseconds are 104 days; anything longer, and Infinity, is for ever.
  const double nanoseconds = milliseconds * 1e6;
  return nanoseconds < 9e15 ? static_cast<int64_t>(nanoseconds) : Limits::kNever;
}

uint64_t ToLimit(double bytes) { return bytes < 9e15 ? static_cast<uint64_t>(bytes) : UINT64_MAX; }

Environment* Current(Napi::Env env) { return env.GetInstanceData<Environment>(); }

void KeepInstanceData(Napi::Env, Environment*) {}  // Finalize deletes it

}  // namespace

Napi::Value ListenForVerdicts(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsFunction()) return ThrowArgumentType(env, "callback", "a function");
  if (Current(env) != nullptr) return ThrowOutOfRange(env, "callback", "given once");
  Environment* environment = Environment::Open(env, info[0].As<Napi::Function>());
  if (environment == nullptr) return {};
  env.SetInstanceData<Environment, KeepInstanceData>(environment);
  return env.Undefined();
}

Napi::Value StartLinger(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  sys::Descriptor descriptor;
  uint64_t token;
  double* numbers;
  bool referenced = true;
  if (!ToDescriptor(env, info[0], &descriptor) || !ToByteCount(env, info[1], &token) ||
      !ToNumbers(env, info[2], kLimitNumbers, &numbers) || !ToFlag(env, info[3], "referenced", &referenced)) {
    return {};
  }
  for (size_t index = 0; index < kLimitNumbers; ++index) {
    if (!(numbers[index] >= 0)) return ThrowOutOfRange(env, "limits", "0 or more");
  }
  Environment* environment = Current(env);
  if (environment == nullptr) return ThrowOutOfRange(env, "token", "used after listenForVerdicts()");
  Limits limits;
  limits.timeout_ns = ToNanoseconds(numbers[0]);
  limits.idle_timeout_ns = ToNanoseconds(numbers[1]);
  limits.idle_so_far_ns = ToNanoseconds(numbers[2] < 1e9 ? numbers[2] : 1e9);
  limits.max_bytes = ToLimit(numbers[3]);
  limits.until_acked = numbers[4] != 0;
  limits.reset_at_limit = numbers[5] != 0;
  const int error = linger::Start(descriptor, limits, environment, token);
  if (error != 0) return ThrowSystemError(env, error, "dup");
  if (referenced) environment->Reference(env);
  return env.Undefined();
}

Napi::Value StopLinger(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t token;
  bool reset = false;
  if (!ToByteCount(env, info[0], &token) || !ToFlag(env, info[1], "reset", &reset)) return {};
  if (Environment* environment = Current(env)) linger::Stop(environment, token, reset);
  return env.Undefined();
}

Napi::Value ReadLingerStats(const Napi::CallbackInfo& info) {
  const linger::Stats stats = linger::ReadStats();
  auto numbers = Napi::Float64Array::New(info.Env(), 3);
  numbers[0] = static_cast<double>(stats.sockets);
  numbers[1] = static_cast<double>(stats.watermarks);
  numbers[2] = stats.has_thread ? 1 : 0;
  return numbers;
}

Napi::Value ReleaseReference(const Napi::CallbackInfo& info) {
  if (Environment* environment = Current(info.Env())) environment->Unreference(info.Env());
  return info.Env().Undefined();
}

}  // namespace socket_linger
