#include "arguments.h"

#include <climits>

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

namespace {

bool ToNumberInRange(napi_env env, napi_value value, const OptionRow& row, const char* expected, int64_t* result) {
  double number = 0;
  if (!ToNumber(env, value, &number)) {
    ThrowArgumentType(env, "value", expected);
    return false;
  }
  if (!IsWholeNumber(number, static_cast<double>(row.min), static_cast<double>(row.max))) {
    ThrowOutOfRange(env, "value", "a whole number in the option's range");
    return false;
  }
  *result = static_cast<int64_t>(number);
  return true;
}

bool ToText(napi_env env, napi_value value, const OptionRow& row, OptionValue* result) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) {
    ThrowArgumentType(env, "value", "a string");
    return false;
  }
  if (length < static_cast<size_t>(row.min) || length > static_cast<size_t>(row.max)) {
    ThrowOutOfRange(env, "value", "a string of a length that the option takes");
    return false;
  }
  napi_get_value_string_utf8(env, value, result->bytes, sizeof result->bytes, &result->length);
  return true;
}

}  // namespace

bool ToOptionValue(napi_env env, napi_value value, const OptionRow& row, OptionValue* result) {
  switch (row.kind) {
    case OptionKind::kBoolean:
      if (napi_get_value_bool(env, value, &result->on) == napi_ok) return true;
      ThrowArgumentType(env, "value", "a boolean");
      return false;
    case OptionKind::kInteger:
    case OptionKind::kUnsigned:
      return ToNumberInRange(env, value, row, "a number", &result->number);
    case OptionKind::kRate:
      if (Napi::Value(env, value).IsNull()) {
        result->number = -1;
        return true;
      }
      return ToNumberInRange(env, value, row, "null or a number", &result->number);
    case OptionKind::kLinger:
      result->on = !Napi::Value(env, value).IsNull();
      return !result->on || ToNumberInRange(env, value, row, "null or a number of seconds", &result->number);
    case OptionKind::kString:
      return ToText(env, value, row, result);
    case OptionKind::kBytes:
    case OptionKind::kError:
    case OptionKind::kCookie:
    case OptionKind::kCredentials:
    case OptionKind::kAddress:
      break;  // no row of these can be set
  }
  ThrowArgumentType(env, "value", "left out: the option can only be read");
  return false;
}

bool ToFlag(napi_env env, napi_value value, const char* name, bool* flag) {
  if (napi_get_value_bool(env, value, flag) == napi_ok) return true;
  ThrowArgumentType(env, name, "a boolean");
  return false;
}

bool ToInt(napi_env env, napi_value value, const char* name, int* result) {
  double number = 0;
  if (!ToNumber(env, value, &number)) {
    ThrowArgumentType(env, name, "a number");
    return false;
  }
  if (!IsWholeNumber(number, INT_MIN, INT_MAX)) {
    ThrowOutOfRange(env, name, "a whole number of 32 bits");
    return false;
  }
  *result = static_cast<int>(number);
  return true;
}

bool ToBytes(napi_env env, napi_value value, uint8_t** bytes, size_t* length) {
  napi_typedarray_type type;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    ThrowArgumentType(env, "bytes", "a Uint8Array");
    return false;
  }
  if (*length > kMostBytes) {
    ThrowOutOfRange(env, "bytes", "at most 65536 bytes");
    return false;
  }
  static uint8_t nothing[1];  // an empty array may have no memory, and nullptr would be EFAULT
  *bytes = *length == 0 ? nothing : static_cast<uint8_t*>(data);
  return true;
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
