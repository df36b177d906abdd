#!/usr/bin/env bash
# Two thousand short worlds in which everything goes wrong, and a mistake told as a story with the command that replays
# it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

BERTH_SEED=100000 BERTH_CARDS=2 BERTH_STEPS=12 "$here/simulate" --seeds 2000

if "$BERTH" simulate --seeds 100 --flaw deletes-before-durable >"$WORK/said" 2>&1; then
    printf 'a deletion before the vault was durable was not found\n' >&2
    exit 1
fi
# What it says is short, and its command breaks the same again.
again=$(tr -s '\n ' ' ' <"$WORK/said" | grep -o 'berth simulate --seed .*--flaw [a-z-]*' | head -1)
[[ -n $again ]] || { printf 'no command replays it:\n%s\n' "$(<"$WORK/said")" >&2; exit 1; }
read -ra words <<<"$again"
if "$BERTH" "${words[@]:1}" --whole >"$WORK/again" 2>&1; then
    printf 'the command does not break it again: %s\n' "$again" >&2
    exit 1
fi
why() { grep -m1 -o 'why:.*' "$1"; }
[[ $(why "$WORK/said") == $(why "$WORK/again") ]] || { printf 'it broke in another way\n' >&2; exit 1; }
events() { grep -m1 -o '[0-9]* events' "$1" | grep -o '[0-9]*'; }
[[ $(events "$WORK/said") -lt $(events "$WORK/again") ]] || { printf 'the story is not shorter\n' >&2; exit 1; }
