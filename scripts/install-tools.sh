#!/usr/bin/env bash
# Sees to the programs that something needs: installs those that are missing, as root on Debian.
#
#   scripts/install-tools.sh [--no-install-recommends] PROGRAM:PACKAGE ...
#
# Exit status 1 if one is missing all the same; standard output says which, and why, and nothing else. What that means is
# the caller's to decide.
set -euo pipefail

options=()
if [[ ${1-} == --no-install-recommends ]]; then
  options+=("$1")
  shift
fi

packages_of_missing() { # PROGRAM:PACKAGE ...
  local tool
  for tool in "$@"; do
    command -v "${tool%%:*}" >/dev/null || echo "${tool#*:}"
  done
}

install() { # package ...
  local apt=(apt-get -qq -o Acquire::Retries=3)
  echo "install-tools: $*" >&2
  "${apt[@]}" update >&2 && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y "${options[@]}" "$@" >&2
}

mapfile -t missing < <(packages_of_missing "$@")
if ((${#missing[@]} == 0)); then exit; fi
if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
  echo "not installed, and not root on Debian to install them: ${missing[*]}"
  exit 1
fi
install "${missing[@]}" || true
mapfile -t missing < <(packages_of_missing "$@")
if ((${#missing[@]})); then
  echo "not installed, and apt-get could not install them: ${missing[*]}"
  exit 1
fi
