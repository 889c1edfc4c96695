#include "node_api.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

[[noreturn]] void Stop(const char* what) {
  fprintf(stderr, "fuzz: %s\n", what);
  abort();
}

size_t ElementSize(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    default:
      return 8;
  }
}

std::shared_ptr<uint8_t> NewMemory(size_t bytes) {
  // As in V8, an empty array has none.
  return bytes == 0 ? nullptr : std::shared_ptr<uint8_t>(new uint8_t[bytes](), std::default_delete<uint8_t[]>());
}

bool IsObject(napi_value value) { return value->type == napi_object || value->type == napi_function; }

napi_value NewError(napi_env env, napi_value code, napi_value message) {
  if (message == nullptr || message->type != napi_string) Stop("an error without a message");
  napi_value error = env->New(napi_object);
  error->properties["message"] = message;
  if (code != nullptr) error->properties["code"] = code;
  return error;
}

napi_extended_error_info last_error = {};

}  // namespace

struct napi_callback_info__ {
  std::vector<napi_value> arguments;
  void* data;
};

napi_env__::~napi_env__() {
  for (auto hook = cleanup_hooks.rbegin(); hook != cleanup_hooks.rend(); ++hook) hook->first(hook->second);
  // Node's thread-safe function has its own hook, from before those that were added after it was made.
  if (verdicts != nullptr) verdicts->finalize(this, verdicts->finalize_data, verdicts->context);
  if (finalize_instance_data) finalize_instance_data();
}

napi_value napi_env__::New(napi_valuetype type) {
  values.push_back(std::make_unique<napi_value__>());
  values.back()->type = type;
  return values.back().get();
}

napi_value napi_env__::NewNumber(double number) {
  napi_value value = New(napi_number);
  value->number = number;
  return value;
}

napi_value napi_env__::NewText(const std::string& text, napi_valuetype type) {
  napi_value value = New(type);
  value->text = text;
  return value;
}

napi_value napi_env__::NewTypedArray(napi_typedarray_type type, size_t length) {
  napi_value value = New(napi_object);
  value->is_typed_array = true;
  value->array_type = type;
  value->length = length;
  value->bytes = length * ElementSize(type);
  value->memory = NewMemory(value->bytes);
  return value;
}

napi_value napi_env__::Call(napi_value function, std::vector<napi_value> arguments) {
  napi_callback_info__ info = {std::move(arguments), function->data};
  napi_value result = function->callback(this, &info);
  return result == nullptr ? New() : result;
}

void napi_env__::Turn() {
  if (verdicts == nullptr) return;
  {
    const std::lock_guard<std::mutex> lock(verdicts->mutex);
    if (!verdicts->is_called) return;
    verdicts->is_called = false;
  }
  verdicts->call_js(this, verdicts->callback, verdicts->context, nullptr);
  exception = nullptr;  // what is thrown there is an uncaught exception
}

// Node-API. Of what can't fail with the addon's arguments the statuses are not told apart.

