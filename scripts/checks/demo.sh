#!/usr/bin/env bash
# The demonstration does what it says from beginning to end, and the README shows what it really says.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$WORK"

fail() {
    printf '%s\n' "$1" >&2
    tail -n 60 said >&2
    exit 1
}

says() { grep -qE -- "$1" said || fail "the demonstration does not say: $1"; }

BERTH=$BERTH "$root/scripts/demo" --batch >said 2>&1 || fail "it ended with $?"

[[ $(grep -c '^The purse on the card holds 25.00 EUR.$' said) -eq 2 ]] || fail "the balance is not the same"
says '^Goes into custody: +purse$'
says '^Custody per day: +864.00 EUR$'
says '^Nothing is lost.$'
sed -n '/terminal restore purse/,/terminal work/p' said | grep -q '^(exit code 5)$' || fail "no card was pulled"
sed -n '/terminal work/,$p' said | grep -q '^Done.$' || fail "it did not go on"

# A cent a second: the bill is what the clock says, a part of a second more or less.
bill=$(sed -n '/terminal statement/,$p' said | grep -A 1 '^purse ')
amount=$(sed -nE 's/^purse +([0-9]+)\.([0-9]{2}) EUR$/\1\2/p' <<<"$bill")
read -r day from until <<<"$(sed -nE 's/^  ([0-9-]+) ([0-9:]+) - ([0-9:]+)$/\1 \2 \3/p' <<<"$bill")"
[[ -n $amount && -n $until ]] || fail "there is no bill for the purse: $bill"
seconds=$(($(date -u -d "$day $until" +%s) - $(date -u -d "$day $from" +%s)))
amount=$((10#$amount))
[[ $amount -ge 5 && $((amount - seconds)) -le 1 && $((seconds - amount)) -le 1 ]] \
    || fail "$seconds seconds cost $amount cents"

# Nothing is left behind.
address=$(sed -nE 's#^serving at: +https://([0-9.]+):([0-9]+)$#\1/\2#p' said)
[[ -n $address ]] || fail "there was no centre"
! (exec 3<>"/dev/tcp/$address") 2>/dev/null || fail "the centre still runs at $address"

# What is another one each time is not compared.
masked() {
    sed -E 's/\b[0-9A-F]{64}\b/PRINT/; s/[0-9A-F]{12}\b/SERIAL/g; s/berth-demo\.[[:alnum:]]{6}/berth-demo/g; s/([0-9A-F]{2}:){31}[0-9A-F]{2}/PRINT/
        s/([0-9A-Z]{5}-){3}[0-9A-Z]{5}/PASSWORD/; s#127\.0\.0\.1:[0-9]+#ADDRESS#g
        s/[0-9]{4}-[0-9]{2}-[0-9]{2}/DAY/g; s/[0-9]{2}:[0-9]{2}:[0-9]{2}/TIME/g; s/0\.[0-9]{2} EUR/AMOUNT/
        s/about [0-9]+ s/about TIME/; s/[[:space:]]+/ /g; s/ $//' "$1"
}
masked said >really
# shellcheck disable=SC2016 # a fence of Markdown
sed -n '/^```console$/,/^```$/p' "$root/README.md" >readme
masked readme | grep -v '^$' >shown
[[ $(wc -l <shown) -gt 60 ]] || fail "the README shows hardly anything"
# The lines of a block come in the same order; … stands for what was left out.
awk 'FNR == NR { said[++count] = $0; next }
    /^```console$/ { at = 0; next }
    /^```$/ || /^\.\.\.$/ { next }
    { for (i = at + 1; i <= count && said[i] != $0; i++); if (i > count) { print; status = 1 } else at = i }
    END { exit status }' really shown >missing || fail "the README shows what is not said: $(<missing)"
