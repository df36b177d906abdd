#!/usr/bin/env bash
# A node that is started before its database waits for it and says so; one that is told to end meanwhile ends; one whose
# database says no is told why at once.
set -euo pipefail
[[ -n ${BERTH_TEST_POSTGRESQL:-} ]] || exec "$(dirname "${BASH_SOURCE[0]}")/../private-postgresql" -- "$0"
source "$(dirname "${BASH_SOURCE[0]}")/../lib/centre.sh"
cd "$WORK"

server=$(dirname "${BERTH_TEST_POSTGRESQL#*host=}")
kill -INT "$(head -n 1 "$server/data/postmaster.pid")"
gone() { [[ ! -e $server/data/postmaster.pid ]]; }
await "the server did not end" gone

# begin NAME: in the background; sets $pid.
begin() {
    "$BERTH" serve --data "$WORK/$1" --store "$BERTH_TEST_POSTGRESQL" >"$1.said" 2>"$1.stderr" </dev/null &
    pid=$!
    nodes+=("$pid")
}
begin impatient
await "it does not say that it waits" grep -q store-awaited impatient.stderr
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
[[ $status -ne 0 ]] || fail "a node that never served ended as if it had"
grep -q 'told to end' impatient.stderr impatient.said || fail "it does not say why it ended"

begin patient
await "it does not say that it waits" grep -q store-awaited patient.stderr
kill -0 "$pid" || fail "it did not wait"
"$scripts/private-postgresql" restart "$server"
node=patient
await "it does not serve, now that the database is there" node_serves

status=0
"$BERTH" serve --data "$WORK/wrong" --store "${BERTH_TEST_POSTGRESQL/\/berth\?/\/nobody?}" >wrong.said 2>&1 || status=$?
[[ $status -ne 0 ]] || fail "a database that is not there was served"
! grep -q store-awaited wrong.said || fail "it waited for a database that nobody makes: $(<wrong.said)"
