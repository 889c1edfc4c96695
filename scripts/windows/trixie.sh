#!/usr/bin/env bash
# suite.sh in a root of Debian trixie, whose Wine 10 runs what Debian bookworm's Wine 8 does not:
# trixie.sh FOLDER ROOT NODE_EXE... [-- mocha's arguments].
#
# ROOT is made by debootstrap, of packages from the mirror that this machine's own apt has. All is mounted in a mount namespace
# of this process alone: outside of it nothing ever is, so that ROOT can be removed at any time. With its processes in a
# namespace of their own, none outlives it. Where this can't be had, it says why and ends with 0.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
  echo "test-windows: Wine 10 skipped: $1"
  exit 0
}

if [[ ${1:-} != --inside ]]; then
  folder=$1 root=$2
  if [[ $(id -u) != 0 ]]; then skip 'not root, to make a root of Debian'; fi
  if [[ $(uname -m) != x86_64 ]]; then skip 'not on x64'; fi
  if ! command -v apt-get >/dev/null; then skip 'no apt, to tell a mirror of Debian'; fi
  mirror() { # of Debian itself: Ubuntu's, for one, has no trixie. Known once apt has its lists.
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' |
      awk '$1 == "Debian" && $2 == "Debian" && !found++ { print $3 }'
  }
  mirror=$(mirror || true)
  if [[ -z $mirror ]]; then
    timeout 300 apt-get update -qq >/dev/null 2>&1 || true
    mirror=$(mirror || true)
  fi
  if [[ -z $mirror ]]; then skip "apt's sources name no mirror of Debian that can be reached"; fi
  if ! unshare --mount --pid --fork --kill-child --propagation private true 2>/dev/null; then
    skip 'no namespaces are permitted'
  fi
  reason=$(bash scripts/install-tools.sh --no-install-recommends debootstrap:debootstrap) || skip "$reason"
  # debootstrap has wget fetch, which knows nothing of apt's proxy.
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  if [[ -n ${proxy:-} ]]; then export http_proxy=$proxy; fi

  rm -f "$folder/ready"
  status=0
  timeout -k 2 "${TEST_WINDOWS_ROOT_SECONDS:-3600}" unshare --mount --pid --fork --kill-child --propagation private \
    bash scripts/windows/trixie.sh --inside "${mirror%/}" "$@" </dev/null &
  running=$!
  # It ends soon after this one then, and all in its namespaces with it.
  trap 'kill $running; wait $running || true; exit 143' HUP INT TERM
  wait "$running" || status=$?
  if [[ ! -e $folder/ready ]]; then skip "$(tail -n 1 "$folder/root.log")"; fi
  exit "$status"
fi

mirror=$2 folder=$3 root=$4
shift 4
programs=()
while (($#)) && [[ $1 != -- ]]; do
  programs+=("$1")
  shift
done
shift || true

start=$SECONDS
mkdir -p "$root"
{
  timeout 600 debootstrap --force-check-gpg --variant=minbase trixie "$root" "$mirror"
  # localhost, and what else has no other server to ask
  cp /etc/hosts "$root/etc/hosts"
  # Not needed: 32-bit programs and documentation
  {
    printf 'path-exclude %s\n' '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' '*/wine/i386-windows/*'
    echo force-unsafe-io
  } >"$root/etc/dpkg/dpkg.cfg.d/small"
  unset TMPDIR
  mount -t proc proc "$root/proc"
  export HOME=/root LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  timeout 120 chroot "$root" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive timeout 600 chroot "$root" apt-get install -y --no-install-recommends wine wine64
  size=$(du -smx "$root" | cut -f 1)
  for shared in "$PWD" "$folder"; do
    mkdir -p "$root$shared"
    mount --bind "$shared" "$root$shared"
  done
  # The suite has nothing to write there.
  mount -o remount,bind,ro "$root$PWD"
} >"$folder/root.log" 2>&1
loader=/usr/lib/wine/wine64
version=$(chroot "$root" "$loader" --version)
fetched=$(awk '/^Need to get/ { print $4, $5 }' "$folder/root.log")
echo "test-windows: a root of Debian trixie with $version: $((SECONDS - start)) s, $size MB, $fetched fetched for Wine"
: >"$folder/ready"

# What else is set may name files that are not in there: NODE_EXTRA_CA_CERTS.
settings=("HOME=$HOME" "LC_ALL=$LC_ALL" "PATH=$PATH")
for name in ${!SOCKET_LINGER_@} ${!TEST_WINDOWS_@}; do settings+=("$name=${!name}"); done
status=0
for program in "${programs[@]}"; do
  env -i "${settings[@]}" chroot "$root" bash "$PWD/scripts/windows/suite.sh" "$loader" "$folder" "$program" "$@" || status=$?
done
exit "$status"
