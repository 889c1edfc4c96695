#include "tcp_info.h"

#include "../core/sys.h"
#include "arguments.h"
#include "errors.h"

namespace socket_linger {
namespace {

// The order of TcpInfoKind.
constexpr const char* kKinds[] = {"number", "limit", "bigint", "boolean", "state", "name", "flags"};

Napi::Object DescribeField(Napi::Env env, const TcpInfoField& field) {
  auto object = Napi::Object::New(env);
  object["name"] = Napi::String::New(env, field.name);
  object["kind"] = Napi::String::New(env, kKinds[static_cast<size_t>(field.kind)]);
  object["offset"] = Napi::Number::New(env, field.offset);
  object["size"] = Napi::Number::New(env, field.size);
  object["shift"] = Napi::Number::New(env, field.shift);
  object["bits"] = Napi::Number::New(env, field.bits == 0 ? field.size * 8 : field.bits);
  object["factor"] = Napi::Number::New(env, field.factor);
  const int end = field.offset + field.size;
  object["needs"] = Napi::Number::New(env, field.needs > end ? field.needs : end);
  auto names = Napi::Array::New(env);
  uint32_t count = 0;
  if (field.names != nullptr) {
    for (const char* const* name = field.names; *name != nullptr; ++name) names[count++] = Napi::String::New(env, *name);
  }
  object["names"] = names;
  return object;
}

napi_value ReadTcpInfo(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  sys::Descriptor descriptor;
  uint8_t* bytes;
  size_t length;
  if (!ToDescriptor(env, arguments[0], &descriptor) || !ToBytes(env, arguments[1], &bytes, &length)) return nullptr;
  const int error = sys::ReadTcpInfo(descriptor, bytes, &length);
  if (error != 0) return ThrowSystemError(env, error, "getsockopt");
  napi_value result = nullptr;
  napi_create_uint32(env, static_cast<uint32_t>(length), &result);
  return result;
}

}  // namespace

Napi::Value DescribeTcpInfo(const Napi::CallbackInfo& info) {
  const TcpInfoFields described = sys::DescribeTcpInfo();
  auto fields = Napi::Array::New(info.Env());
  for (uint32_t index = 0; index < described.count; ++index) fields[index] = DescribeField(info.Env(), described.fields[index]);
  return fields;
}

Napi::Value ToTcpState(const Napi::CallbackInfo& info) {
  int number;
  if (!ToInt(info.Env(), info[0], "state", &number)) return {};
  return Napi::Number::New(info.Env(), static_cast<int>(sys::ToTcpState(number)));
}

Napi::Function MakeReadTcpInfo(Napi::Env env) {
  napi_value function;
  napi_create_function(env, "readTcpInfo", NAPI_AUTO_LENGTH, ReadTcpInfo, nullptr, &function);
  return {env, function};
}

}  // namespace socket_linger
