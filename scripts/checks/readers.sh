#!/usr/bin/env bash
# The private PC/SC daemon gives its command working readers, its exit code back, and leaves nothing running.
set -euo pipefail
private_pcscd=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/private-pcscd
cd "$WORK"

"$private_pcscd" --readers 2 -- opensc-tool --list-readers >readers
[[ $(grep -c ' No .*Berth Virtual 1 00 0[01]$' readers) -eq 2 ]] || { cat readers >&2; exit 1; }

status=0
# shellcheck disable=SC2016 # for the inner shell, which has the ports
"$private_pcscd" --readers 4 -- bash -c 'echo "$BERTH_VPCD_PORTS" >ports; exit 7' || status=$?
[[ $status -eq 7 ]] || { echo "exit code $status instead of 7" >&2; exit 1; }
read -ra ports <"$WORK/ports"
[[ ${#ports[@]} -eq 4 ]] || { echo "ports: ${ports[*]}" >&2; exit 1; }
for port in "${ports[@]}"; do
    ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "port $port is still open" >&2; exit 1; }
done
