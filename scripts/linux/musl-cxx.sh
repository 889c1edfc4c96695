#!/usr/bin/env bash
# Makes a C++ runtime for musl of the compiler's static one for glibc, which Debian has no other of:
#
#   scripts/linux/musl-cxx.sh PROGRAM FOLDER
#
# FOLDER/libstdc++.so.6 has what PROGRAM wants of it and musl has not. For trying a program of musl's on a machine of
# glibc's, and for nothing else.
set -euo pipefail
cd "$(dirname "$0")/../.."

program=$1 out=$2
cxx=${CXX:-g++}
mkdir -p "$out"

names() { # readelf's symbols, defined or not
  LC_ALL=C readelf --dyn-syms --wide "$2" | awk -v want="$1" '$8 != "" && ($7 == "UND") == (want == "UND") { sub(/@.*/, "", $8); print $8 }' | sort -u
}

# Tables of virtual functions are copied into the program, and are its own symbols then.
{
  comm -23 <(names UND "$program") <(names defined /lib/ld-musl-*.so.1) | grep -E '^(_Z|__cxa|__dynamic_cast|__once|__(de)?register)'
  names defined "$program" | grep '^_ZTVN10__cxxabiv1'
} >"$out/names"
{ echo '{ global:'; sed 's/$/;/' "$out/names"; echo 'local: *; };'; } >"$out/map"

bash scripts/linux/old-glibc.sh "$out/glibc"
"$cxx" -c -O2 -fPIC -o "$out/static-runtime.o" scripts/linux/static-runtime.cc
mapfile -t archives < <(for name in libstdc++.a libgcc_eh.a libgcc.a; do "$cxx" "-print-file-name=$name"; done)
mapfile -t wanted < <(sed 's/^/-Wl,--undefined=/' "$out/names")
"$cxx" -shared -nodefaultlibs -o "$out/libstdc++.so.6" -Wl,-soname,libstdc++.so.6 -Wl,--gc-sections \
  -Wl,--version-script,"$out/map" "${wanted[@]}" "-L$out/glibc" "$out/static-runtime.o" \
  -Wl,--start-group "${archives[@]}" -Wl,--end-group -lc -lm
