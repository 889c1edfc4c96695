// The background linger engine for JavaScript.
#pragma once

#include <napi.h>

namespace socket_linger {

// (callback): verdicts come as one call of callback(Float64Array, five numbers each) per turn of the event loop.
Napi::Value ListenForVerdicts(const Napi::CallbackInfo&);

// (descriptor, token, Float64Array of limits as lib/background.ts orders them, referenced). A referenced linger keeps
// the process alive until ReleaseReference() is called for it.
Napi::Value StartLinger(const Napi::CallbackInfo&);

// (token, reset): the verdict comes by the callback
Napi::Value StopLinger(const Napi::CallbackInfo&);

// (): [sockets, low watermarks, threads] of the whole process
Napi::Value ReadLingerStats(const Napi::CallbackInfo&);

// (): a linger that was started as referenced is over
Napi::Value ReleaseReference(const Napi::CallbackInfo&);

}  // namespace socket_linger
