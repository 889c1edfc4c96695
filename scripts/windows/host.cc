// Node's symbols come from whatever program has loaded the addon, also where that is not called node.exe (Electron, a
// program with Node inside). node-gyp does the same for Visual Studio's linker, so this is for mingw-w64 alone.
#include <windows.h>

#include <delayimp.h>

#include <cstring>

namespace {

FARPROC WINAPI FindHost(unsigned notification, PDelayLoadInfo info) {
  if (notification != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
  return reinterpret_cast<FARPROC>(GetModuleHandleW(nullptr));
}

}  // namespace

// Delay-load helpers look for this name.
extern "C" {
PfnDliHook __pfnDliNotifyHook2 = FindHost;
}
