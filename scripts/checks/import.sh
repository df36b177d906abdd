#!/usr/bin/env bash
# The import of many cards, with few: both ends are killed in the middle, and no row is lost, nor taken twice.
# Needs: python3
set -euo pipefail
TMPDIR=$WORK BERTH_BASE_PORT=$((20000 + $$ % 10000)) "$(dirname "${BASH_SOURCE[0]}")/../bench-import" --rows 6000
