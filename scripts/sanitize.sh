#!/usr/bin/env bash
# The test suite with an addon that was compiled with sanitizers:
#
#   scripts/sanitize.sh address [mocha's arguments]    AddressSanitizer, LeakSanitizer, UndefinedBehaviorSanitizer
#   scripts/sanitize.sh thread [mocha's arguments]     ThreadSanitizer
#
# Fails if a test fails, or a sanitizer reports anything, in a child process too. It needs g++ alone, whose runtimes
# come with it. Works on a copy: the checkout's build/ and dist/ stay as they are. Node itself is not instrumented.
# What its own code does is seen through malloc, memcpy, pthread_* and such only, so the little of it that is reported
# is no finding; each case is below, with its reason.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1-} in
  address) flags='-fsanitize=address,undefined -fno-sanitize-recover=undefined' runtime=libasan.so ;;
  thread) flags='-fsanitize=thread' runtime=libtsan.so ;;
  *)
    echo "usage: ${0##*/} address|thread [mocha's arguments]" >&2
    exit 2
    ;;
esac
kind=$1
shift

# Left out: what runs the programs of examples/ and lab/ as a user does, and judges how many answers a plain close
# loses, which depends on speed; docs.test, which reads files; server-load.test and uploaders.test, which move gigabytes and judge
# by the memory that they take; doctor.test, close-cause-network.test and connect-packets.test, which start a program for each
# question to the kernel. They call nothing that the others don't.
left_out='(docs|examples|examples-servers|lab|server-load|uploaders|doctor|close-cause-network|connect-packets)'
# A sanitizer makes everything several times as slow.
export SOCKET_LINGER_RUNS=${SOCKET_LINGER_RUNS:-10}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/copy" "$work/reports"

git ls-files --cached --others --exclude-standard -z | tar --create --null --files-from=- --ignore-failed-read |
  tar --extract --directory="$work/copy"
ln -s "$PWD/node_modules" "$work/copy/node_modules"
cd "$work/copy"

runtime=$("${CXX:-g++}" "-print-file-name=$runtime")
if [[ $runtime != /* ]]; then
  echo "no runtime for -fsanitize=$kind: install the one of ${CXX:-g++} (Debian: libgcc-<version>-dev)" >&2
  exit 2
fi

echo "sanitize: building ($flags)"
flags+=' -fno-omit-frame-pointer -g -O1'
CFLAGS=$flags CXXFLAGS=$flags LDFLAGS=$flags node scripts/build-addon.mjs >"$work/build" 2>&1 || {
  cat "$work/build" >&2
  exit 1
}
node_modules/.bin/tsc -p tsconfig.json
node_modules/.bin/tsc -p test

# The runtime has to be there before Node is, and in Node alone: curl hangs with libasan.so, sh crashes with
# libtsan.so. So it is not in the environment of what Node starts; Node as started by tests (process.execPath) gets
# it from this script.
# TSan of GCC 12 can't place its shadow where addresses are much randomized (vm.mmap_rnd_bits above 28).
fixed=''
if [[ $kind == thread ]] && setarch -R true 2>/dev/null; then fixed='setarch -R '; fi
node=$(command -v node)
cat >"$work/node" <<END
#!/bin/sh
exec ${fixed}env 'LD_PRELOAD=$runtime' '$node' "\$@"
END
chmod +x "$work/node"
cat >"$work/alone.cjs" <<END
delete process.env.LD_PRELOAD;
process.execPath = '$work/node';
END
export NODE_OPTIONS="--require=$work/alone.cjs"

# Threads of Node and V8 that hand objects over by atomics, which TSan does not see: the later delete, free or
# pthread_*_destroy looks like a race. One frame in either stack is enough to match, and where Node calls us its frame
# is at the bottom of our stack (v8impl::, node::CleanupQueue), so these name what never calls an addon.
cat >"$work/suppressions" <<'END'
# The worker threads of V8's platform (garbage collection, compilation): DefaultJobState is freed by its last user.
race:^v8::platform::DefaultJob
# A lock-free list of category names.
race:^v8::platform::tracing::TracingController::GetCategoryGroupEnabled
# postMessage() between workers: the message's memory, and the lock of the group, which goes with the last port.
race:^node::worker::MessagePort::PostMessage
race:^uv_rwlock_destroy
# recv(fd, NULL, n, MSG_TRUNC) writes nothing, but TSan's recv() takes n bytes at NULL as written. Nothing else of ours
# receives but sys::DiscardByCopying(), into its own stack.
race_top:interceptor_recv$
END

reports=log_path=$work/reports/report
# A leak is no error by itself (exitcode=0; errors abort): V8 leaks at process.exit(). What counts is looked for below.
export ASAN_OPTIONS=$reports:abort_on_error=1:exitcode=0:detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=$reports:abort_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=$reports:exitcode=66:history_size=7:suppressions=$work/suppressions

if ! "$work/node" -e 0; then
  # LeakSanitizer stops the process by ptrace(), which a container may forbid.
  cat "$work"/reports/* >&2 || true
  rm -f "$work"/reports/*
  export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
  "$work/node" -e 0
  echo 'sanitize: LeakSanitizer does not work here; going on without it' >&2
fi

mapfile -t specs < <(find dist-test/test -maxdepth 1 -name '*.test.js' | grep -vE "/$left_out\.test\.js$" | sort)
echo "sanitize: running ${#specs[@]} files with $runtime"
status=0
bash scripts/own-network.sh "$work/node" node_modules/mocha/bin/mocha.js --no-config --require dist-test/test/support/hooks.js --timeout 120000 \
  --reporter dot "${specs[@]}" "$@" || status=$?

# The runtime finds no names in what was loaded after its first look.
name_frames() {
  while IFS= read -r line; do
    if [[ $line =~ socket_linger\.node\+(0x[0-9a-f]+)\) ]]; then
      line+=" $(addr2line -Cfpe build/Release/socket_linger.node "${BASH_REMATCH[1]}" 2>/dev/null)" || true
    fi
    printf '%s\n' "$line"
  done
}

# Leaks come one to a paragraph; those with our code in the stack are ours.
findings=$(find "$work/reports" -type f -exec awk -v RS= '
  /LeakSanitizer: detected memory leaks/ { next }
  /^(Direct|Indirect) leak/ && !/socket_linger|native\// { next }
  # V8 itself allocates below our calls of Node-API (write barriers of its heap), and process.exit() leaves it.
  /^(Direct|Indirect) leak/ && /#1 [^\n]* in v8::/ { next }
  /^SUMMARY: AddressSanitizer: [0-9]+ byte\(s\) leaked/ { next }
  { print $0 "\n" }' {} +)
if [[ -n $findings ]]; then
  name_frames <<<"$findings" >&2
  echo "sanitize: reports of the $kind sanitizer" >&2
  exit 1
fi
echo "sanitize: no report of the $kind sanitizer; mocha exited with $status"
exit "$status"
