#!/usr/bin/env bash
# Cross-compiles the addon for Windows x64 with mingw-w64: build-windows.sh FILE. `--check` as FILE only parses native/sys'
# part, and says so where that can't be done here.
#
# What is compiled, and how, is binding.gyp's to say. All that the result needs at run time is node.exe and Windows' own
# libraries: the C++ runtime is linked in.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:?FILE, or --check}

# The one whose runtime has std::mutex; the other thread model of Debian's has not.
cxx=${MINGW_CXX:-x86_64-w64-mingw32-g++-posix}
dlltool=${MINGW_DLLTOOL:-x86_64-w64-mingw32-dlltool}
for tool in "$cxx" "$dlltool" python3; do
  if ! command -v "$tool" >/dev/null; then
    echo "build-windows: $tool is not there (Debian: apt-get install g++-mingw-w64-x86-64-posix python3)" >&2
    if [[ $target == --check ]]; then exit 0; fi
    exit 1
  fi
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# libuv's headers, those that this Node was installed with; nothing else of its include folder is for Windows.
include=$(node -p "path.resolve(process.execPath, '../../include/node')")
if [[ ! -e $include/uv.h ]]; then
  if [[ $target == --check ]]; then
    echo "build-windows: this Node was installed without libuv's headers" >&2
    exit 0
  fi
  version=$(node -p process.versions.node)
  npx --no-install node-gyp install --ensure --devdir "$work/headers" >/dev/null
  include=$work/headers/$version/include/node
fi
mkdir "$work/include"
cp -R "$include/uv.h" "$include/uv" "$work/include"

settings() { # key: what binding.gyp has of it for Windows, a line each
  python3 - "$1" <<'PYTHON'
import ast, sys
target = ast.literal_eval(open('binding.gyp').read())['targets'][0]
def values(part):
    yield from part.get(sys.argv[1], [])
    for condition, then, *otherwise in part.get('conditions', []):
        chosen = then if eval(condition, {'OS': 'win'}) else (otherwise or [{}])[0]
        yield from values(chosen)
print(*values(target), sep='\n')
PYTHON
}

mapfile -t sources < <(settings sources)
mapfile -t defines < <(settings defines)
mapfile -t libraries < <(settings libraries)
flags=(-std=c++17 -O2 -Wall -Wextra -fvisibility=hidden "${defines[@]/#/-D}" -DBUILDING_NODE_EXTENSION
  "-I$work/include" -Inode_modules/node-api-headers/include -Inode_modules/node-addon-api)

if [[ $target == --check ]]; then
  for source in "${sources[@]}"; do
    if [[ $source != native/sys/* ]]; then continue; fi
    echo "build-windows: $source"
    "$cxx" "${flags[@]}" -Werror -Wmissing-declarations -fsyntax-only "$source"
  done
  exit 0
fi

sources+=(scripts/windows/host.cc)
mapfile -t objects < <(printf "$work/%s.o\n" "${sources[@]//\//_}")
# As many at a time as there are processors
paste -d '\n' <(printf '%s\n' "${objects[@]}") <(printf '%s\n' "${sources[@]}") |
  xargs -d '\n' -n 2 -P "$(nproc)" "$cxx" "${flags[@]}" -c -o

# What node.exe has, for the linker
{
  cat scripts/windows/uv.def
  # awk, since one of them does not end in a newline
  awk '!/^(NAME|EXPORTS)/' node_modules/node-api-headers/def/{js_native_api,node_api}.def
} >"$work/node.def"
"$dlltool" -m i386:x86-64 -D node.exe -d "$work/node.def" -y "$work/libnode.a"

mkdir -p "$(dirname "$target")"
# The same sources give the same file: without the time of day in it.
"$cxx" -shared -static -s -Wl,--no-insert-timestamp -o "$target" "${objects[@]}" "$work/libnode.a" "${libraries[@]}" -ldelayimp
