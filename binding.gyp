{
  "targets": [
    {
      "target_name": "socket_linger",
      "sources": [
        "native/addon.cc",
        "native/napi/arguments.cc",
        "native/napi/calls.cc",
        "native/napi/errors.cc",
        "native/napi/linger.cc",
        "native/napi/options.cc",
        "native/napi/queues.cc",
        "native/napi/tcp_info.cc",
        "native/linger/mailbox.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS"],
      "cflags_cc": ["-Wall", "-Wextra", "-fvisibility=hidden"],
      "conditions": [
        ["OS=='linux'", {
          "sources": ["native/sys/posix.cc", "native/sys/linux.cc", "native/sys/linux_tcp_info.cc",
            "native/linger/epoll.cc", "native/linger/receive_buffers.cc", "native/linger/record.cc"],
          # One binary for machines with an older C++ runtime, or none (Alpine's plain image).
          "ldflags": ["-static-libstdc++", "-static-libgcc", "-Wl,--exclude-libs,ALL",
            # The engine's thread runs our code: it must not be unloaded with the last worker that used it.
            "-Wl,-z,nodelete"]
        }, {
          "sources": ["native/linger/none.cc"]
        }],
        ["OS=='mac'", {
          "sources": ["native/sys/posix.cc", "native/sys/darwin.cc", "native/sys/darwin_tcp_info.cc"],
          "xcode_settings": { "GCC_SYMBOLS_PRIVATE_EXTERN": "YES", "MACOSX_DEPLOYMENT_TARGET": "11.0" }
        }],
        ["OS in 'freebsd openbsd netbsd dragonflybsd'.split()", {
          "sources": ["native/sys/posix.cc", "native/sys/bsd.cc", "native/sys/bsd_tcp_info.cc"]
        }],
        ["OS=='win'", {
          "sources": ["native/sys/windows.cc", "native/sys/windows_errors.cc", "native/sys/windows_handles.cc",
            "native/sys/windows_tcp_info.cc", "native/napi/handles.cc"],
          # Windows 10 1809: SIO_TCP_INFO's structures. Where it is older, or Wine, the calls say that they are not there.
          # The last: an offsetof() that clang-cl, too, takes for a constant.
          "defines": ["_WIN32_WINNT=0x0A00", "NTDDI_VERSION=0x0A000006", "_CRT_USE_BUILTIN_OFFSETOF"],
          "libraries": ["-lws2_32"]
        }, {
          "sources": ["native/napi/shown_handles.cc"]
        }],
        ["OS not in 'linux mac win freebsd openbsd netbsd dragonflybsd'.split()", {
          "sources": ["native/sys/unsupported.cc"]
        }]
      ]
    }
  ]
}
