#!/usr/bin/env bash
# `--wait` at a real terminal: a bar that moves while the card is worked on, and ends with the operation; nothing is drawn
# where nobody watches, and nothing is said with --json.
# Needs: python3
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$WORK"
export XDG_CONFIG_HOME=$WORK/config XDG_STATE_HOME=$WORK/state BERTH_TERMINAL=$WORK/terminal
# shellcheck source=../lib/sample-centre.sh
source "$here/lib/sample-centre.sh"
have_berth "$BERTH" "$WORK/bin"

fail() {
    printf '%s\n' "$1" >&2
    cat -v shown said noted >&2 2>/dev/null || true
    exit 1
}

# shellcheck source=../lib/await.sh
source "$here/lib/await.sh"

# How far the bar was, each time it was drawn: a bar of 40 cells at most, and the figure behind it.
drawn() { tr '\r' '\n' <shown | sed -n 's/^operation \[#*\.*\] *\([0-9]*\) %.*/\1/p'; }
is_between() { drawn | awk '$1 > 0 && $1 < 100 { found = 1 } END { exit !found }'; }
work() { berth terminal work --card card --json >worked 2>&1; }
request() { berth operations request "$card_id" --wishes "{\"kind\":\"$1\",\"application\":\"$2\"}" --wait "${@:3}"; }
is_asked() { berth operations list-card "$card_id" --json | grep -qE '"state":"(waiting|running)"'; }

start_centre centre --listen 127.0.0.1:0
waiting=()
# shellcheck disable=SC2317 # called by the trap
end() {
    kill "$centre_pid" "${waiting[@]}" 2>/dev/null || true
    wait
}
trap end EXIT
berth card examples caps >/dev/null
sample_catalogue caps
blank_card card
ENROLMENT_CODE=$(enrolment_code desk) berth terminal enrol "$centre_url" --terminal desk \
    --pin "${centre_print//:/}" --code env:ENROLMENT_CODE >/dev/null 2>&1
# Nobody has read yet what the card holds.
work || fail "the card is not read: $(<worked)"

# At a terminal: the card is torn while it gets the library, and once more when the centre has seen that it has it. The bar
# stands somewhere between then, and goes on with the card.
python3 "$here/lib/at-a-terminal.py" berth operations request "$card_id" \
    --wishes '{"kind":"add","application":"loyalty"}' --wait >shown &
watcher=$!
waiting+=("$watcher")
await "a bar" grep -q '\[\.*\] *0 %' shown
for place in 8 3; do
    berth card tear card --at "$place" >/dev/null
    ! work || fail "the card was not torn"
done
await "the bar does not move" is_between
[[ $(drawn | tail -n 1) -lt 100 ]] || fail "it is at the end before the work is"
work || fail "the work does not go on: $(<worked)"
wait "$watcher" || fail "what was waited for ended with $?"
drawn | sort -nc || fail "the bar went back"
# ECMA-48: the bar's line is taken back, and one that stays has its place.
grep -q $'\r\e\[Koperation: done in [0-9]' shown || fail "the bar does not end"
tr '\r' '\n' <shown | awk 'length($0) > 90 { exit 1 }' || fail "a line is wider than the terminal"

# Nobody watches: lines, and nothing drawn or written over. A program is told nothing but the result.
request remove loyalty >said 2>noted &
waiting+=("$!")
await "it is asked for" is_asked
work
wait "$!" || fail "without a terminal it ended with $?"
grep -q '^operation: done in' noted || fail "it does not say that it is over"
! grep -q $'[\r\e#]' noted said || fail "something is drawn where nobody watches"
request add purse --json >said 2>noted &
waiting+=("$!")
await "it is asked for" is_asked
work
wait "$!" || fail "with --json it ended with $?"
[[ ! -s noted ]] || fail "with --json it said: $(<noted)"
[[ $(jq -r .state said) == "done" ]] || fail "with --json the result is: $(<said)"
