#include "options.h"

#include "../core/sys.h"
#include "arguments.h"
#include "errors.h"

namespace socket_linger {
namespace {

const OptionRow& RowOf(void* data) { return *static_cast<const OptionRow*>(data); }

Napi::Value DescribeAddress(Napi::Env env, const OptionValue& value) {
  auto address = Napi::Object::New(env);
  address["address"] = Napi::String::New(env, value.bytes, value.length);
  address["family"] = Napi::String::New(env, value.on ? "IPv6" : "IPv4");
  address["port"] = Napi::Number::New(env, static_cast<double>(value.number));
  return address;
}

Napi::Value DescribeCredentials(Napi::Env env, const OptionValue& value) {
  auto credentials = Napi::Object::New(env);
  credentials["pid"] = Napi::Number::New(env, static_cast<double>(value.pid));
  credentials["uid"] = Napi::Number::New(env, static_cast<double>(value.uid));
  credentials["gid"] = Napi::Number::New(env, static_cast<double>(value.gid));
  return credentials;
}

napi_value Number(napi_env env, int64_t number) {
  napi_value result = nullptr;
  napi_create_double(env, static_cast<double>(number), &result);
  return result;
}

napi_value Null(napi_env env) {
  napi_value result = nullptr;
  napi_get_null(env, &result);
  return result;
}

napi_value FromOptionValue(napi_env env, OptionKind kind, const OptionValue& value) {
  napi_value result = nullptr;
  switch (kind) {
    case OptionKind::kBoolean:
      napi_get_boolean(env, value.on, &result);
      return result;
    case OptionKind::kInteger:
    case OptionKind::kUnsigned:
      return Number(env, value.number);
    case OptionKind::kRate:
      return value.number == -1 ? Null(env) : Number(env, value.number);
    case OptionKind::kLinger:
      return value.on ? Number(env, value.number) : Null(env);
    case OptionKind::kError:
      if (value.number == 0) return Null(env);
      return Napi::String::New(env, sys::ErrorName(static_cast<int>(value.number)));
    case OptionKind::kCookie:
      napi_create_bigint_uint64(env, static_cast<uint64_t>(value.number), &result);
      return result;
    case OptionKind::kString:
      return Napi::String::New(env, value.bytes, value.length);
    case OptionKind::kBytes:
      return Napi::Buffer<char>::Copy(env, value.bytes, value.length);
    case OptionKind::kCredentials:
      return DescribeCredentials(env, value);
    case OptionKind::kAddress:
      return DescribeAddress(env, value);
  }
  return nullptr;
}

napi_value Get(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  void* data;
  napi_get_cb_info(env, info, &count, &argument, nullptr, &data);
  const OptionRow& row = RowOf(data);
  sys::Descriptor descriptor;
  if (!ToDescriptor(env, argument, &descriptor)) return nullptr;
  OptionValue value;
  const int error = sys::GetOption(descriptor, row, &value);
  if (error != 0) return ThrowSystemError(env, error, "getsockopt");
  return FromOptionValue(env, row.kind, value);
}

napi_value Set(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  void* data;
  napi_get_cb_info(env, info, &count, arguments, nullptr, &data);
  const OptionRow& row = RowOf(data);
  sys::Descriptor descriptor;
  OptionValue value;
  if (!ToDescriptor(env, arguments[0], &descriptor) || !ToOptionValue(env, arguments[1], row, &value)) return nullptr;
  const int error = sys::SetOption(descriptor, row, value);
  if (error != 0) return ThrowSystemError(env, error, "setsockopt");
  return nullptr;
}

Napi::Value MakeFunction(Napi::Env env, const char* name, napi_callback callback, const OptionRow& row) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<OptionRow*>(&row), &function);
  return {env, function};
}

}  // namespace

Napi::Array DescribeOptions(Napi::Env env) {
  const OptionRows options = sys::Options();
  auto rows = Napi::Array::New(env);
  for (uint32_t index = 0; index < options.count; ++index) {
    const OptionRow& option = options.rows[index];
    auto row = Napi::Object::New(env);
    row["name"] = Napi::String::New(env, option.name);
    row["min"] = Napi::Number::New(env, static_cast<double>(option.min));
    row["max"] = Napi::Number::New(env, static_cast<double>(option.max));
    if (option.access != OptionAccess::kWrite) row["get"] = MakeFunction(env, "get", Get, option);
    if (option.access != OptionAccess::kRead) row["set"] = MakeFunction(env, "set", Set, option);
    rows[index] = row;
  }
  return rows;
}

}  // namespace socket_linger
