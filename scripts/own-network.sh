#!/usr/bin/env bash
# Runs a command in a network namespace of its own, with nothing but loopback, where that is permitted; elsewhere as it is. A
# suite that runs beside others is alone with its ports then: one that a test has found to be free stays free.
#
#   scripts/own-network.sh COMMAND [ARGUMENTS]
set -euo pipefail
if unshare --net ip link set lo up 2>/dev/null; then
  exec unshare --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
fi
exec "$@"
