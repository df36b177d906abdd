#!/usr/bin/env bash
# The command line against real centres: profiles of two of them, nothing done for --dry-run, and an import that is killed
# in the middle, goes on, tells bad rows by their line, loses no good one, waits for a centre that has too much to do, and
# needs no more memory for a longer file.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib/centre.sh"
cd "$WORK"

start_node one
sign_in "$plain" one
mv token one.token
berth centre add one --server "$plain" --token file:one.token >/dev/null
start_node two
sign_in "$plain" two
berth centre add two --server "$plain" --token file:token >/dev/null
expect "the profiles" one "$(berth centre list)"
! grep -q "$token" "$XDG_CONFIG_HOME/berth/centres.json" || fail "a token stands among the profiles"

# count CENTRE: terminals that it has.
count() { berth terminals list --centre "$1" --all --json | grep -o '"terminal":' | wc -l; }
expect "a dry run" "POST" "$(berth terminals register --terminal desk --label Desk --centre one --dry-run)"
[[ $(count one) -eq 0 ]] || fail "a dry run registered something"
berth terminals register --terminal desk --label Desk --centre one >/dev/null
[[ $(count one) -eq 1 && $(count two) -eq 0 ]] || fail "it was registered at the wrong centre"

# Four rows that cannot be, among three thousand that can: three before it is killed, and one behind.
rows=3000
{
    echo terminal,label
    for ((row = 1; row <= rows; row++)); do
        case $row in
        100) echo 'No Name,"a name with a blank"' ;;
        200) echo 'half,"a quote' ;;
        300) echo 'three,fields,here' ;;
        2500) echo 'UPPER,Case' ;;
        esac
        echo "t-$row,\"Desk, $row\""
    done
} >many.csv
"$BERTH" terminals import many.csv --centre two --rejects bad.csv --json >first 2>/dev/null &
importer=$!
nodes+=("$importer")
await "the import notes nothing" test -s many.csv.progress
kill -9 "$importer"
{ wait "$importer" || true; } 2>/dev/null
before=$(count two)
[[ $before -gt 0 && $before -lt $rows ]] || fail "it was not killed in the middle: $before rows"
status=0
berth terminals import many.csv --centre two --rejects bad.csv --json >said 2>noted || status=$?
[[ $status -eq 65 ]] || fail "an import with bad rows ended with $status: $(<noted)"
expect "going on" "going on at line" "$(<noted)"
[[ $(count two) -eq $rows ]] || fail "there are $(count two) terminals of $rows"
for line in 101 202 303 2504; do
    grep -q "\"line\":$line," first said || fail "line $line is not told of"
done
[[ $(grep -c . bad.csv) -eq 5 && $(head -n 1 bad.csv) == terminal,label ]] || fail "the rejects are: $(<bad.csv)"
[[ ! -e many.csv.progress ]] || fail "a note stays of an import that is over"
# What was corrected is imported on its own; what is there already changes nothing.
printf 'terminal,label\nhalf,mended\nt-1,"Desk, 1"\n' >mended.csv
expect "what was corrected" "2 rows are in (1 were before)" "$(berth terminals import mended.csv --centre two 2>/dev/null)"
printf 'terminal,label\nt-1,again\nt-3,"Desk, 3"\n' >other.csv
status=0
berth terminals import other.csv --centre two >said 2>noted || status=$?
[[ $status -eq 65 ]] || fail "a row that differs from what is there ended with $status"
expect "what is there already" "1 rows are in (1 were before), 1 were refused" "$(<said)"
expect "what differs" "line 2: it is there already, and differs: label is 'Desk, 1', not 'again'" "$(<noted)"

# Passwords are hashed a few at a time: the centre says that it has too much to do, and is asked again.
{ echo holder,name,password && for ((row = 1; row <= 64; row++)); do echo "$row,Holder $row,a long password $row"; done; } >holders.csv
expect "holders with passwords" "64 rows are in (0 were before), 0 were refused" \
    "$(berth holders import holders.csv --centre one 2>&1)"

# A hundred times the rows, and not the memory.
peak() {
    python3 - "$BERTH" "$1" <<'END'
import resource, subprocess, sys
subprocess.run([sys.argv[1], "terminals", "import", sys.argv[2], "--dry-run"], check=True, stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
}
{ echo terminal,label && for ((row = 1; row <= 1000; row++)); do echo "t-$row,Desk"; done; } >short.csv
{ echo terminal,label && for ((row = 1; row <= 100000; row++)); do echo "t-$row,Desk"; done; } >long.csv
short=$(peak short.csv) long=$(peak long.csv)
[[ $long -lt $((short + 8192)) ]] || fail "1,000 rows take $short kB and 100,000 take $long kB"
