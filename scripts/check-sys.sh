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

symbols() { # list, file, flags: what the file defines for others, signatures included
  local list=$work/$1 file=$2
  shift 2
  "$cxx" "${flags[@]}" -c -o "$list.o" "$@" "native/sys/$file"
  nm --defined-only --extern-only --format=posix "$list.o" | cut -d ' ' -f 1 | LC_ALL=C sort >"$list"
}

# A function that is missing is no error before linking, so: the same set as linux.cc has.
posix() { # file, flags
  parse "$@"
  symbols theirs "$@"
  if ! diff "$work/linux" "$work/theirs" >&2; then
    echo "check-sys: $1 does not define what linux.cc does (< linux.cc, > $1)" >&2
    return 1
  fi
}

symbols linux linux.cc
shims=native/sys/check
posix darwin.cc "-I$shims" -include "$shims/darwin/shim.h"
for name in FREEBSD NETBSD OPENBSD DRAGONFLY; do
  posix bsd.cc "-I$shims" -include "$shims/bsd/shim.h" "-DCHECK_BSD_$name"
done
if [[ -e native/sys/unsupported.cc ]]; then parse unsupported.cc; fi