extern "C" {

napi_status napi_get_undefined(napi_env env, napi_value* result) {
  *result = env->New();
  return napi_ok;
}

napi_status napi_get_null(napi_env env, napi_value* result) {
  *result = env->New(napi_null);
  return napi_ok;
}

napi_status napi_get_boolean(napi_env env, bool flag, napi_value* result) {
  *result = env->New(napi_boolean);
  (*result)->number = flag;
  return napi_ok;
}

napi_status napi_create_double(napi_env env, double number, napi_value* result) {
  *result = env->NewNumber(number);
  return napi_ok;
}

napi_status napi_create_uint32(napi_env env, uint32_t number, napi_value* result) {
  return napi_create_double(env, number, result);
}

napi_status napi_create_bigint_uint64(napi_env env, uint64_t, napi_value* result) {
  *result = env->New(napi_bigint);
  return napi_ok;
}

napi_status napi_create_string_utf8(napi_env env, const char* text, size_t length, napi_value* result) {
  if (length != NAPI_AUTO_LENGTH && length > (size_t{1} << 29) - 24) return napi_generic_failure;  // V8's longest
  *result = env->NewText(length == NAPI_AUTO_LENGTH ? std::string(text) : std::string(text, length));
  return napi_ok;
}

napi_status napi_create_object(napi_env env, napi_value* result) {
  *result = env->New(napi_object);
  return napi_ok;
}

napi_status napi_create_array(napi_env env, napi_value* result) { return napi_create_object(env, result); }

napi_status napi_create_function(napi_env env, const char* name, size_t, napi_callback callback, void* data,
                                 napi_value* result) {
  *result = env->NewText(name == nullptr ? "" : name, napi_function);
  (*result)->callback = callback;
  (*result)->data = data;
  return napi_ok;
}

napi_status napi_create_arraybuffer(napi_env env, size_t bytes, void** data, napi_value* result) {
  *result = env->New(napi_object);
  (*result)->bytes = bytes;
  (*result)->memory = NewMemory(bytes);
  if (data != nullptr) *data = (*result)->memory.get();
  return napi_ok;
}

napi_status napi_get_arraybuffer_info(napi_env, napi_value buffer, void** data, size_t* bytes) {
  if (data != nullptr) *data = buffer->memory.get();
  if (bytes != nullptr) *bytes = buffer->bytes;
  return napi_ok;
}

napi_status napi_create_typedarray(napi_env env, napi_typedarray_type type, size_t length, napi_value buffer, size_t offset,
                                   napi_value* result) {
  if (offset != 0 || length * ElementSize(type) != buffer->bytes) Stop("a typed array that is not its whole buffer");
  *result = env->NewTypedArray(type, 0);
  (*result)->length = length;
  (*result)->bytes = buffer->bytes;
  (*result)->memory = buffer->memory;
  return napi_ok;
}

napi_status napi_create_buffer_copy(napi_env env, size_t length, const void* data, void** copy, napi_value* result) {
  *result = env->NewTypedArray(napi_uint8_array, length);
  if (length > 0) memcpy((*result)->memory.get(), data, length);
  if (copy != nullptr) *copy = (*result)->memory.get();
  return napi_ok;
}

napi_status napi_get_typedarray_info(napi_env, napi_value value, napi_typedarray_type* type, size_t* length, void** data,
                                     napi_value*, size_t*) {
  if (!value->is_typed_array) return napi_invalid_arg;
  if (type != nullptr) *type = value->array_type;
  if (length != nullptr) *length = value->length;
  if (data != nullptr) *data = value->memory.get();
  return napi_ok;
}

napi_status napi_typeof(napi_env, napi_value value, napi_valuetype* type) {
  *type = value->type;
  return napi_ok;
}

napi_status napi_get_value_double(napi_env, napi_value value, double* number) {
  if (value->type != napi_number) return napi_number_expected;
  *number = value->number;
  return napi_ok;
}

napi_status napi_get_value_bool(napi_env, napi_value value, bool* flag) {
  if (value->type != napi_boolean) return napi_boolean_expected;
  *flag = value->number != 0;
  return napi_ok;
}

napi_status napi_get_value_string_utf8(napi_env, napi_value value, char* buffer, size_t size, size_t* length) {
  if (value->type != napi_string) return napi_string_expected;
  if (buffer == nullptr) {
    *length = value->text.size();
    return napi_ok;
  }
  if (size == 0) return napi_ok;
  const size_t copied = value->text.size() < size - 1 ? value->text.size() : size - 1;
  memcpy(buffer, value->text.data(), copied);
  buffer[copied] = 0;
  if (length != nullptr) *length = copied;
  return napi_ok;
}

napi_status napi_set_named_property(napi_env env, napi_value object, const char* name, napi_value value) {
  if (env->exception != nullptr) return napi_pending_exception;
  if (value == nullptr) return napi_invalid_arg;
  if (!IsObject(object)) return napi_object_expected;
  object->properties[name] = value;
  return napi_ok;
}

napi_status napi_set_element(napi_env env, napi_value object, uint32_t index, napi_value value) {
  return napi_set_named_property(env, object, std::to_string(index).c_str(), value);
}

napi_status napi_has_property(napi_env, napi_value object, napi_value key, bool* result) {
  *result = object->properties.count(key->text) != 0;
  return napi_ok;
}

napi_status napi_get_property(napi_env env, napi_value object, napi_value key, napi_value* result) {
  const auto found = object->properties.find(key->text);
  *result = found == object->properties.end() ? env->New() : found->second;
  return napi_ok;
}

napi_status napi_define_properties(napi_env, napi_value, size_t, const napi_property_descriptor*) {
  Stop("an exception that is no object");
}

napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t* count, napi_value* arguments, napi_value* self,
                             void** data) {
  if (arguments != nullptr) {
    for (size_t index = 0; index < *count; ++index) {
      arguments[index] = index < info->arguments.size() ? info->arguments[index] : env->New();
    }
  }
  if (count != nullptr) *count = info->arguments.size();
  if (self != nullptr) *self = env->New();
  if (data != nullptr) *data = info->data;
  return napi_ok;
}

