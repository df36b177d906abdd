#!/usr/bin/env bash
# Two thousand short worlds in which everything goes wrong, on all processors; and one mistake that must be found.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

BERTH_SEED=100000 BERTH_CARDS=2 BERTH_STEPS=12 "$here/simulate" --seeds 2000

if "$BERTH" simulate --seeds 100 --flaw deletes-before-durable --whole >"$WORK/said" 2>&1; then
    printf 'a deletion before the vault was durable was not found\n' >&2
    exit 1
fi
grep -q 'berth simulate --seed' "$WORK/said" || { printf 'no command replays it:\n%s\n' "$(<"$WORK/said")" >&2; exit 1; }
