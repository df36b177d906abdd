#!/usr/bin/env bash
# Every operation, cut at a sample of the points and pairs of points where it can be cut.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

BERTH_SAMPLE=9 "$here/simulate" --exhaustive 101 | tee "$WORK/said"
read -r points _ _ pairs _ < <(tail -1 "$WORK/said")
[[ $points -gt 300 && $pairs -gt 20 ]] || { printf 'hardly anything was cut\n' >&2; exit 1; }
