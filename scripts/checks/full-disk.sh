#!/usr/bin/env bash
# A disk that is full under a centre at work: what cannot be kept is refused and told, nothing that was answered is lost,
# no card is left half-way, also where the centre is killed then, and everything goes on when there is room.
set -euo pipefail
# The disk is a file system in memory, which only this check sees.
if [[ ${1:-} != --isolated ]]; then
    # Only root may make one.
    [[ $EUID -eq 0 ]] || exit 0
    exec unshare --mount "$0" --isolated
fi
mkdir "$WORK/disk"
mount -t tmpfs -o size=48m tmpfs "$WORK/disk"
mkdir "$WORK/disk/node"
ln -s disk/node "$WORK/node"
source "$(dirname "${BASH_SOURCE[0]}")/../lib/centre.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../lib/sample-centre.sh"

fill() { { cat /dev/zero >"$WORK/disk/ballast"; } 2>/dev/null || true; }
make_room() { rm "$WORK/disk/ballast"; }

serve() { start_node node --listen-plain "127.0.0.1:${port:-0}"; }
serve
port=${plain##*:}
sign_in "$plain" node
for type in des aes; do
    berth vault add-master-key "sample${type#des}" --type "$type" --vault "$WORK/node/keys.vault" \
        --key-file "$WORK/node/vault.key" --key env:SAMPLE_KEY >/dev/null
done
berth card examples "$WORK/caps" >/dev/null
sample_catalogue "$WORK/caps"
sample_card "$WORK/my.card"
BERTH_ENROLMENT_CODE=env:CODE CODE=$(enrolment_code lobby-1) berth terminal enrol "$plain" --terminal lobby-1 >/dev/null 2>&1
export BERTH_HOLDER_PASSWORD=env:SAMPLE_PASSWORD

at_terminal() { berth terminal "$@" --card "$WORK/my.card" --patience 2 --json; }
balance() { berth gp apdu --aid F042657274680201 8030000000 --card "$WORK/my.card" 2>/dev/null | head -n 1 | cut -c 1-8; }
for application in purse loyalty identity; do at_terminal add "$application" --yes >/dev/null; done
# Else it is by chance which of two that are equally good leaves.
keep_rather F042657274680401 "collects points"
berth gp apdu --aid F042657274680201 8032000004000009C400 --card "$WORK/my.card" >/dev/null 2>&1
expect "what the purse holds" 000009C4 "$(balance)"

rows=800
steps=(park remove load)
# Added anew while its data are in custody it could not go there again.
bring_pass() {
    local way=add
    if berth custody list --all --json | jq -e 'any(.items[]; .release == "pass@1.0" and .state == "held")' >/dev/null; then
        way=restore
    fi
    at_terminal "$way" pass --holder "$SAMPLE_HOLDER" --yes
}
has_begun() { grep -q "\"action\":\"$1\"" "$WORK/terminal.said"; }
for turn in 1 2 3; do
    # The disk fills up while an application leaves the card and another comes onto it.
    : >"$WORK/terminal.said"
    {
        echo id,name,limits-room-per-card-non-volatile,limits-room-per-card-volatile,limits-cards-max
        seq -f "p$turn-%g,A provider that takes some room,1,1,1" "$rows"
    } >"$WORK/$turn.csv"
    bring_pass >"$WORK/terminal.said" 2>&1 &
    worker=$!
    await "the terminal does not get to '${steps[turn - 1]}'" has_begun "${steps[turn - 1]}"
    fill
    wait "$worker" || true
    # What has a place in pages that are there already may still succeed; not all of these have.
    said=$(berth providers import "$WORK/$turn.csv" --json 2>&1) && fail "nothing was refused on the full disk: $said"
    expect "what is refused" store-full "$said"
    expect "reading on the full disk" '"id":"city"' "$(berth providers list --json --all)"
    if [[ $turn -eq 2 ]]; then
        kill -9 "$pid"
        wait "$pid" 2>/dev/null || true
    fi
    make_room
    [[ $turn -ne 2 ]] || serve
    # The same command goes on where it stopped.
    said=$(berth providers import "$WORK/$turn.csv" --json 2>&1) || fail "nothing is kept with room again: $said"
    # What was begun is finished, or nothing of it happened; then the purse comes back with what it held.
    at_terminal work >/dev/null
    at_terminal restore purse --holder "$SAMPLE_HOLDER" --yes >"$WORK/terminal.said" 2>&1 \
        || [[ $(<"$WORK/terminal.said") == *not-held* ]] || fail "the purse does not come back: $(<"$WORK/terminal.said")"
    expect "the purse after turn $turn" 000009C4 "$(balance)"
done
expect "all rows and the first provider" $((3 * rows + 1)) "$(berth providers list --all --json | grep -o '"id":"[^"]*"' | wc -l)"
grep -q 'store-failing reason=full' "$WORK/node.stderr" || fail "the log does not say that the store is full"
grep -q 'store-keeps-again' "$WORK/node.stderr" || fail "the log does not go on"
kill "$pid" && wait "$pid"
berth store check --store "$WORK/node/store.db" >/dev/null 2>&1 || fail "the store is not sound"
