#!/usr/bin/env bash
# A terminal as a service: two readers at once, and a page that asks and consents over its socket.
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
    tail -n 20 service.out service.err >&2
    exit 1
}

# shellcheck source=../lib/await.sh
source "$here/lib/await.sh"

if [[ ${1:-} == --in-a-reader ]]; then
    berth card run one.card two.card --port "$BERTH_VPCD_PORT" --port "${BERTH_VPCD_PORTS#* }" >run.out 2>&1 &
    cards=$!
    berth terminal serve --json --socket socket >service.out 2>service.err &
    service=$!
    # shellcheck disable=SC2064 # these two
    trap "kill $cards $service 2>/dev/null || true" EXIT
    await "the socket is there" test -S socket
    [[ $(stat -c %a socket) == 600 ]] || fail "others may use the socket"

    # A second program with the same folder would take the first one's reports for left ones.
    status=0
    berth terminal serve --json >second 2>&1 || status=$?
    [[ $status -eq 75 ]] || fail "a second one ended with $status: $(<second)"
    grep -q terminal-busy second || fail "a second one said: $(<second)"

    python3 "$here/lib/page.py" socket two.card || fail "the page did not get what it asked for"

    kill -TERM "$service"
    wait "$service" || fail "the service ended with $?"
    [[ ! -e socket ]] || fail "the socket was left behind"
    grep -q '"event":"done"' service.out || fail "the service told of nothing"
    berth terminal status --json | grep -q '"reportsWaiting":0' || fail "a report was not delivered"
    exit
fi

start_centre centre --listen 127.0.0.1:0
trap 'kill "$centre_pid" 2>/dev/null || true; wait' EXIT
berth card examples caps >/dev/null
sample_catalogue caps
sample_card one.card
blank_card two.card
ENROLMENT_CODE=$(enrolment_code lobby-1) berth terminal enrol "$centre_url" --terminal lobby-1 \
    --pin "${centre_print//:/}" --code env:ENROLMENT_CODE >/dev/null 2>&1
"$here/private-pcscd" --readers 2 -- "$here/checks/terminals.sh" --in-a-reader
