#include "arguments.h"

#include "errors.h"

namespace socket_linger {
namespace {

constexpr double kMaxSafeInteger = 9007199254740991;

// napi_get_value_int32 would turn NaN into 0 and wrap 2^32 around: into somebody else's descriptor.
bool IsWholeNumber(double number, double min, double max) {
  return number >= min && number <= max && number == static_cast<double>(static_cast<int64_t>(number));
}

bool ToNumber(const Napi::Value& value, double* number) {
  return napi_get_value_double(value.Env(), value, number) == napi_ok;
}

}  // namespace

bool ToDescriptor(const Napi::Value& value, sys::Descriptor* descriptor) {
  double number = 0;
  if (!ToNumber(value, &number)) {
    ThrowArgumentType(value.Env(), "descriptor", "a number");
    return false;
  }
  *descriptor = IsWholeNumber(number, 0, kMaxSafeInteger) ? static_cast<sys::Descriptor>(number) : -1;
  return true;
}

bool ToHow(const Napi::Value& value, sys::How* how) {
  double number = 0;
  if (!ToNumber(value, &number)) {
    ThrowArgumentType(value.Env(), "how", "a number");
    return false;
  }
  if (!IsWholeNumber(number, 0, 2)) {
    ThrowOutOfRange(value.Env(), "how", "0 (read), 1 (write) or 2 (both)");
    return false;
  }
  *how = static_cast<sys::How>(number);
  return true;
}

bool ToOptionRow(const Napi::Value& value, const OptionRow** row) {
  double index = 0;
  if (!ToNumber(value, &index)) {
    ThrowArgumentType(value.Env(), "option", "a number");
    return false;
  }
  const OptionRows options = sys::Options();
  if (!IsWholeNumber(index, 0, static_cast<double>(options.count) - 1)) {
    ThrowOutOfRange(value.Env(), "option", "an index into `options`");
    return false;
  }
  *row = &options.rows[static_cast<size_t>(index)];
  return true;
}

bool ToOptionValue(const Napi::Value& value, const OptionRow& row, OptionValue* result) {
  switch (row.kind) {
    case OptionKind::kBoolean:
      if (napi_get_value_bool(value.Env(), value, &result->on) == napi_ok) return true;
      ThrowArgumentType(value.Env(), "value", "a boolean");
      return false;
    case OptionKind::kLinger: {
      if (value.IsNull()) return true;  // OptionValue starts switched off
      double seconds = 0;
      if (!ToNumber(value, &seconds)) {
        ThrowArgumentType(value.Env(), "value", "null or a number of seconds");
        return false;
      }
      if (!IsWholeNumber(seconds, 0, static_cast<double>(row.max))) {
        ThrowOutOfRange(value.Env(), "value", "whole seconds up to the option's maximum");
        return false;
      }
      result->on = true;
      result->number = static_cast<int64_t>(seconds);
      return true;
    }
  }
  return false;
}

bool ToByteCount(const Napi::Value& value, uint64_t* bytes) {
  double number = 0;
  if (!ToNumber(value, &number)) {
    ThrowArgumentType(value.Env(), "limit", "a number");
    return false;
  }
  if (!IsWholeNumber(number, 0, kMaxSafeInteger)) {
    ThrowOutOfRange(value.Env(), "limit", "a whole number of bytes");
    return false;
  }
  *bytes = static_cast<uint64_t>(number);
  return true;
}

bool ToResultArray(const Napi::Value& value, size_t length, double** numbers) {
  napi_typedarray_type type;
  size_t found = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(value.Env(), value, &type, &found, &data, nullptr, nullptr) != napi_ok ||
      type != napi_float64_array || found < length) {
    ThrowArgumentType(value.Env(), "result", "a Float64Array that is long enough");
    return false;
  }
  *numbers = static_cast<double*>(data);
  return true;
}

}  // namespace socket_linger
