// Node's symbols come from whatever program has loaded the addon, also where that is not called node.exe (Electron, a
// program with Node inside), or from the library that the program has Node in. node-gyp does the same for Visual Studio's
// linker, so this is for mingw-w64 alone.
#include <windows.h>

#include <delayimp.h>

#include <cstring>
#include <initializer_list>

namespace {

FARPROC WINAPI FindHost(unsigned notification, PDelayLoadInfo info) {
  if (notification != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
  // Node built as a library (vcbuild dll), NW.js
  for (const wchar_t* library : {L"libnode.dll", L"node.dll"}) {
    const HMODULE module = GetModuleHandleW(library);
    if (module != nullptr && GetProcAddress(module, "napi_create_function") != nullptr) return reinterpret_cast<FARPROC>(module);
  }
  return reinterpret_cast<FARPROC>(GetModuleHandleW(nullptr));
}

}  // namespace

// Delay-load helpers look for this name.
extern "C" {
PfnDliHook __pfnDliNotifyHook2 = FindHost;
}
