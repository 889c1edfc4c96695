#!/usr/bin/env bash
# The packed package and the mocha suite in one node.exe under one Wine: suite.sh LOADER FOLDER NODE_EXE [mocha's arguments].
# FOLDER is npm run test:windows' own, with the package installed in it; Wine's files go there too. Needs no Node but node.exe,
# so that it runs in a root that has only Wine (trixie.sh).
set -euo pipefail
cd "$(dirname "$0")/../.."
loader=$1 folder=$2 node_exe=$3
shift 3

version=$("$loader" --version) # wine-10.0 (Debian 10.0~repack-6)
version=${version#wine-}
export SOCKET_LINGER_WINE=${version%%.*} WINEDEBUG=-all
export WINEPREFIX=$folder/prefix-$SOCKET_LINGER_WINE
# Debian's Wine 10 aborts where it is set: free(): invalid pointer.
unset TMPDIR
server=$(dirname "$loader")/wineserver

running=()
stop() {
  if ((${#running[@]})); then kill "${running[@]}" 2>/dev/null || true; fi
  # Of this prefix alone
  timeout 30 "$server" -k || true
  wait
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# In the background, since a trap waits for what runs in front.
within() { # seconds, command
  local status=0
  timeout -k 10 "$@" </dev/null &
  running+=($!)
  wait $! || status=$?
  unset 'running[-1]'
  return "$status"
}

if [[ ! -d $WINEPREFIX ]]; then
  mkdir "$WINEPREFIX"
  # Older ones node.exe refuses to run on.
  within 120 "$loader" winecfg -v win10 >"$folder/wine.log" 2>&1 || { cat "$folder/wine.log" >&2; exit 1; }
fi

# First the package as a user gets it, loaded by node-gyp-build. Under another name too: what the addon needs of Node comes from
# the program that has loaded it.
ln -f "$node_exe" "$folder/other.exe"
for program in "$node_exe" "$folder/other.exe"; do
  status=0
  within 60 "$loader" "$program" "Z:${folder//\//\\}\\smoke.mjs" >"$folder/smoke.log" 2>&1 || status=$?
  cat "$folder/smoke.log"
  if ((status)); then exit "$status"; fi
done

# node.exe hangs on pipes under Wine: files are its standard output, shown as they grow.
log=$folder/log
: >"$log"
tail -f -n +1 "$log" &
running+=($!)
status=0
# prebuilds/, and not what was built for this system
PREBUILDS_ONLY=1 within "${TEST_WINDOWS_SECONDS:-900}" "$loader" "$node_exe" \
  node_modules/mocha/bin/mocha.js --no-color --exit "$@" >>"$log" 2>&1 || status=$?
sleep 1
if ((status == 124)); then echo "test-windows: stopped, it took too long" >&2; fi
exit "$status"
