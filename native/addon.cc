// What JavaScript sees: one table. lib/native.ts is its other half.
#include <napi.h>

#include "core/sys.h"
#include "linger/engine.h"
#include "napi/calls.h"
#include "napi/handles.h"
#include "napi/linger.h"
#include "napi/options.h"
#include "napi/queues.h"
#include "napi/tcp_info.h"

namespace socket_linger {
namespace {

// The order of sys::TcpState; the last one, kUnknown, is null in JavaScript.
constexpr const char* kTcpStates[] = {
    "ESTABLISHED", "SYN_SENT",   "SYN_RECEIVED", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
    "CLOSED",      "CLOSE_WAIT", "LAST_ACK",     "LISTEN",    "CLOSING"};

Napi::Array DescribeTcpStates(Napi::Env env) {
  auto names = Napi::Array::New(env);
  uint32_t index = 0;
  for (const char* name : kTcpStates) names[index++] = Napi::String::New(env, name);
  names[index] = env.Null();
  return names;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports["options"] = DescribeOptions(env);
  exports["tcpStates"] = DescribeTcpStates(env);
  exports["getRawOption"] = Napi::Function::New<GetRawOption>(env, "getRawOption");
  exports["setRawOption"] = Napi::Function::New<SetRawOption>(env, "setRawOption");
  exports["openSocket"] = Napi::Function::New<OpenSocket>(env, "openSocket");
  exports["closeSocket"] = Napi::Function::New<CloseSocket>(env, "closeSocket");
  exports["findDescriptors"] = MakeFindDescriptors(env);
  exports["shutdown"] = Napi::Function::New<Shutdown>(env, "shutdown");
  exports["readQueues"] = MakeReadQueues(env);
  exports["readUnread"] = MakeReadUnread(env);
  exports["readTcpState"] = Napi::Function::New<ReadTcpState>(env, "readTcpState");
  exports["describeTcpInfo"] = Napi::Function::New<DescribeTcpInfo>(env, "describeTcpInfo");
  exports["readTcpInfo"] = MakeReadTcpInfo(env);
  exports["toTcpState"] = Napi::Function::New<ToTcpState>(env, "toTcpState");
  exports["takeError"] = Napi::Function::New<TakeError>(env, "takeError");
  exports["discard"] = Napi::Function::New<Discard>(env, "discard");
  exports["makeError"] = Napi::Function::New<MakeError>(env, "makeError");
  exports["hasLingerEngine"] = Napi::Boolean::New(env, linger::IsAvailable());
  exports["listenForVerdicts"] = Napi::Function::New<ListenForVerdicts>(env, "listenForVerdicts");
  exports["startLinger"] = Napi::Function::New<StartLinger>(env, "startLinger");
  exports["stopLinger"] = Napi::Function::New<StopLinger>(env, "stopLinger");
  exports["readLingerStats"] = Napi::Function::New<ReadLingerStats>(env, "readLingerStats");
  exports["releaseReference"] = Napi::Function::New<ReleaseReference>(env, "releaseReference");
  return exports;
}

}  // namespace
}  // namespace socket_linger

Napi::Object InitSocketLinger(Napi::Env env, Napi::Object exports) {
  return socket_linger::Init(env, exports);
}

NODE_API_MODULE(socket_linger, InitSocketLinger)
