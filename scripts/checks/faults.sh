#!/usr/bin/env bash
# Real processes and a few real faults of each kind, on both engines: nothing is lost, nothing happens twice.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

cuts=1
[[ $EUID -eq 0 ]] || cuts=0
common=(--seed 20261121 --cards 2 --terminals-killed 3 --cards-pulled 3 --networks-cut "$cuts")
"$here/faults" "${common[@]}" --nodes-killed 2 | tee "$WORK/said"
"$here/faults" "${common[@]}" --nodes 2 --nodes-killed 2 --databases-restarted 1 | tee -a "$WORK/said"
[[ $(grep -c 'every application is in one place' "$WORK/said") -eq 2 ]]
