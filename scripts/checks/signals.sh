#!/usr/bin/env bash
# A signal ends a program that waits for a person or for another program at once: nothing is under way on the card, and
# what it waits for may never come. What is no regular file is not taken for a card, however long one could read it.
set -euo pipefail
cd "$WORK"
export XDG_STATE_HOME=$WORK/state

fail() {
    echo "$1" >&2
    exit 1
}

"$BERTH" card create waiting.card --profile javacard-80k >/dev/null
before=$(cksum <waiting.card)
mkfifo silent
exec 7<>silent

# The program gets the signal once it has the card, which it has before it asks.
ends() {
    local number=$1 signal=$2 program status=0 tries
    shift 2
    "$BERTH" "$@" <&7 >answer 2>&1 &
    program=$!
    sleep 0.5
    kill -0 "$program" 2>/dev/null || fail "$*: did not wait: $(<answer)"
    kill -s "$signal" "$program"
    for ((tries = 0; tries < 200; tries++)); do
        kill -0 "$program" 2>/dev/null || break
        sleep 0.05
    done
    kill -9 "$program" 2>/dev/null && fail "$*: waits on after SIG$signal"
    wait "$program" || status=$?
    [[ $status -eq $number ]] || fail "$*: SIG$signal ended it with $status"
}

for case in "143 TERM" "129 HUP"; do
    read -r number signal <<<"$case"
    ends "$number" "$signal" gp list --card waiting.card --key -
    ends "$number" "$signal" gp list --card waiting.card --key fd:0
    mkfifo "key.$signal"
    ends "$number" "$signal" gp list --card waiting.card --key "file:key.$signal"
done
# The same at a prompt that shows nothing: a terminal of its own, on which nobody types.
for case in "143 TERM" "130 INT" "129 HUP"; do
    read -r number signal <<<"$case"
    rm -f prompt.pid
    status=0
    # shellcheck disable=SC2016 # for the shell inside
    script -qefc 'echo $$ >prompt.pid; exec "$BERTH" gp list --card waiting.card --key prompt' prompt.log \
        <&7 >/dev/null 2>&1 &
    terminal=$!
    sleep 0.7
    kill -s "$signal" "$(<prompt.pid)" || fail "the prompt did not wait: $(<prompt.log)"
    wait "$terminal" || status=$?
    [[ $status -eq $number ]] || fail "SIG$signal at a hidden prompt ended it with $status"
done
[[ $(cksum <waiting.card) == "$before" ]] || fail "a card that was only waited with has changed"

for special in silent /dev/zero; do
    for verb in "gp info --card" "card info" "card log"; do
        status=0
        # shellcheck disable=SC2086
        timeout -s KILL 10 "$BERTH" $verb "$special" >answer 2>&1 || status=$?
        [[ $status -eq 65 || $status -eq 66 ]] || fail "$verb $special ended with $status: $(<answer)"
    done
done

# A limit on the size of files stands in for a full disk: what could not be written whole is not left in the way.
if (trap '' XFSZ && ulimit -f 1 && "$BERTH" card create full.card --profile javacard-80k >answer 2>&1); then
    fail "a card of more than the limit was made: $(<answer)"
fi
[[ ! -e full.card ]] || fail "half a card stays in the way of the next try"
"$BERTH" card create full.card --profile javacard-80k >/dev/null || fail "the next try failed too"

# What stands where berth remembers things, and is none of its files, is a matter of the configuration.
for name in authentication-failures memory-seen; do
    rm -f "$XDG_STATE_HOME/berth/$name"
    mkdir -p "$XDG_STATE_HOME/berth/$name"
    status=0
    "$BERTH" gp list --card waiting.card >answer 2>&1 || status=$?
    rmdir "$XDG_STATE_HOME/berth/$name"
    [[ $status -eq 78 ]] || fail "a folder in the place of $name ended it with $status: $(<answer)"
done
