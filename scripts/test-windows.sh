#!/usr/bin/env bash
# Cross-compiles the addon for Windows and runs the mocha suite in real node.exes under Wine. That proves that it compiles,
# links, finds the SOCKETs and calls Winsock as it should; not that Windows' TCP behaves as Wine's, which is the host's.
# test/support/windows.ts says what is left out, and why. Arguments go on to mocha.
#
# Node 22 runs in the Wine that is installed; 24 and 26 need Wine 10: that one if it is, otherwise that of a root of Debian
# trixie (windows/trixie.sh), where such a root can be had.
#
# The packages that it needs are installed if this is run by root.
set -euo pipefail
cd "$(dirname "$0")/.."

# Debian's names. Its `wine` command would ask for the 32-bit one as well, so the loader itself is called.
loader=/usr/lib/wine/wine64
packages=()
command -v x86_64-w64-mingw32-g++-posix >/dev/null || packages+=(g++-mingw-w64-x86-64-posix)
[[ -x $loader ]] || packages+=(wine wine64)
if ((${#packages[@]})); then
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "test-windows: not installed, and not root on Debian to install them: ${packages[*]}" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

work=$(mktemp -d)
running=
stop() {
  if [[ -n $running ]]; then
    kill "$running" 2>/dev/null || true
    wait "$running" || true
  fi
  # The last of its processes go a moment later. Nothing is mounted in there: trixie.sh does that out of sight.
  for _ in 1 2 3 4 5; do rm -rf --one-file-system "$work" 2>/dev/null && break || sleep 1; done
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

status=0
run() { # command; in the background, since a trap waits for what runs in front
  local failed=0
  bash "$@" </dev/null &
  running=$!
  wait "$running" || failed=$?
  running=
  if ((failed)); then status=$failed; fi
}

# What the programs under Wine see
folder=$work/folder
mkdir "$folder"
cp test/windows/package.json test/windows/package-lock.json test/windows/.npmrc "$folder"
# --force: it is for another system than this one.
(cd "$folder" && npm ci --force --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || { cat "$folder/npm.log" >&2; exit 1; }

npm run --silent build:windows

# The package as a user gets it: packed, installed with install scripts off.
npm pack --silent --ignore-scripts --pack-destination "$folder" >"$folder/npm.log"
(cd "$folder" && npm install --force --ignore-scripts --no-audit --no-fund --no-save ./*.tgz >>npm.log 2>&1)
cat >"$folder/smoke.mjs" <<'SCRIPT'
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
node_exe() { # major version
  echo "$folder/node_modules/node$1/bin/node.exe"
}
run scripts/windows/suite.sh "$loader" "$folder" "$(node_exe 22)" "$@"
version=$("$loader" --version)
version=${version#wine-}
if ((${version%%.*} >= 10)); then
  for node in 24 26; do run scripts/windows/suite.sh "$loader" "$folder" "$(node_exe "$node")" "$@"; done
else
  run scripts/windows/trixie.sh "$folder" "$work/root" "$(node_exe 24)" "$(node_exe 26)" -- "$@"
fi
exit "$status"
