#!/usr/bin/env bash
# The scripts do what CONTRIBUTING says, from any directory, with nobody at the keyboard.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$WORK"

expect() {
    local label=$1 wanted=$2 actual=$3
    [[ $actual == "$wanted" ]] || { printf '%s: expected "%s", got "%s"\n' "$label" "$wanted" "$actual" >&2; exit 1; }
}

expect "setup, when nothing is missing, says" "" "$("$scripts/setup" 2>&1)"

# What the package says that it links with is installed on a new machine and in the image.
grep -oE 'apt\(\["[^"]+"' "$scripts/../Package.swift" | cut -d'"' -f2 >libraries
[[ -s libraries ]] || { echo "Package.swift names no library" >&2; exit 1; }
while read -r library; do
    for place in scripts/setup Dockerfile; do
        grep -qwF -- "$library" "$scripts/../$place" || { echo "$place does not install $library" >&2; exit 1; }
    done
done <libraries

# Eleven rows of A, thirteen of B, fourteen of C, and seven points.
"$scripts/mission" >mission
expect "rows of the mission" 45 "$(grep -cE '^([ABC][0-9]+|[1-7]) +(done|open) ' mission)"
# Each trait in the tests is shown under its row.
traits=$(grep -rhoE --include='*.swift' --exclude-dir=TidyTests '\.mission\(\.[a-z0-9]+\)' "$scripts/../Tests" | wc -l)
expect "tests shown under the rows" "$traits" "$(grep -cE '^ +.*\(Tests/.*\.swift:[0-9]+\)$' mission || true)"

status=0
"$scripts/bench" --unknown 2>/dev/null || status=$?
expect "exit code of an unknown option" 64 "$status"
