// The addon under libFuzzer: each input is one JavaScript environment, in which every exported function may be called
// with any arguments and on a descriptor in any state, while the other ends of the connections do what they like.
//
// Whatever comes: no crash, no report of a sanitizer, an error has a code, and at the end of the environment nothing is
// left of it. scripts/fuzz.sh builds and runs it.
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include <fuzzer/FuzzedDataProvider.h>

#include "../../native/core/sys.h"
#include "../../native/linger/engine.h"
#include "node_api.h"
#include "sockets.h"

namespace {

using socket_linger::OptionKind;
using socket_linger::OptionRow;
namespace sys = socket_linger::sys;

[[noreturn]] void Fail(const std::string& what) {
  fprintf(stderr, "fuzz: %s\n", what.c_str());
  abort();
}

// What a function takes, a letter for each argument:
// d descriptor, l level and o option, b Uint8Array, n Float64Array, f flag, h how, c number of bytes, t token, i int,
// s string, v the option's value, k callback
const std::map<std::string, std::string> kSignatures = {
    {"getRawOption", "dlob"},     {"setRawOption", "dlob"}, {"openSocket", "f"},        {"shutdown", "dh"},
    {"readQueues", "dffn"},       {"readUnread", "d"},      {"readTcpState", "d"},      {"describeTcpInfo", ""},
    {"readTcpInfo", "db"},        {"toTcpState", "i"},      {"takeError", "d"},         {"discard", "dcn"},
    {"makeError", "is"},          {"listenForVerdicts", "k"}, {"startLinger", "dtnf"}, {"stopLinger", "tf"},
    {"readLingerStats", ""},      {"releaseReference", ""}, {"get", "d"},               {"set", "dv"},
    {"closeSocket", "d"},
};

// Root could do something with these that outlives the socket, or that the fuzzer could not see: sockets' options that are
// the tables of iptables, multicast routing and IPVS (IPPROTO_IP and IPPROTO_IPV6), anycast addresses, kernel modules
// that are loaded by name; a pointer that is written to (TCP_ZEROCOPY_RECEIVE), a descriptor that is returned
// (SO_PEERPIDFD).
bool IsLeftOut(int level, int option) {
  if (level == IPPROTO_IP || level == IPPROTO_IPV6) return option >= 64 || option == IPV6_JOIN_ANYCAST;
  if (level == IPPROTO_TCP) return option == TCP_CONGESTION || option == TCP_ULP || option == TCP_ZEROCOPY_RECEIVE;
  return level == SOL_SOCKET && option == 77;
}

class Session {
 public:
  Session(const uint8_t* data, size_t size) : input_(data, size) {
    exports_ = napi_register_module_v1(&env_, env_.New(napi_object));
    CheckResult("Init", exports_);
    for (const auto& [name, value] : exports_->properties) {
      if (value->type == napi_function) functions_.push_back({name, value, nullptr});
    }
    others_ = functions_.size();
    const socket_linger::OptionRows rows = sys::Options();
    for (size_t index = 0; index < rows.count; ++index) {
      napi_value row = exports_->properties["options"]->properties[std::to_string(index)];
      for (const char* name : {"get", "set"}) {
        const auto found = row->properties.find(name);
        if (found != row->properties.end()) functions_.push_back({name, found->second, &rows.rows[index]});
      }
    }
    for (const Function& one : functions_) {
      if (kSignatures.count(one.name) == 0) Fail("no signature for " + one.name + "(): give it one in kSignatures");
    }
    env_.on_call = [this](const std::vector<napi_value>& arguments) {
      if (arguments.size() != 1 || arguments[0]->length % 5 != 0) Fail("verdicts that are not five numbers each");
      if (callback_throws_) env_.exception = env_.New(napi_object);
    };
  }

  void Run() {
    if (input_.ConsumeBool()) Call(Index("listenForVerdicts"));
    for (int step = 0; step < 64 && input_.remaining_bytes() > 0; ++step) {
      switch (input_.ConsumeIntegralInRange(0, 15)) {
        case 0:
          sockets_.Disturb(Kind(), input_.ConsumeIntegralInRange(0, 4095));
          break;
        case 1:
          env_.Turn();
          break;
        default:
          // Most functions are those of the options; as many calls go to all the others.
          Call(input_.ConsumeBool() ? input_.ConsumeIntegralInRange<size_t>(0, others_ - 1)
                                    : input_.ConsumeIntegralInRange<size_t>(others_, functions_.size() - 1));
      }
    }
  }

 private:
  struct Function {
    std::string name;
    napi_value value;
    const OptionRow* row;
  };

  size_t Index(const std::string& name) const {
    for (size_t index = 0; index < others_; ++index) {
      if (functions_[index].name == name) return index;
    }
    Fail("no " + name + "()");
  }

