// As much of Node-API as the addon calls, without Node: values are plain structures that the fuzzer makes, so that the
// addon's own handling of arguments runs under a coverage-guided fuzzer. Stricter than Node where that finds mistakes:
// whoever throws while an exception is pending, or uses what is no value, is stopped.
#pragma once

#include <node_api.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

struct napi_value__ {
  napi_valuetype type = napi_undefined;
  double number = 0;  // booleans too
  std::string text;   // strings; of a function its name
  std::map<std::string, napi_value> properties;
  bool is_typed_array = false;
  napi_typedarray_type array_type = napi_uint8_array;
  std::shared_ptr<uint8_t> memory;  // of exactly `bytes` bytes, so that AddressSanitizer sees one more
  size_t bytes = 0;
  size_t length = 0;  // of a typed array: elements
  napi_callback callback = nullptr;
  void* data = nullptr;
};

struct napi_threadsafe_function__ {
  std::mutex mutex;
  bool is_called = false;
  napi_value callback = nullptr;
  void* context = nullptr;
  napi_threadsafe_function_call_js call_js = nullptr;
  napi_finalize finalize = nullptr;
  void* finalize_data = nullptr;
};

// One JavaScript environment, from the addon's loading to its end.
struct napi_env__ {
  napi_env__() = default;
  napi_env__(const napi_env__&) = delete;
  ~napi_env__();  // as a worker's is torn down

  napi_value New(napi_valuetype type = napi_undefined);
  napi_value NewNumber(double number);
  napi_value NewText(const std::string& text, napi_valuetype type = napi_string);
  napi_value NewTypedArray(napi_typedarray_type type, size_t length);

  // A call from JavaScript. What it throws is in `exception`, which is the caller's to reset.
  napi_value Call(napi_value function, std::vector<napi_value> arguments);

  // A turn of the event loop: what the engine's thread has to tell.
  void Turn();

  napi_value exception = nullptr;
  std::function<void(const std::vector<napi_value>&)> on_call;  // a function of JavaScript is called

  std::vector<std::unique_ptr<napi_value__>> values;
  std::vector<std::pair<void (*)(void*), void*>> cleanup_hooks;
  std::unique_ptr<napi_threadsafe_function__> verdicts;
  std::function<void()> finalize_instance_data;
  void* instance_data = nullptr;
};

// What the addon exports: NODE_API_MODULE's function.
extern "C" napi_value napi_register_module_v1(napi_env, napi_value exports);
