#!/usr/bin/env bash
# A program that is killed while it writes to a virtual card leaves the card as it was before the command or after it,
# and two programs never have the same card.
set -euo pipefail
cd "$WORK"
export XDG_STATE_HOME=$WORK/state
rounds=${BERTH_KILL_ROUNDS:-60}

fail() {
    echo "$1" >&2
    exit 1
}

# The card's sequence counter: every session writes it once, and it only grows.
counter() {
    local info
    info=$("$BERTH" card info "$1" --json) || fail "the card cannot be opened any more: $info"
    [[ $info =~ \"sequenceCounter\":([0-9]+) ]] || fail "no counter in: $info"
    echo "${BASH_REMATCH[1]}"
}

# Sessions one after the other, until it is killed. The shell runs them, so its whole group is killed.
sessions() {
    set -m
    (
        # The one killed before may still be on its way out, with the card in its hands.
        while :; do
            "$BERTH" gp list --card "$1" --json >worker.out 2>&1 || [[ $? -eq 75 ]] || break
        done
    ) &
    worker=$!
    set +m
}

"$BERTH" card create killed.card --profile javacard-80k-predictable --seed 2A >/dev/null
serial=$("$BERTH" card info killed.card --json | grep -oE '"serial":"[0-9A-F]+"')
RANDOM=1971
# How long one session takes now. A session is killed anywhere in its course, on a slow machine as on a fast one, and on
# one that is slow for a while.
measure() {
    local started status=75
    # The one killed before may still be on its way out, with the card in its hands.
    while [[ $status -eq 75 ]]; do
        status=0
        started=${EPOCHREALTIME/[.,]/}
        "$BERTH" gp list --card "$1" --json >measure.out 2>&1 || status=$?
        session_us=$((${EPOCHREALTIME/[.,]/} - started))
    done
    [[ $status -eq 0 ]] || fail "a session ended with $status: $(<measure.out)"
    measured=$((measured + 1))
}

measured=0
before=0
killed=0
for ((round = 1; round <= rounds; round++)); do
    [[ $((round % 10)) -ne 1 ]] || measure killed.card
    sessions killed.card
    printf -v pause '%06d' $((session_us * (RANDOM % 280 + 20) / 100))
    sleep "$((10#$pause / 1000000)).${pause: -6}"
    kill -9 -- "-$worker" 2>/dev/null && killed=$((killed + 1))
    wait "$worker" 2>/dev/null || true
    now=$(counter killed.card)
    [[ $now -ge $before ]] || fail "round $round: the counter went back from $before to $now (seed 1971)"
    before=$now
done
[[ $killed -eq $rounds ]] || fail "only $killed of $rounds were killed: $(cat worker.out)"
survived=$((before - measured))
[[ $survived -gt $((rounds / 4)) ]] || fail "only $survived sessions in $rounds rounds: nothing was at stake"
[[ $("$BERTH" card info killed.card --json) == *"$serial"* ]] || fail "the card is another one"
"$BERTH" gp list --card killed.card >/dev/null 2>&1 || fail "the card does not work any more"
[[ $(counter killed.card) -eq $((before + 1)) ]] || fail "the next session did not count one"

# Two programs: each one has the card to itself, or is told that it is in use.
"$BERTH" card create shared.card --profile javacard-80k-predictable >/dev/null
worker() {
    local done=0 status attempt
    for ((attempt = 0; attempt < 20; attempt++)); do
        status=0
        "$BERTH" gp list --card shared.card --json >"$1.out" 2>&1 || status=$?
        case $status in
        0) done=$((done + 1)) ;;
        75) grep -q card-in-use "$1.out" || fail "no word of the other program: $(cat "$1.out")" ;;
        *) fail "exit code $status: $(cat "$1.out")" ;;
        esac
    done
    echo "$done" >"$1.done"
}
worker first &
first=$!
worker second &
second=$!
wait "$first"
wait "$second"
total=$(($(cat first.done) + $(cat second.done)))
[[ $(counter shared.card) -eq $total ]] || fail "$total sessions, but the card counted $(counter shared.card)"
[[ $total -gt 0 ]] || fail "neither program got the card"
