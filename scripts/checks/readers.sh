#!/usr/bin/env bash
# The private PC/SC daemon gives its command working readers, its exit code back, and leaves nothing running.
set -euo pipefail
with_pcscd=$(cd "$(dirname "${BASH_SOURCE[0]}")/../lib" && pwd)/with-pcscd
cd "$WORK"

# Each entry shows as two readers: the driver has two slots.
"$with_pcscd" --readers 2 opensc-tool --list-readers >readers
[[ $(grep -c ' No .*Berth [01] 00 0[01]$' readers) -eq 4 ]] || { cat readers >&2; exit 1; }

status=0
# shellcheck disable=SC2016 # for the inner shell, which has the ports
"$with_pcscd" --readers 2 bash -c 'echo "$BERTH_VPCD_PORTS" >ports; exit 7' || status=$?
[[ $status -eq 7 ]] || { echo "exit code $status instead of 7" >&2; exit 1; }
read -ra ports <"$WORK/ports"
[[ ${#ports[@]} -eq 2 ]]
for port in "${ports[@]}"; do
    ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "port $port is still open" >&2; exit 1; }
done
