#!/usr/bin/env bash
# Virtual cards through the real PC/SC stack: other people's tools see them, talk to them, and see them go.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export XDG_STATE_HOME=$WORK/state
await_seconds=20

fail() {
    echo "$1" >&2
    # What the cards' program said explains most failures.
    cat "$WORK"/run.out "$WORK"/run.err >&2 2>/dev/null || true
    exit 1
}

# shellcheck source=../lib/await.sh
source "$here/lib/await.sh"

# expect LABEL WANTED ACTUAL: the wanted text is part of the actual one.
expect() {
    [[ $3 == *"$2"* ]] || fail "$1: expected \"$2\" in: $3"
}

# refuse LABEL EXIT-CODE COMMAND…
refuse() {
    local label=$1 wanted=$2 status=0
    shift 2
    "$@" >"$WORK/refused" 2>&1 || status=$?
    [[ $status -eq $wanted ]] || fail "$label: exit code $status instead of $wanted: $(cat "$WORK/refused")"
}

# The state of reader 0 or 1 as opensc-tool tells it; all of it is read, or the tool would fail for a closed pipe.
is_card_in() { opensc-tool --list-readers 2>/dev/null | grep -E >/dev/null "^$1 +Yes"; }
is_reader_empty() { opensc-tool --list-readers 2>/dev/null | grep -E >/dev/null "^$1 +No"; }
is_running() { [[ $(grep -c 'is in the reader' run.out) -ge $1 ]]; }

counter() { "$BERTH" card info "$1" --json | grep -oE '"sequenceCounter":[0-9]+' | head -n 1 | grep -oE '[0-9]+$'; }
free_bytes() { "$BERTH" card info "$1" --json | grep -oE '"freeNonVolatile":[0-9]+'; }

with_two_cards() {
    local ports runner status=0
    read -ra ports <<<"$BERTH_VPCD_PORTS"
    "$BERTH" card run one.card two.card --port "${ports[0]}" --port "${ports[1]}" >run.out 2>run.err &
    runner=$!
    # shellcheck disable=SC2064 # this runner, whatever the variable says later
    trap "kill $runner 2>/dev/null || true" EXIT
    await "both cards are in" is_running 2
    await "the service sees card 1" is_card_in 0
    await "the service sees card 2" is_card_in 1

    expect "ATR in reader 0" "3b:87:81:31:fe:45:80:65:42:45:52:54:48:20" "$(opensc-tool -r 0 -a)"
    expect "ATR in reader 1" "3b:" "$(opensc-tool -r 1 -a)"
    expect "SELECT" "SW1=0x90, SW2=0x00" "$(opensc-tool -r 0 -s 00A4040000)"
    expect "production data" "9F 7F 2A" "$(opensc-tool -r 0 -s 80CA9F7F00)"
    expect "a refusal" "SW1=0x6A, SW2=0x88" "$(opensc-tool -r 0 -s 80CA123400)"
    # T=0: the answer is fetched with GET RESPONSE by the tool itself.
    expect "SELECT over T=0" "SW1=0x90, SW2=0x00" "$(opensc-tool -r 1 -s 00A4040000)"
    expect "pcsc_scan" "3B 87 81 31 FE 45 80 65 42 45 52 54 48 20" "$(timeout 5 pcsc_scan -n -c 2>&1 || true)"

    expect "gp info" "42455254480F" "$("$BERTH" gp info --reader "Virtual 1 00 00")"
    for reader in "Virtual 1 00 00" "Virtual 1 00 01"; do
        expect "gp list in $reader" "OP_READY" "$("$BERTH" gp list --reader "$reader" --key default 2>&1)"
    done
    expect "log" "INITIALIZE UPDATE" "$("$BERTH" card log one.card --brief)"

    in_and_out
    torn_in_the_reader
    kill -TERM "$runner"
    wait "$runner" || status=$?
    [[ $status -eq 0 ]] || fail "card run ended with $status after SIGTERM"
    await "reader 0 is empty" is_reader_empty 0
    await "reader 1 is empty" is_reader_empty 1
    [[ ! -e one.card.control && ! -e two.card.control ]] || fail "control sockets are left"
    trap - EXIT
}

