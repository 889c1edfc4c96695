// A program of musl's, to load the addon with: exits with 0 if every function that it asks for is there. The functions
// of Node-API are NAPI, a list of calls of F(name).
#include <dlfcn.h>
#include <stdio.h>

#define F(name) void name(void) {}
NAPI

int main(int count, char** names) {
  void* addon = dlopen(names[count - 1], RTLD_NOW | RTLD_LOCAL);
  if (addon == NULL || dlsym(addon, "napi_register_module_v1") == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  puts("loaded");
  return 0;
}
