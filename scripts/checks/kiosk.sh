#!/usr/bin/env bash
# The menus, as a person sees them: a terminal of its own, cards that go in and out of a reader, three languages, nothing
# wider than 40 columns.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$WORK"
export XDG_CONFIG_HOME=$WORK/config XDG_STATE_HOME=$WORK/state BERTH_TERMINAL=$WORK/terminal LC_ALL=C.UTF-8
# shellcheck source=../lib/sample-centre.sh
source "$here/lib/sample-centre.sh"
have_berth "$BERTH" "$WORK/bin"

fail() {
    printf '%s\n' "$1" >&2
    screen | tail -n 50 >&2
    exit 1
}

tmux() { command tmux -S "$WORK/tmux" "$@"; }
# Everything that was on the screen, without what is still empty of it.
screen() { tmux capture-pane -p -t kiosk -S -2000 2>/dev/null | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'; }

# How much of it was looked at; what comes is looked for behind that.
seen=0
fresh() { screen | tail -n +$((seen + 1)); }
see() {
    local text=$1 until=$((SECONDS + 30))
    until fresh | grep -qF -- "$text"; do
        [[ $SECONDS -lt $until ]] || fail "the kiosk does not say: $text"
        sleep 0.05
    done
}
# The line that the person types; what was there before is history.
enter() {
    seen=$(screen | wc -l)
    tmux send-keys -t kiosk -l -- "$1"
    tmux send-keys -t kiosk Enter
}

start() {
    tmux -f /dev/null new-session -d -s kiosk -x 80 -y 50 berth terminal kiosk "$@"
    tmux set-option -t kiosk remain-on-exit on >/dev/null
    tmux pipe-pane -t kiosk "cat >>$WORK/raw"
    seen=0
}

narrow() {
    screen >whole
    [[ $(wc -L <whole) -le 40 ]] || fail "wider than 40 columns: $(awk 'length($0) > 40' whole)"
}

sign_in() {
    enter "$1"
    see "$2"
    enter "$SAMPLE_HOLDER"
    see "$3"
    enter "$SAMPLE_PASSWORD"
    see "$4"
}

# Whatever number the menu has for it.
choose() {
    local number
    see "$1"
    number=$(fresh | grep -F -- "$1" | tail -n 1 | grep -oE '^[0-9]+')
    enter "$number"
}

in_english() {
    see "Please insert your card."
    # It will be pulled in the middle of the work, and comes back at once.
    berth card tear demo.card --at 24 >/dev/null
    berth card insert demo.card >/dev/null
    see "Nothing is waiting for this card."
    sign_in 5 "User number:" "Password" "You are signed in."
    choose "Add an application"
    # By number, from what is offered.
    choose "pass"
    see "Missing room:"
    see "Goes into custody:                 purse"
    see "Custody per day:              864.00 EUR"
    see "It takes about"
    see "Shall this be done? (yes/no)"
    enter no
    see "Nothing was changed."
    choose "Add an application"
    choose "pass"
    see "Shall this be done?"
    enter yes
    see "Please leave the card in."
    see "The card was taken out."
    see "Nothing is lost."
    see "You are signed out."
    see "Done."
    see "What would you like to do?"
    sign_in 5 "User number:" "Password" "You are signed in."
    choose "What is there, and what it costs"
    see "cost until now:"
    choose "Bring back from custody"
    choose "purse"
    see "Shall this be done?"
    enter yes
    see "Bringing your data back: purse"
    see "Memory after:"
    see "Your bill"
    choose "The bill of this month"
    see "purse "
    choose "Remove an application"
    choose "purse"
    see "Removed for good:                  purse"
    see "Shall this be done?"
    enter yes
    see "Memory after:"
    choose "What is there, and what it costs"
    see "In custody:"
    # Whoever takes the card and goes has signed out.
    seen=$(screen | wc -l)
    berth card remove demo.card >/dev/null
    see "You are signed out."
    see "Please insert your card."
    narrow
}

a_new_card() {
    berth card insert spare.card >/dev/null
    see "What would you like to do?"
    choose "I have a new card"
    see "Valid through (2030-12-31):"
    enter 2030-12-31
    see "User number:"
    enter "$SAMPLE_HOLDER"
    see "Password"
    enter "wrong password"
    see "These do not go together."
    berth holders permit-issue "$SAMPLE_HOLDER" --from "$(date -u +%F)" --through "$(date -u -d '30 days' +%F)" \
        >/dev/null
    choose "I have a new card"
    enter 2030-12-31
    see "User number:"
    enter "$SAMPLE_HOLDER"
    see "Password"
    enter "$SAMPLE_PASSWORD"
    see "This is your card now, number 2."
    # What was in custody comes with its data; what stayed on the old card begins anew, and that is said before.
    see "Comes onto the card:                pass"
    see "It begins anew: its data stay behind."
    see "Shall this be done?"
    enter yes
    see "Memory after:"
    choose "What is there, and what it costs"
    see "loyalty"
    see "In custody:"
    narrow
}

in_other_languages() {
    choose "English / 日本語 / Deutsch"
    see "ご用件をお選びください。"
    choose "一覧と料金を見る"
    see "カードの中:"
    choose "アプリケーションを追加する"
    choose "purse"
    see "カードに入るもの"
    enter いいえ
    see "何も変更していません。"
    choose "English / 日本語 / Deutsch"
    see "Was möchten Sie tun?"
    choose "Anwendung hinzufügen"
    choose "purse"
    see "Kommt auf die Karte:"
    enter ja
    see "Wird geladen: purse"
    see "Speicher nachher:"
    choose "Beenden"
    see "Sie sind abgemeldet."
    see "Bitte die Karte einstecken."
    narrow
}

# Ctrl-C; then the folder of the terminal is free for the next program.
stop() {
    local until=$((SECONDS + 30))
    tmux send-keys -t kiosk C-c
    until [[ $(tmux display-message -p -t kiosk '#{pane_dead}') == 1 ]]; do
        [[ $SECONDS -lt $until ]] || fail "the kiosk does not end"
        sleep 0.05
    done
    tmux kill-server
}

# For a screen reader: lines that are said once, in order, and nothing that is drawn or written over.
plainly() {
    : >raw
    start --card third.card --language en --plain --idle 1
    see "What would you like to do?"
    choose "Add an application"
    choose "purse"
    see "Shall this be done?"
    enter yes
    see "Memory after:"
    ! fresh | grep -q '#' || fail "something is drawn"
    ! sed 's/\r$//' raw | grep -q $'[\r\e]' || fail "something is written over: $(cat -v raw)"
    narrow
    # Who signs in and goes away is signed out.
    sign_in 5 "User number:" "Password" "You are signed in."
    see "You are signed out."
    enter 8
    see "You may take your card."
}

if [[ ${1:-} == --in-a-reader ]]; then
    berth card run demo.card spare.card --out --timed --port "$BERTH_VPCD_PORT" --port "${BERTH_VPCD_PORTS#* }" \
        >run.out 2>&1 &
    cards=$!
    trap 'kill "$cards" 2>/dev/null || true; tmux kill-server 2>/dev/null || true' EXIT
    start --language en
    in_english
    a_new_card
    in_other_languages
    stop
    plainly
    exit
fi

start_centre centre --listen 127.0.0.1:0
trap 'kill "$centre_pid" 2>/dev/null || true; wait' EXIT
berth card examples caps >/dev/null
sample_catalogue caps
sample_card demo.card
ENROLMENT_CODE=$(enrolment_code lobby-1) berth terminal enrol "$centre_url" --terminal lobby-1 \
    --pin "${centre_print//:/}" --code env:ENROLMENT_CODE >/dev/null 2>&1
for application in purse loyalty identity; do
    berth terminal add "$application" --card demo.card --yes >/dev/null
done
# Else it is by chance which of two that are equally good leaves.
keep_rather F042657274680401 "collects points"
# What a new card gets; all four are too much for it.
for application in loyalty identity pass; do
    berth holders set-use "$SAMPLE_HOLDER" "$application" --is-used yes --json >/dev/null
done
blank_card spare.card
blank_card third.card
"$here/private-pcscd" --readers 2 -- "$here/checks/kiosk.sh" --in-a-reader
