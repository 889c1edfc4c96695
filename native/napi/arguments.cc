#include "arguments.h"

#include "errors.h"

namespace socket_linger {
namespace {

constexpr double kMaxSafeInteger = 9007199254740991;

// napi_get_value_int32 would turn NaN into 0 and wrap 2^32 around: into somebody else's descriptor.
bool IsWholeNumber(double number, double min, double max) {
  return number >= min && number <= max && number == static_cast<double>(static_cast<int64_t>(number));
}

bool ToNumber(napi_env env, napi_value value, double* number) {
  return napi_get_value_double(env, value, number) == napi_ok;
}

}  // namespace

bool ToDescriptor(napi_env env, napi_value value, sys::Descriptor* descriptor) {
  double number = 0;
  if (!ToNumber(env, value, &number)) {
    ThrowArgumentType(env, "descriptor", "a number");
    return false;
  }
  *descriptor = IsWholeNumber(number, 0, kMaxSafeInteger) ? static_cast<sys::Descriptor>(number) : -1;
  return true;
}

bool ToHow(napi_env env, napi_value value, sys::How* how) {
  double number = 0;
  if (!ToNumber(env, value, &number)) {
    ThrowArgumentType(env, "how", "a number");
    return false;
  }
  if (!IsWholeNumber(number, 0, 2)) {
    ThrowOutOfRange(env, "how", "0 (read), 1 (write) or 2 (both)");
    return false;
  }
  *how = static_cast<sys::How>(number);
  return true;
}

bool ToOptionValue(napi_env env, napi_value value, const OptionRow& row, OptionValue* result) {
  switch (row.kind) {
    case OptionKind::kBoolean:
      if (napi_get_value_bool(env, value, &result->on) == napi_ok) return true;
      ThrowArgumentType(env, "value", "a boolean");
      return false;
    case OptionKind::kLinger: {
      double seconds = 0;
      if (!ToNumber(env, value, &seconds)) {
        if (Napi::Value(env, value).IsNull()) return true;  // OptionValue starts switched off
        ThrowArgumentType(env, "value", "null or a number of seconds");
        return false;
      }
      if (!IsWholeNumber(seconds, 0, static_cast<double>(row.max))) {
        ThrowOutOfRange(env, "value", "whole seconds up to the option's maximum");
        return false;
      }
      result->on = true;
      result->number = static_cast<int64_t>(seconds);
      return true;
    }
  }
  return false;
}

bool ToFlag(napi_env env, napi_value value, const char* name, bool* flag) {
  if (napi_get_value_bool(env, value, flag) == napi_ok) return true;
  ThrowArgumentType(env, name, "a boolean");
  return false;
}

bool ToByteCount(napi_env env, napi_value value, uint64_t* bytes) {
  double number = 0;
  if (!ToNumber(env, value, &number)) {
    ThrowArgumentType(env, "limit", "a number");
    return false;
  }
  if (!IsWholeNumber(number, 0, kMaxSafeInteger)) {
    ThrowOutOfRange(env, "limit", "a whole number of bytes");
    return false;
  }
  *bytes = static_cast<uint64_t>(number);
  return true;
}

bool ToNumbers(napi_env env, napi_value value, size_t length, double** numbers) {
  napi_typedarray_type type;
  size_t found = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &found, &data, nullptr, nullptr) != napi_ok ||
      type != napi_float64_array || found < length) {
    ThrowArgumentType(env, "numbers", "a Float64Array that is long enough");
    return false;
  }
  *numbers = static_cast<double*>(data);
  return true;
}

}  // namespace socket_linger
