#include "options.h"

#include "../core/sys.h"
#include "arguments.h"
#include "errors.h"

namespace socket_linger {
namespace {

const OptionRow& RowOf(void* data) { return *static_cast<const OptionRow*>(data); }

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
  napi_value result = nullptr;
  switch (row.kind) {
    case OptionKind::kBoolean:
      napi_get_boolean(env, value.on, &result);
      break;
    case OptionKind::kLinger:
      if (value.on) {
        napi_create_double(env, static_cast<double>(value.number), &result);
      } else {
        napi_get_null(env, &result);
      }
      break;
  }
  return result;
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
    row["max"] = Napi::Number::New(env, static_cast<double>(option.max));
    row["get"] = MakeFunction(env, "get", Get, option);
    row["set"] = MakeFunction(env, "set", Set, option);
    rows[index] = row;
  }
  return rows;
}

}  // namespace socket_linger