in_and_out() {
    refuse "a card is in one place at a time" 75 "$BERTH" gp info --card one.card
    refuse "nor can it be deleted there" 75 "$BERTH" card delete one.card --yes
    refuse "nor run twice" 75 "$BERTH" card run one.card --port 1
    expect "info of a running card" "freeNonVolatile" "$(free_bytes one.card)"
    expect "remove" "out of the reader" "$("$BERTH" card remove one.card)"
    await "the service sees that card 1 is gone" is_reader_empty 0
    is_card_in 1 || fail "card 2 went with card 1"
    refuse "no card, no list" 69 "$BERTH" gp info --reader "Virtual 1 00 00"
    expect "a card that is out is free for others" "42455254480F" "$("$BERTH" gp info --card one.card)"
    expect "insert" "in the reader" "$("$BERTH" card insert one.card)"
    await "the service sees card 1 again" is_card_in 0
    expect "SELECT again" "SW1=0x90, SW2=0x00" "$(opensc-tool -r 0 -s 00A4040000)"
}

# INITIALIZE UPDATE on this card writes its sequence counter: the first write of the command is torn.
torn_in_the_reader() {
    local before
    before=$(counter one.card)
    "$BERTH" card remove one.card >/dev/null
    "$BERTH" card tear one.card --at 1 >/dev/null
    "$BERTH" card insert one.card >/dev/null
    await "the service sees the card to be torn" is_card_in 0
    opensc-tool -r 0 -s 00A4040000 -s 80500000080102030405060708 >torn 2>&1 || true
    [[ $(grep -c 'SW1=0x90' torn) -eq 1 ]] || fail "the card was not torn: $(cat torn)"
    await "the torn card comes back" grep -q 'goes in again' run.out
    await "the service sees the card after the tear" is_card_in 0
    [[ $(counter one.card) -eq $before ]] || fail "the torn command changed the card"
    await "it answers after the tear" answers_again
    [[ $(counter one.card) -gt $before ]] || fail "the card is stuck after its tear"
    expect "log of the tear" "the power went away" "$("$BERTH" card log one.card)"
}

answers_again() {
    opensc-tool -r 0 -s 00A4040000 -s 80500000080102030405060708 >again 2>&1 || true
    [[ $(grep -c 'SW1=0x90' again) -eq 2 ]]
}

waiting_for_a_reader() {
    local runner ports
    read -ra ports <<<"$BERTH_VPCD_PORTS"
    "$here/private-pcscd" stop "$BERTH_PCSCD_DIR"
    refuse "no service, no card" 69 "$BERTH" card run one.card --port "${ports[0]}"
    : >run.out
    "$BERTH" card run one.card --wait --port "${ports[0]}" >run.out 2>run.err &
    runner=$!
    # shellcheck disable=SC2064
    trap "kill $runner 2>/dev/null || true" EXIT
    "$here/private-pcscd" start "$BERTH_PCSCD_DIR"
    await "the waiting card went in" is_card_in 0
    expect "SELECT after waiting" "SW1=0x90, SW2=0x00" "$(opensc-tool -r 0 -s 00A4040000)"
    kill -INT "$runner"
    wait "$runner" || fail "card run ended with $? after SIGINT"
    trap - EXIT
}

if [[ ${1:-} == --in-a-reader ]]; then
    cd "$WORK"
    with_two_cards
    waiting_for_a_reader
    exit
fi

cd "$WORK"
"$BERTH" card create one.card --profile javacard-80k-predictable --seed 01 >/dev/null
"$BERTH" card create two.card --profile small-16k >/dev/null
"$here/private-pcscd" --readers 2 -- "$here/checks/cards.sh" --in-a-reader
