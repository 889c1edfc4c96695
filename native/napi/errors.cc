#include "errors.h"

#include <string>

#include "../core/sys.h"

namespace socket_linger {
namespace {

Napi::Value ThrowMisuse(Napi::Env env, const Napi::Error& error, const char* code) {
  error.Set("code", Napi::String::New(env, code));
  error.ThrowAsJavaScriptException();
  return {};
}

std::string Sentence(const char* argument, const char* expected) {
  return std::string("The native argument \"") + argument + "\" must be " + expected;
}

}  // namespace

Napi::Error MakeSystemError(Napi::Env env, int error, const char* syscall) {
  const char* code = sys::ErrorName(error);
  const auto object =
      Napi::Error::New(env, std::string(code) + ": " + sys::ErrorText(error) + ", " + syscall);
  object.Set("errno", Napi::Number::New(env, sys::NodeErrno(error)));
  object.Set("code", Napi::String::New(env, code));
  object.Set("syscall", Napi::String::New(env, syscall));
  return object;
}

Napi::Value ThrowSystemError(Napi::Env env, int error, const char* syscall) {
  MakeSystemError(env, error, syscall).ThrowAsJavaScriptException();
  return {};
}

Napi::Value ThrowArgumentType(Napi::Env env, const char* argument, const char* expected) {
  return ThrowMisuse(env, Napi::TypeError::New(env, Sentence(argument, expected)), "ERR_INVALID_ARG_TYPE");
}

Napi::Value ThrowOutOfRange(Napi::Env env, const char* argument, const char* expected) {
  return ThrowMisuse(env, Napi::RangeError::New(env, Sentence(argument, expected)), "ERR_OUT_OF_RANGE");
}

}  // namespace socket_linger
