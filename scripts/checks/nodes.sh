#!/usr/bin/env bash
# Two nodes on one PostgreSQL, reached by one URL, serve as one centre: what one was told the other knows, work that
# waits at one is carried out through the other, a stream of events goes on at the other, every event is delivered once,
# and when one is killed the other goes on.
set -euo pipefail
[[ -n ${BERTH_TEST_POSTGRESQL:-} ]] || exec "$(dirname "${BASH_SOURCE[0]}")/../private-postgresql" -- "$0"
source "$(dirname "${BASH_SOURCE[0]}")/../lib/centre.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../lib/sample-centre.sh"

receiver=(--webhook-networks 127.0.0.1/32)
start_node a --store "$BERTH_TEST_POSTGRESQL" "${receiver[@]}"
a=$plain a_pid=$pid
berth vault add-master-key sample --type des --vault "$WORK/a/keys.vault" --key-file "$WORK/a/vault.key" \
    --key env:SAMPLE_KEY >/dev/null
mkdir "$WORK/b"
cp "$WORK/a/keys.vault" "$WORK/a/vault.key" "$WORK/b"
start_node b --store "$BERTH_TEST_POSTGRESQL" "${receiver[@]}"
b=$plain
! grep -q '^The first sign-in' "$WORK/b.said" || fail "the second node made a second first admin"

# A receiver of events, which writes down the ids that it was told.
python3 "$scripts/lib/receiver.py" "$WORK/port" "$WORK/delivered" &
nodes+=($!)
await "the receiver does not listen" test -s "$WORK/port"

# Signed in at one, known at the other.
sign_in "$a" a
expect "the session at the other node" '"role":"admin"' "$(ask GET "$b/v1/sessions/current")"
berth webhooks add --url "http://127.0.0.1:$(<"$WORK/port")/events" >/dev/null
berth card examples "$WORK/caps" >/dev/null
sample_catalogue "$WORK/caps"
sample_card "$WORK/my.card"

# stream URL FILE [LAST]: events as they come, from the beginning or behind the last one.
stream() {
    local last=()
    [[ -z ${3:-} ]] || last=(-H "Last-Event-ID: $3")
    curl -sS -N -m 60 -H "Authorization: Bearer $token" -H 'Accept: text/event-stream' "${last[@]}" \
        "$1/v1/events?after=0" >"$2" 2>/dev/null &
    streamer=$!
    nodes+=("$streamer")
}
# names FILE…: what identifies each event, in the order in which they stand there.
names() { grep -oh '"specversion":"1.0","id":"[^"]*"' "$@" | cut -d'"' -f8; }
all_events() { ask GET "$b/v1/events?after=0&limit=500" >"$WORK/all" && names "$WORK/all" >"$WORK/all.names"; }

stream "$a" "$WORK/first"
await "no events at the first node" grep -q '^id:' "$WORK/first"

# The terminal comes in by the second node, and shows the card; the work waits at the first.
code=$(enrolment_code lobby-1)
ENROLMENT_CODE=$code berth terminal enrol "$b" --terminal lobby-1 --code env:ENROLMENT_CODE >/dev/null 2>&1
work() { berth terminal work --card "$WORK/my.card" >"$WORK/worked" 2>&1 || fail "the terminal: $(<"$WORK/worked")"; }
work
berth operations request "$card_id" --wishes '{"kind":"add","application":"purse"}' --wait --json \
    >"$WORK/waited" 2>&1 &
waiter=$!
operation_is() { berth operations list-card "$card_id" --json | grep -q "\"state\":\"$1\""; }
await "the operation does not wait" operation_is waiting
work
wait "$waiter" || fail "the operation at the first node: $(<"$WORK/waited")"
expect "the operation, followed at the first node" '"state":"done"' "$(<"$WORK/waited")"
expect "the card as the second node knows it" '"release":"purse@1.0"' "$(ask GET "$b/v1/cards/$card_id/contents")"

# The first node is gone at once. The stream goes on at the other behind the last event that came whole, and so does
# everything else.
kill -9 "$a_pid"
{ wait "$a_pid" "$streamer" || true; } 2>/dev/null
stream "$b" "$WORK/second" "$(sed -n 's/^id: *//p' "$WORK/first" | tail -n 1)"
berth applications rename --server "$b" --token "file:$WORK/token" purse --name Wallet >/dev/null
is_ordered() { all_events && grep -q '"type":"[^"]*application.changed' "$WORK/all"; }
await "the last change is no event" is_ordered
everything_came() { [[ $(names "$WORK/second" | tail -n 1) == $(tail -n 1 "$WORK/all.names") ]]; }
await "the stream at the other node does not reach the end" everything_came
names "$WORK/first" "$WORK/second" | diff - "$WORK/all.names" >&2 || fail "the streams are not all events, each once"

# Of each event from the first of the webhook on one message, in order, whichever node sent it.
sed -n '/webhook.added/,$p' <(paste <(names "$WORK/all") <(grep -oh '"type":"[^"]*"' "$WORK/all")) | cut -f1 >"$WORK/due"
[[ -s $WORK/due ]] || fail "nothing was to be delivered"
everything_is_delivered() { [[ $(wc -l <"$WORK/delivered") -ge $(wc -l <"$WORK/due") ]]; }
await "not everything was delivered" everything_is_delivered
diff "$WORK/delivered" "$WORK/due" >&2 || fail "what was delivered is not every event, each once"
