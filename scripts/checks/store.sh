#!/usr/bin/env bash
# The store of a centre that is at work: a backup holds one moment of it, everything that is sealed is wrapped and sealed
# anew under its hands, the keys before are dropped, and what is in custody still comes back with its data.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib/sample-centre.sh"
cd "$WORK"
# What this user has set up elsewhere does not count.
export XDG_STATE_HOME=$WORK/state XDG_CONFIG_HOME=$WORK/config XDG_DATA_HOME=$WORK/data BERTH_TERMINAL=$WORK/terminal
export BERTH_HOLDER_PASSWORD=env:SAMPLE_PASSWORD BERTH_LANGUAGE=en
program=$BERTH
unset BERTH
centre_pid=
trap '[[ -z $centre_pid ]] || kill "$centre_pid" 2>/dev/null || true; wait' EXIT

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# quietly COMMAND…: what it said is shown only where it fails.
quietly() { "$@" >said 2>&1 || fail "$*: $(<said)"; }

# The balance, as the purse tells it to everybody.
balance() { berth gp apdu --aid F042657274680201 8030000000 --card holder.card 2>/dev/null | head -n 1; }

have_berth "$program" "$WORK/bin"
quietly berth card examples caps
start_centre centre --listen 127.0.0.1:0
sample_catalogue caps
sample_card holder.card
ENROLMENT_CODE=$(enrolment_code lobby)
export ENROLMENT_CODE
BERTH_ENROLMENT_CODE=env:ENROLMENT_CODE \
    quietly berth terminal enrol "$centre_url" --terminal lobby --pin "${centre_print//:/}"
quietly berth terminal add purse --card holder.card --yes
quietly berth gp apdu --aid F042657274680201 8032000004000009C400 --card holder.card
money=$(balance)
[[ $money == 000009C4* ]] || fail "the purse says $money"
quietly berth terminal park purse --card holder.card --holder "$SAMPLE_HOLDER" --yes

# Many changes one after the other, while the store is copied and everything in it sealed anew.
store=centre/store.db
vault=(--vault centre/keys.vault --key-file centre/vault.key)
{ echo terminal,label && for ((row = 10001; row <= 14000; row++)); do echo "t-$row,Desk"; done; } >many.csv
berth terminals import many.csv >imported 2>&1 &
importer=$!
for ((tries = 0; tries < 600; tries++)); do
    [[ ! -s many.csv.progress ]] || break
    sleep 0.05
done
quietly berth store backup first.backup --store "$store"
quietly berth store rewrap --store "$store" "${vault[@]}"
quietly berth store rewrap --store "$store" "${vault[@]}" --records --drop-old
quietly berth store backup second.backup --store "$store"
kill -0 "$importer" 2>/dev/null || fail "the import was over before the store was copied"
wait "$importer" || fail "the import did not end well: $(<imported)"

# terminals STORE: which of the import are there, in order.
terminals() {
    python3 - "$1" <<'END'
import sqlite3, sys
store = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
for row in store.execute("SELECT id FROM terminals WHERE id LIKE 't-%' ORDER BY id"):
    print(row[0])
END
}
quietly berth store check --store "$store"
[[ $(terminals "$store" | wc -l) -eq 4000 ]] || fail "changes are lost: $(terminals "$store" | wc -l) of 4000 are there"
for copy in first second; do
    quietly berth store restore "$copy.backup" --store "$copy.db"
    quietly berth store check --store "$copy.db"
    count=$(terminals "$copy.db" | wc -l)
    [[ $count -gt 0 && $count -lt 4000 ]] || fail "the $copy backup was not made in the middle: $count rows"
    # Up to 64 rows are on their way at once: one moment has all up to one of them, and behind it only some of those.
    last=$(terminals "$copy.db" | tail -n 1)
    [[ $((${last#t-} - 10000 - count)) -lt 64 ]] || fail "the $copy backup has holes: $count rows up to $last"
    whole=$(terminals "$copy.db" | awk -v last="${last#t-}" 'substr($0, 3) + 0 <= last - 64' | wc -l)
    [[ $whole -eq $((${last#t-} - 10064 > 0 ? ${last#t-} - 10064 : 0)) ]] || fail "the $copy backup has holes before $last"
done

# The node that was there all the time has the new keys, the old ones are gone, and the money is what it was.
berth vault status "${vault[@]}" >keys
grep -qE '^wrapping keys: *3 \(current\) of [^,]*$' keys || fail "the old wrapping keys are not gone: $(<keys)"
quietly berth terminal restore purse --card holder.card --holder "$SAMPLE_HOLDER" --yes
[[ $(balance) == "$money" ]] || fail "the purse says $(balance), and said $money"
quietly berth store check --store "$store"
