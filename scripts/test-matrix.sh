#!/usr/bin/env bash
# The package as users get it, on Node 20, 22, 24 and 26, on Bun (glibc and musl) and on Deno (Linux x64): packed,
# installed in a folder of its own without install scripts, tried with each, and then the suite against it on each Node
# that `npm test` does not run on. The runtimes come from the npm registry, as test/matrix/package-lock.json pins them
# by their integrity.
#
#   scripts/test-matrix.sh [mocha's arguments]
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $(uname -sm) != 'Linux x86_64' ]]; then
  echo 'test:matrix: skipped, the runtimes are those for Linux on x64'
  exit
fi

# What runs the files of the checkout as programs, reads them, or needs an hour's patience is not repeated here: the
# examples, the lab, the documentation, the random and the load tests; and what skips or tests the kernel rather than Node.
suites=(native background options queues linger linger-close linger-close-states linger-close-tls shutdown reset-close
  server server-control server-streams close-server connect connect-failures close-cause explain-error tcp-info no-delay
  lifecycle)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# npm leaves out what is for musl, unless it is forced.
npm ci --prefix test/matrix --silent --ignore-scripts --force
if [[ -e /lib/ld-musl-x86_64.so.1 ]]; then
  bash scripts/linux/musl-cxx.sh test/matrix/node_modules/bun-musl/bin/bun "$work/musl-cxx"
  export SOCKET_LINGER_MUSL_CXX=$work/musl-cxx
fi

# What `npm pack` does, but for the binaries of other systems
npm run build:ts
node scripts/prebuild.mjs linux-x64
npm run build:test
npm pack --silent --ignore-scripts --pack-destination "$work" >/dev/null
mkdir "$work/user"
echo '{ "private": true }' >"$work/user/package.json"
npm install --prefix "$work/user" --silent --ignore-scripts "$work"/*.tgz

status=0
SOCKET_LINGER_INSTALLED=$work/user node_modules/.bin/mocha --no-config --spec 'dist-test/test/matrix/*.test.js' "$@" || status=$?

# The tests import the package by its own name: from within a copy of it, that is the copy.
copy=$work/suite
cp -r "$work/user/node_modules/socket-linger" "$copy"
cp -r dist-test "$copy"
mkdir -p "$copy/test"
cp -r test/fixtures "$copy/test"
ln -s "$PWD/node_modules" "$copy/node_modules"

run_suite() { # version, mocha's arguments
  local node=$PWD/test/matrix/node_modules/node$1/bin/node alone=$PWD/scripts/own-network.sh
  shift
  (cd "$copy" && bash "$alone" "$node" node_modules/mocha/bin/mocha.js --no-config --timeout 60000 --reporter dot \
    --require dist-test/test/support/hooks.js "${suites[@]/#/dist-test/test/}" "$@")
}

suites=("${suites[@]/%/.test.js}")
this=$(node -p 'process.versions.node.split(".")[0]')
# Side by side, since most of a test's time is waiting.
running=()
for version in 20 22 24 26; do
  if [[ $version == "$this" ]]; then continue; fi
  run_suite "$version" "$@" >"$work/log-$version" 2>&1 &
  running+=("$version:$!")
done
for one in "${running[@]}"; do
  wait "${one#*:}" || status=$?
  echo "== Node ${one%%:*}, ${#suites[@]} files of the suite against the installed package"
  cat "$work/log-${one%%:*}"
done
exit "$status"
