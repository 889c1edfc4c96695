#!/usr/bin/env bash
# Parses the native/sys files of systems that we have no machine for, on Linux, with stand-ins for the
# constants that glibc lacks (native/sys/check/).
#
# This proves syntax and the contract of native/core/sys.h, nothing more: not that the real headers have
# these names, and nothing about what the code does. Only a build and a run on the system itself do that.
set -euo pipefail
cd "$(dirname "$0")/.."

cxx=${CXX:-g++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A definition whose signature drifted from sys.h would pass as an overload: -Wmissing-declarations.
flags=(-std=c++17 -Wall -Wextra -Werror -Wmissing-declarations)

parse() { # file, flags
  local file=$1
  shift
  echo "check-sys: $file${*:+ ($*)}"
  "$cxx" "${flags[@]}" -fsyntax-only "$@" "native/sys/$file"
}

symbols() { # list, system, flags: what the system's files define for others, signatures included
  local list=$work/$1 system=$2 part
  shift 2
  for part in "$system.cc" "${system}_tcp_info.cc"; do
    "$cxx" "${flags[@]}" -c -o "$list.o" "$@" "native/sys/$part"
    nm --defined-only --extern-only --format=posix "$list.o"
  done | cut -d ' ' -f 1 | LC_ALL=C sort >"$list"
}

# A function that is missing is no error before linking, so: the same set as Linux has.
posix() { # system, flags
  local system=$1
  shift
  parse "$system.cc" "$@"
  parse "${system}_tcp_info.cc" "$@"
  symbols theirs "$system" "$@"
  if ! diff "$work/linux" "$work/theirs" >&2; then
    echo "check-sys: $system does not define what linux does (< linux, > $system)" >&2
    return 1
  fi
}

symbols linux linux
shims=native/sys/check
posix darwin "-I$shims" -include "$shims/darwin/shim.h"
for name in FREEBSD NETBSD OPENBSD DRAGONFLY; do
  posix bsd "-I$shims" -include "$shims/bsd/shim.h" "-DCHECK_BSD_$name"
done
bash scripts/build-windows.sh --check
if [[ -e native/sys/unsupported.cc ]]; then parse unsupported.cc; fi