napi_status napi_call_function(napi_env env, napi_value, napi_value function, size_t count, const napi_value* arguments,
                               napi_value* result) {
  if (function->type != napi_function) return napi_invalid_arg;
  if (env->on_call) env->on_call({arguments, arguments + count});
  if (env->exception != nullptr) return napi_pending_exception;
  if (result != nullptr) *result = env->New();
  return napi_ok;
}

// Errors

napi_status napi_create_error(napi_env env, napi_value code, napi_value message, napi_value* result) {
  *result = NewError(env, code, message);
  return napi_ok;
}

napi_status napi_create_type_error(napi_env env, napi_value code, napi_value message, napi_value* result) {
  return napi_create_error(env, code, message, result);
}

napi_status napi_create_range_error(napi_env env, napi_value code, napi_value message, napi_value* result) {
  return napi_create_error(env, code, message, result);
}

napi_status napi_throw(napi_env env, napi_value error) {
  if (env->exception != nullptr) Stop("thrown while an exception is pending");
  env->exception = error;
  return napi_ok;
}

napi_status napi_is_exception_pending(napi_env env, bool* result) {
  *result = env->exception != nullptr;
  return napi_ok;
}

napi_status napi_get_and_clear_last_exception(napi_env env, napi_value* result) {
  *result = env->exception == nullptr ? env->New() : env->exception;
  env->exception = nullptr;
  return napi_ok;
}

napi_status napi_get_last_error_info(napi_env, const napi_extended_error_info** result) {
  *result = &last_error;
  return napi_ok;
}

void napi_fatal_error(const char*, size_t, const char* message, size_t) { Stop(message); }

// Values live as long as their environment, so references and scopes have nothing to do.

napi_status napi_create_reference(napi_env, napi_value value, uint32_t, napi_ref* result) {
  *result = reinterpret_cast<napi_ref>(value);
  return napi_ok;
}

napi_status napi_get_reference_value(napi_env, napi_ref reference, napi_value* result) {
  *result = reinterpret_cast<napi_value>(reference);
  return napi_ok;
}

napi_status napi_delete_reference(napi_env, napi_ref) { return napi_ok; }
napi_status napi_open_handle_scope(napi_env, napi_handle_scope*) { return napi_ok; }
napi_status napi_close_handle_scope(napi_env, napi_handle_scope) { return napi_ok; }
napi_status napi_open_escapable_handle_scope(napi_env, napi_escapable_handle_scope*) { return napi_ok; }
napi_status napi_close_escapable_handle_scope(napi_env, napi_escapable_handle_scope) { return napi_ok; }
napi_status napi_escape_handle(napi_env, napi_escapable_handle_scope, napi_value value, napi_value* result) {
  *result = value;
  return napi_ok;
}
napi_status napi_async_destroy(napi_env, napi_async_context) { return napi_ok; }
napi_status napi_close_callback_scope(napi_env, napi_callback_scope) { return napi_ok; }

// The environment

napi_status napi_set_instance_data(node_api_basic_env env, void* data, napi_finalize finalize, void* hint) {
  env->instance_data = data;
  env->finalize_instance_data = [=] {
    if (finalize != nullptr) finalize(env, data, hint);
  };
  return napi_ok;
}

napi_status napi_get_instance_data(node_api_basic_env env, void** data) {
  *data = env->instance_data;
  return napi_ok;
}

napi_status napi_add_env_cleanup_hook(node_api_basic_env env, void (*hook)(void*), void* argument) {
  env->cleanup_hooks.emplace_back(hook, argument);
  return napi_ok;
}

napi_status napi_create_threadsafe_function(napi_env env, napi_value callback, napi_value, napi_value, size_t, size_t,
                                            void* finalize_data, napi_finalize finalize, void* context,
                                            napi_threadsafe_function_call_js call_js, napi_threadsafe_function* result) {
  if (env->verdicts != nullptr) Stop("a second thread-safe function");
  env->verdicts = std::make_unique<napi_threadsafe_function__>();
  *result = env->verdicts.get();
  (*result)->callback = callback;
  (*result)->context = context;
  (*result)->call_js = call_js;
  (*result)->finalize = finalize;
  (*result)->finalize_data = finalize_data;
  return napi_ok;
}

napi_status napi_call_threadsafe_function(napi_threadsafe_function function, void*, napi_threadsafe_function_call_mode) {
  const std::lock_guard<std::mutex> lock(function->mutex);
  function->is_called = true;
  return napi_ok;
}

napi_status napi_ref_threadsafe_function(node_api_basic_env, napi_threadsafe_function) { return napi_ok; }
napi_status napi_unref_threadsafe_function(node_api_basic_env, napi_threadsafe_function) { return napi_ok; }

}  // extern "C"
