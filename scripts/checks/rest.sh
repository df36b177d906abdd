#!/usr/bin/env bash
# The REST interface does what its description says, as schemathesis sees it: for every endpoint, what is described is
# taken and answered as described, anything else is refused, and nothing makes the centre fail.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib/centre.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../lib/python.sh"
seed=${BERTH_SEED:-20261121}
[[ -x $(tool schemathesis) ]] || fail "there is no schemathesis: run scripts/setup, which gets it from PyPI"

start_node one
sign_in "$plain" one
# What the examples of the description name is there, so that more is looked at than what is not there.
make() { berth "$@" >>"$WORK/made" 2>&1 || fail "$*: $(<"$WORK/made")"; }
make providers register --id city-transit --name "City Transit" --limits-cards-max 10 \
    --limits-room-per-card-non-volatile 20000 --limits-room-per-card-volatile 512
make applications register --id purse --name Purse --provider city-transit
make holders register --holder 10001 --name Anne --password env:PASSWORD
make terminals register --terminal lobby-1 --label Lobby
make cards register --card 42ABCDEF-0001020304050607 --profile javacard-80k --issuer-domain A000000151000000 \
    --key-set-master-key issuer --key-set-version 0 --key-set-channel scp02
make cards assign 42ABCDEF-0001020304050607 --holder 10001

# Bounded: on a busy machine less is drawn at random, while what the description lists is all tried.
cd "$WORK"
status=0
SCHEMATHESIS_HOOKS=hooks PYTHONPATH=$scripts/schemathesis PYTHONDONTWRITEBYTECODE=1 timeout 90 \
    "$(tool schemathesis)" --no-color --config-file "$scripts/schemathesis/schemathesis.toml" run \
    "$plain/v1/openapi.json" --header "Authorization: Bearer $token" --seed "$seed" \
    --phases examples,coverage,fuzzing --max-examples 5 --max-time 60 --request-timeout 10 \
    --warnings off >"$WORK/answers" 2>&1 || status=$?
if [[ $status -ne 0 ]]; then
    sed -n '/= FAILURES =/,$p' "$WORK/answers" | head -n 200 >&2
    fail "schemathesis ended with $status; BERTH_SEED=$seed repeats it"
fi
! grep ' status=5[0-9][0-9] ' "$WORK/one.stderr" >&2 || fail "the centre failed at a request; BERTH_SEED=$seed repeats it"

# The session was alive to the end, or little was looked at; now it ends, and is nothing any more.
expect "signing out" 204 "$(ask DELETE "$plain/v1/sessions/current")"
expect "after signing out" token-invalid "$(ask GET "$plain/v1/sessions/current")"
