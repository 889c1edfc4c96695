#!/usr/bin/env bash
# The addon under libFuzzer, AddressSanitizer and UBSan, with a stand-in for Node-API and with real sockets (test/fuzz/):
#
#   scripts/fuzz.sh [seconds, 60 by default]
#   scripts/fuzz.sh input BASE64      that input alone, as shown with a finding
#
# Coverage-guided: what reaches new code is kept and varied. Fails on any finding. Linux alone; needs clang, which is
# installed if this is run by root.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}

if [[ $(uname) != Linux ]]; then
  echo 'test:fuzz: skipped, the sockets of test/fuzz/ are made as on Linux'
  exit
fi

cxx=${CLANGXX:-clang++}
reason=$(bash scripts/install-tools.sh "$cxx:clang") || {
  echo "test:fuzz: skipped, $reason"
  exit
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"

# The headers that node-gyp has built the addon with.
headers=$(node -p "JSON.parse(fs.readFileSync('build/config.gypi', 'utf8').replace(/^#.*/, '')).variables.nodedir")/include/node
mapfile -t sources < <(find native/addon.cc native/napi native/linger native/sys test/fuzz -maxdepth 1 -name '*.cc' |
  grep -vE '/(none|handles|unsupported|(darwin|bsd|windows)[a-z_]*)\.cc$' | sort)

echo "fuzz: building with $("$cxx" --version | head -n 1)"
"$cxx" -std=c++17 -g -O1 -fno-omit-frame-pointer -Wall -Wextra -Werror \
  -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
  -DNAPI_VERSION=8 -DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS -Inative \
  -isystem "$headers" -isystem "$(node -p "require('node-addon-api').include_dir")" \
  "${sources[@]}" -pthread -Wl,--wrap=getsockopt -o "$work/fuzz"

if [[ $seconds == input ]]; then
  base64 -d <<<"$2" >"$work/input"
  "$work/fuzz" "$work/input"
  exit
fi

# Leaks are looked for at the end of the run: LeakSanitizer stops the process by ptrace(), which a container may forbid.
export ASAN_OPTIONS=abort_on_error=1:allow_addr2line=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1
if ! "$work/fuzz" -runs=1 "$work/corpus" >"$work/log" 2>&1; then
  if ! grep -q 'LeakSanitizer has encountered a fatal error' "$work/log"; then
    cat "$work/log" >&2
    exit 1
  fi
  export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
  echo 'fuzz: LeakSanitizer does not work here; going on without it' >&2
fi

echo "fuzz: running for $seconds seconds"
status=0
# All lengths from the beginning, since it takes several calls to get anywhere.
timeout $((seconds + 120)) "$work/fuzz" -max_total_time="$seconds" -max_len=512 -len_control=0 -timeout=30 -print_coverage=1 \
  -artifact_prefix="$work/" "$work/corpus" >"$work/log" 2>&1 || status=$?
if ((status != 0)); then
  grep -vE '^#[0-9]|NEW_FUNC|COVERED|^COVERAGE' "$work/log" | tail -n 100 >&2
  for input in "$work"/{crash,leak,timeout,oom,slow-unit}-*; do
    if [[ -e $input ]]; then echo "fuzz: the input, by base64: $(base64 -w 0 "$input")" >&2; fi
  done
  echo 'fuzz: a finding' >&2
  exit 1
fi

# By file, of our own: edges of the functions that were reached, and functions.
awk '
  / native\// || /\/native\// {
    if (match($0, /native\/[a-z]+\/[a-z_]+\.(cc|h)|native\/addon\.cc/) == 0) next
    file = substr($0, RSTART, RLENGTH)
    if ($1 == "COVERED_FUNC:") { reached[file]++; all[file]++ }
    else if ($1 == "UNCOVERED_FUNC:") all[file]++
    else next
    for (field = 1; field <= NF; field++) if ($field == "edges:") { split($(field + 1), edges, "/"); hit[file] += edges[1]; total[file] += edges[2] }
  }
  END {
    for (file in all) {
      printf "  %-34s %4d of %4d functions, %4d of %4d edges\n", file, reached[file], all[file], hit[file], total[file] | "sort"
      functions += reached[file]; allFunctions += all[file]; edgesHit += hit[file]; edgesTotal += total[file]
    }
    close("sort")
    printf "fuzz: reached %d of %d functions, %d of %d edges of native/\n", functions, allFunctions, edgesHit, edgesTotal
  }' "$work/log"
grep -E '^(#[0-9]+\s+DONE|Done)' "$work/log"
