#!/usr/bin/env bash
# Makes stand-ins for libc.so and libm.so to link against, in a folder:
#
#   CXX=... scripts/linux/old-glibc.sh FOLDER
#
# They have the symbols of the compiler's own glibc, each in its newest version up to GLIBC_2.28 (Debian 10, RHEL 8,
# what Node 20 itself needs), and no code. What is linked with them asks for no newer version: the machine that builds
# may have any glibc, and no old system is needed. A function that came later is not there at all, and
# scripts/linux/static-runtime.cc has what the static C++ runtime wants of those.
set -euo pipefail

out=$1
cxx=${CXX:-g++}
newest=2.28

# pthread_create and the like moved from libpthread to libc in 2.34. As an old version they are in libc's list too; the
# dynamic linker looks a symbol up by its name and version, whatever library it was linked with, and Node has loaded both.
stub() { # link name, soname, other libraries whose symbols are to look as if they were in it
  local name=$1 soname=$2
  shift
  for library in "$@"; do
    LC_ALL=C readelf --dyn-syms --wide "$("$cxx" "-print-file-name=$library")"
  done | awk -v newest="$newest" '
    function number(version,    parts) {
      split(version, parts, ".")
      return parts[1] * 1000000 + parts[2] * 1000 + parts[3]
    }
    $7 != "UND" && match($8, /@+GLIBC_[0-9.]+$/) {
      name = $8
      sub(/@.*/, "", name)
      version = $8
      sub(/.*GLIBC_/, "", version)
      if (number(version) > number(newest)) next
      if (!(name in best) || number(version) > number(best[name])) best[name] = version
    }
    END { for (name in best) print best[name], name }' | sort -V >"$out/$name.list"
  [[ -s $out/$name.list ]] || { echo "old-glibc: found no symbols of $soname" >&2; return 1; }

  awk '{ print ".globl " $2 "\n.type " $2 ", %function\n" $2 ":" }' "$out/$name.list" >"$out/$name.s"
  # ld wants each version once, with what is in it.
  awk '
    $1 != version { if (version) print "};"; version = $1; print "GLIBC_" version " { global:" }
    { print "  " $2 ";" }
    END { print "};\nours { local: *; };" }' "$out/$name.list" >"$out/$name.map"
  "$cxx" -shared -nostdlib -o "$out/$name.so" -Wl,-soname,"$soname" -Wl,--version-script,"$out/$name.map" "$out/$name.s"
}

mkdir -p "$out"
# Thread-local variables need a function of the dynamic linker. Musl has it in its libc, and no file of that name.
linker=$(LC_ALL=C readelf --dynamic --wide "$("$cxx" -print-file-name=libc.so.6)" | sed -n 's/.*(NEEDED).*\[\(ld-.*\)\]/\1/p')
stub libc libc.so.6 "$linker"
stub libm libm.so.6