  void Call(size_t index) {
    const Function& function = functions_[index];
    std::string signature = kSignatures.at(function.name);
    if (input_.ConsumeIntegralInRange(0, 15) == 0) signature.resize(input_.ConsumeIntegralInRange<size_t>(0, 5), 'x');
    level_ = option_ = -1;
    std::vector<napi_value> arguments;
    for (const char kind : signature) arguments.push_back(Argument(kind, function.row));
    const bool is_raw = function.name == "getRawOption" || function.name == "setRawOption";
    if (is_raw && IsLeftOut(level_, option_)) return;
    if (function.name == "closeSocket" && !arguments.empty() && arguments[0]->type == napi_number) {
      arguments[0]->number = socket(AF_INET, SOCK_STREAM, 0);  // nobody else's
    }
    napi_value result = env_.Call(function.value, arguments);
    CheckResult(function.name, result);
    if (result == nullptr || result->type != napi_number) return;
    if (function.name == "openSocket") sockets_.Keep(static_cast<int>(result->number));
    const size_t place = function.name == "getRawOption" ? 3 : function.name == "readTcpInfo" ? 1 : arguments.size();
    if (place < arguments.size() && result->number > static_cast<double>(arguments[place]->length)) {
      Fail(function.name + "(): more bytes than there was room for");
    }
  }

  // Every error has a code.
  void CheckResult(const std::string& name, napi_value result) {
    napi_value error = env_.exception;
    env_.exception = nullptr;
    if (error == nullptr) {
      if (result == nullptr) Fail(name + "() has no result");
      return;
    }
    const auto code = error->properties.find("code");
    if (code == error->properties.end() || code->second->type != napi_string || code->second->text.empty()) {
      Fail(name + "() throws without a code");
    }
    // The kernel has numbers that are not meant for anybody outside; Linux counts them from 512 on.
    const auto number = error->properties.find("errno");
    if (code->second->text == "UNKNOWN" && number->second->number > -512) {
      Fail(name + "() throws a system error without a name: " + error->properties["message"]->text);
    }
  }

  int Kind() { return input_.ConsumeIntegralInRange(0, Sockets::kKinds - 1); }

  napi_value Argument(char kind, const OptionRow* row) {
    if (input_.ConsumeIntegralInRange(0, 31) == 0) return Anything();
    switch (kind) {
      case 'd':
        return input_.ConsumeIntegralInRange(0, 31) == 0 ? Number() : env_.NewNumber(sockets_.Get(Kind()));
      case 'l':
        level_ = input_.ConsumeBool() ? AnyRow().level : input_.ConsumeIntegralInRange(-1, 300);
        return env_.NewNumber(level_);
      case 'o':
        option_ = input_.ConsumeBool() ? AnyRow().option : input_.ConsumeIntegralInRange(-1, 100);
        return env_.NewNumber(option_);
      case 'b':
        return Bytes(napi_uint8_array, input_.ConsumeBool() ? 2048 : 16);
      case 'n':
        return Numbers();
      case 'f':
        return Flag();
      case 'h':
        return env_.NewNumber(input_.ConsumeIntegralInRange(-1, 3));
      case 't':
        return env_.NewNumber(input_.ConsumeIntegralInRange(0, 1));  // few, so that they meet again
      case 'c':
      case 'i':
        return input_.ConsumeBool() ? env_.NewNumber(input_.ConsumeIntegralInRange(-2, 20)) : Number();
      case 's':
        return Text();
      case 'v':
        return OptionArgument(*row);
      case 'k':
        callback_throws_ = input_.ConsumeBool();
        return env_.New(napi_function);
      default:
        return Anything();
    }
  }

  const OptionRow& AnyRow() {
    const socket_linger::OptionRows rows = sys::Options();
    return rows.rows[input_.ConsumeIntegralInRange<size_t>(0, rows.count - 1)];
  }

  napi_value OptionArgument(const OptionRow& row) {
    switch (row.kind) {
      case OptionKind::kBoolean:
        return Flag();
      case OptionKind::kString:
        // Not any name: root would have the kernel look for a module of it.
        return input_.ConsumeBool() ? env_.NewText(input_.PickValueInArray({"reno", "cubic", "lo", "", "lo\xff"}))
                                    : env_.NewText(std::string(input_.ConsumeIntegralInRange<size_t>(16, 2048), 'x'));
      case OptionKind::kRate:
      case OptionKind::kLinger:
        if (input_.ConsumeBool()) return env_.New(napi_null);
        [[fallthrough]];
      default:
        return input_.ConsumeBool() ? Number() : env_.NewNumber(static_cast<double>(input_.ConsumeIntegralInRange(row.min, std::max(row.min, row.max))));
    }
  }

  napi_value Flag() {
    napi_value flag = env_.New(napi_boolean);
    flag->number = input_.ConsumeBool();
    return flag;
  }

