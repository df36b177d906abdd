#!/usr/bin/env bash
# Real processes and a few real faults of each kind, on both engines: nothing is lost, nothing happens twice.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

cuts=1
[[ $EUID -eq 0 ]] || cuts=0
common=(--seed 20261121 --nodes-killed 2)
"$here/faults" "${common[@]}" --cards 2 --terminals-killed 2 --cards-pulled 2 --networks-cut "$cuts" | tee "$WORK/said"
"$here/faults" "${common[@]}" --cards 1 --terminals-killed 1 --cards-pulled 1 --networks-cut 0 --nodes 2 \
    --databases-restarted 1 | tee -a "$WORK/said"
[[ $(grep -c 'every application is in one place' "$WORK/said") -eq 2 ]]
