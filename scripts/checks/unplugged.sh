#!/usr/bin/env bash
# A reader that is unplugged, between commands and in the middle of one: the program says so at once and goes on when
# it is back.
set -euo pipefail
private_pcscd=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/private-pcscd
export XDG_STATE_HOME=$WORK/state
# The card in the reader is a sample card.
export BERTH_KEY=default
cd "$WORK"
reader="Berth Virtual 1 00 00"

fail() {
    echo "$1" >&2
    tail -n 5 watched answer >&2 2>/dev/null || true
    exit 1
}

await_seconds=20
# shellcheck source=../lib/await.sh
source "$(dirname "$private_pcscd")/lib/await.sh"

# How often the watcher told of it.
told() { grep -cF "\"event\":\"$1\",\"reader\":\"$reader\"" watched || true; }
has_told() { [[ $(told "$1") -ge $2 ]]; }

# gone LABEL COMMAND…: the command ends soon, and says that the reader is not there.
gone() {
    local label=$1 status=0 started=$SECONDS
    shift
    timeout -s KILL 30 "$@" >answer 2>&1 || status=$?
    [[ $status -eq 69 ]] || fail "$label: exit code $status"
    [[ $((SECONDS - started)) -lt 10 ]] || fail "$label: took $((SECONDS - started)) s"
}
says() { grep -qF "$1" answer || fail "expected \"$1\" in: $(<answer)"; }

between_commands() {
    "$private_pcscd" unplug "$BERTH_PCSCD_DIR"
    await "the watcher tells that the reader is gone" has_told reader-removed 1
    [[ $(told card-removed) -eq 1 ]] || fail "nobody told of the card in it"
    gone "a command to a reader that is gone" "$BERTH" gp list --reader "$reader"
    "$private_pcscd" plug "$BERTH_PCSCD_DIR"
    await "the watcher tells that the card is back" has_told card-inserted 2
    "$BERTH" gp list --reader "$reader" >answer 2>&1 || fail "the reader is back, but: $(<answer)"
}

# In the first answer, in the handshake, and in an installation that is under way.
in_a_command() {
    local passed times=2
    for passed in 0 3 9; do
        "$private_pcscd" unplug "$BERTH_PCSCD_DIR" "$passed"
        gone "unplugged after $passed commands" "$BERTH" gp install caps/purse.cap --reader "$reader"
        says "is not there any more"
        says "berth reader list"
        await "the watcher tells that the reader is gone" has_told reader-removed "$times"
        times=$((times + 1))
        "$private_pcscd" plug "$BERTH_PCSCD_DIR"
        await "the watcher tells that the card is back" has_told card-inserted "$times"
    done
    "$BERTH" gp install caps/purse.cap --reader "$reader" >answer 2>&1 || fail "it does not go on: $(<answer)"
    "$BERTH" gp list --reader "$reader" >answer 2>&1 || fail "the card does not work: $(<answer)"
    says F042657274680201
}

if [[ ${1:-} == --beside-pcscd ]]; then
    "$BERTH" card run desk.card --wait --port "$BERTH_VPCD_PORT" >run.out 2>&1 &
    runner=$!
    "$BERTH" reader watch --json >watched 2>&1 &
    watcher=$!
    # shellcheck disable=SC2064 # these two
    trap "kill $runner $watcher 2>/dev/null || true" EXIT
    await "the card is in" has_told card-inserted 1
    between_commands
    in_a_command
    exit
fi

"$BERTH" card create desk.card --profile javacard-80k >/dev/null
"$BERTH" card examples caps >/dev/null
"$private_pcscd" --unpluggable -- "$(dirname "$private_pcscd")/checks/unplugged.sh" --beside-pcscd