  napi_value Number() {
    constexpr double kSpecial[] = {0.0, -0.0, 1, -1, 0.5, 1e9, 2147483647, 2147483648, -2147483648, 4294967295,
                                   4294967296, 9007199254740991, 9007199254740992, 9223372036854775808.0,
                                   -9223372036854775808.0, 1e300, std::numeric_limits<double>::infinity(),
                                   -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(),
                                   std::numeric_limits<double>::denorm_min()};
    // A small number might be the descriptor of something that isn't the fuzzer's.
    if (input_.ConsumeBool()) return env_.NewNumber(input_.PickValueInArray(kSpecial));
    return env_.NewNumber(1e6 + input_.ConsumeFloatingPoint<double>());
  }

  napi_value Text() { return env_.NewText(input_.ConsumeRandomLengthString(64)); }

  napi_value Bytes(napi_typedarray_type type, size_t most) {
    napi_value array = env_.NewTypedArray(type, input_.ConsumeIntegralInRange<size_t>(0, most));
    if (array->bytes > 0) input_.ConsumeData(array->memory.get(), std::min<size_t>(array->bytes, 64));
    return array;
  }

  napi_value Numbers() {
    const size_t length = input_.ConsumeBool() ? 6 : input_.ConsumeIntegralInRange<size_t>(0, 8);
    napi_value array = env_.NewTypedArray(napi_float64_array, length);
    auto* numbers = reinterpret_cast<double*>(array->memory.get());
    for (size_t index = 0; index < length; ++index) {
      const int kind = input_.ConsumeIntegralInRange(0, 7);
      numbers[index] = kind == 0 ? Number()->number : kind < 4 ? 1e9 : input_.ConsumeIntegralInRange(0, 20);
    }
    return array;
  }

  napi_value Anything() {
    switch (input_.ConsumeIntegralInRange(0, 9)) {
      case 0:
        return env_.New(napi_null);
      case 1:
        return env_.New();
      case 2:
        return Flag();
      case 3:
        return Number();
      case 4:
        return Text();
      case 5:
        return env_.New(input_.PickValueInArray({napi_symbol, napi_bigint, napi_external}));
      case 6:
        return env_.New(napi_function);
      case 7:
        return Numbers();
      case 8:
        return Bytes(static_cast<napi_typedarray_type>(input_.ConsumeIntegralInRange<int>(napi_int8_array, napi_biguint64_array)), 70'000);
      default:
        return env_.New(napi_object);
    }
  }

  FuzzedDataProvider input_;
  Sockets sockets_;  // closed after the environment has ended
  bool callback_throws_ = false;
  napi_env__ env_;
  napi_value exports_ = nullptr;
  std::vector<Function> functions_;
  size_t others_ = 0;  // those that come before the options'
  int level_ = -1;
  int option_ = -1;
};

// Only those: libFuzzer has pipes to its symbolizer, and the engine's two come and go.
std::map<int, std::string> OpenSockets() {
  std::map<int, std::string> open;
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return open;
  while (const dirent* entry = readdir(directory)) {
    char target[256] = {};
    if (readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1) <= 0) continue;
    if (strncmp(target, "socket:", 7) == 0) open[atoi(entry->d_name)] = target;
  }
  closedir(directory);
  return open;
}

// Some options count in another unit than bytes. What the kernel writes, AddressSanitizer does not see.
constexpr size_t kBehind = 512;
constexpr uint8_t kUntouched = 0xa5;

}  // namespace

// In place of the addon's own calls, by the linker's --wrap.
extern "C" int __real_getsockopt(int, int, int, void*, socklen_t*);
extern "C" int __wrap_getsockopt(int fd, int level, int option, void* value, socklen_t* size) {
  const size_t room = *size;
  std::vector<uint8_t> buffer(room + kBehind, kUntouched);
  memcpy(buffer.data(), value, room);
  const int result = __real_getsockopt(fd, level, option, buffer.data(), size);
  for (size_t index = room; index < buffer.size(); ++index) {
    if (buffer[index] != kUntouched) Fail("the kernel wrote behind the buffer of an option");
  }
  memcpy(value, buffer.data(), room);
  return result;
}

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  signal(SIGPIPE, SIG_IGN);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static size_t runs = 0;
  static size_t most = 0;
  {
    Session session(data, size);
    session.Run();
  }
  if (socket_linger::linger::ReadStats().sockets != 0) Fail("the engine has kept a socket of an environment that has ended");
  if (++runs % 64 != 0) return 0;
  const std::map<int, std::string> open = OpenSockets();
  if (most == 0) most = open.size();  // what is opened once is open by now
  if (open.size() <= most) return 0;
  std::string list;
  for (const auto& [fd, target] : open) list += "\n" + std::to_string(fd) + " " + target;
  Fail("sockets stay open:" + list);
}
