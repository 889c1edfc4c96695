#!/usr/bin/env bash
# Builds the addon for every Linux: one binary per processor, for glibc from 2.28 on and for musl.
#
#   scripts/linux/prebuild.sh x64|arm64 FILE    CXX: the compiler; by default the machine's own, or Debian's cross compiler
#
# By node-gyp and binding.gyp, as every build, in a copy: the checkout's build/ stays as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."

arch=$1
file=$(realpath --canonicalize-missing "$2")
declare -A names=([x64]=x86_64 [arm64]=aarch64)
machine=${names[$arch]}
if [[ $(uname -m) == "$machine" ]]; then prefix=''; else prefix=$machine-linux-gnu-; fi
export CXX=${CXX:-${prefix}g++} CC=${CC:-${prefix}gcc} AR=${AR:-${prefix}ar}
strip=${STRIP:-${prefix}strip}
# Cross-compiling, node-gyp would take the host's.
export CXX_target=$CXX CC_target=$CC AR_target=$AR

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/copy"
cp -r binding.gyp package.json native scripts "$work/copy"
ln -s "$PWD/node_modules" "$work/copy/node_modules"

bash scripts/linux/old-glibc.sh "$work/glibc"
"$CXX" -c -O2 -fPIC -o "$work/static-runtime.o" scripts/linux/static-runtime.cc

# _FILE_OFFSET_BITS turns fcntl() into fcntl64(), which musl has not; nothing here knows about file offsets.
# _FORTIFY_SOURCE, on by default in some distributions, calls functions that only glibc has.
flags='-U_FILE_OFFSET_BITS -U_FORTIFY_SOURCE -ffunction-sections -fdata-sections'
cd "$work/copy"
CXXFLAGS=$flags LDFLAGS="-L$work/glibc $work/static-runtime.o -Wl,--gc-sections,--version-script=$PWD/scripts/linux/exports.map" \
  node scripts/build-addon.mjs "--arch=$arch" >"$work/log" 2>&1 || {
  cat "$work/log" >&2
  exit 1
}
"$strip" --strip-unneeded build/Release/socket_linger.node
node scripts/linux/drop-needed.mjs build/Release/socket_linger.node
mkdir -p "$(dirname "$file")"
cp build/Release/socket_linger.node "$file"
