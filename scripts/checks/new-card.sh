#!/usr/bin/env bash
# A holder whose card is lost takes a blank one, by `berth terminal new-card`: what was added at the terminal comes back, what
# was in custody with its data, and the old card is over.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$WORK"
export XDG_CONFIG_HOME=$WORK/config XDG_STATE_HOME=$WORK/state BERTH_TERMINAL=$WORK/terminal
# shellcheck source=../lib/sample-centre.sh
source "$here/lib/sample-centre.sh"
have_berth "$BERTH" "$WORK/bin"

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

start_centre centre --listen 127.0.0.1:0
trap 'kill "$centre_pid" 2>/dev/null || true; wait' EXIT
berth card examples caps >/dev/null
sample_catalogue caps
sample_card old.card
ENROLMENT_CODE=$(enrolment_code lobby-1) berth terminal enrol "$centre_url" --terminal lobby-1 \
    --pin "${centre_print//:/}" --code env:ENROLMENT_CODE >/dev/null 2>&1

terminal() { berth terminal "$@" --yes --json >said 2>errors; }
for name in purse pass loyalty; do terminal add "$name" --card old.card || fail "$name: $(<said) $(<errors)"; done
terminal park purse --card old.card || fail "the purse was not parked: $(<said)"
terminal remove loyalty --card old.card || fail "loyalty was not removed: $(<said)"
flags=$(berth holders list-programs "$SAMPLE_HOLDER" --json)
for name in purse pass; do
    grep -q "\"isUsed\":true,\"release\":\"$name@1.0\"" <<<"$flags" || fail "$name is not used: $flags"
done
! grep -q loyalty <<<"$flags" || fail "what was removed is used: $flags"

blank_card new.card
new_card() { terminal new-card --holder "$SAMPLE_HOLDER" --expiry 2040-12-31 --password "env:$1" --card new.card; }
export WRONG=sea-lights
! new_card SAMPLE_PASSWORD || fail "a card was taken that nobody had permitted"
berth holders permit-issue "$SAMPLE_HOLDER" --from "$(date -u +%F)" --through "$(date -u +%F)" >/dev/null
! new_card WRONG || fail "a wrong password took a card"
new_card SAMPLE_PASSWORD || fail "the new card was not made: $(<said) $(<errors)"
grep -q '"event":"new-card","issueNumber":2' said || fail "it is not the second card: $(<said)"

berth terminal list --card new.card --json >said
grep '"event":"list"' said >list
for name in purse pass identity; do grep -q "\"$name\"" list || fail "$name did not come back: $(<list)"; done
! grep -q loyalty list || fail "what was removed came back: $(<list)"
berth cards get "$(berth card info old.card --json | field cardId)" --json | grep -q retired || fail "the old card lives"
