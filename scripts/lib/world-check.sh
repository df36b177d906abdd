# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what the caller and world.sh set, and what they read
# What people know of their cards, kept beside the world, and what must hold in it. Sourced after world.sh.

# How an application is asked for everything it holds, and what it says when it is new.
declare -A question_of=([purse]=8030000000 [pass]=8044000000 [loyalty]=8014000000 [loans]=802A000000)
declare -A new_of=(
    [purse]=00000000000000000978 [pass]=0102030405060708FFFFFFFF0000000000000000000000
    [loyalty]=01020304050607080000000000000000 [loans]=00)

violation() {
    printf 'violation: %s\n' "$*" | tee -a "$world/violations" >&2
}

is_on_card() {
    "$berth" card info "$world/$1.card" --json \
        | jq -e --arg aid "${aid_of[$2]}" 'any(.applications[]; .aid == $aid)' >/dev/null
}

# held_stay CARD APPLICATION: the number of its stay in custody, or nothing. On a card that proves nothing by its answers,
# a copy that did not arrive is kept as one that may be on its way.
held_stay() {
    rest custody list --card "$(<"$world/$1.id")" --open yes --all \
        | jq -r --arg aid "${aid_of[$2]}" '.items[] | select(.aid == $aid and (.state == "held" or .state == "returning")) | .stay'
}

# say_to CARD APPLICATION COMMAND…: the data of the last answer, or what else it said.
say_to() {
    local name=$1 aid=${aid_of[$2]}
    shift 2
    { "$berth" gp apdu --aid "$aid" "$@" --card "$world/$name.card" --json 2>&1 || true; } \
        | jq -r 'if .exchanges and .exchanges[-1].statusWord == "9000" then .exchanges[-1].data else tostring end'
}

# account CARD: what the operations that have ended since the last time did to what its holder has.
account() {
    local seen=0 state kind application reason drift
    [[ ! -f $world/$1.seen ]] || seen=$(<"$world/$1.seen")
    while IFS=$'\t' read -r state kind application reason; do
        seen=$((seen + 1))
        [[ $state == "done" ]] || violation "on card $1 '$kind $application' ended as $state: $reason"
        case $state-$kind in
        done-remove) rm -f "$world/expected/$1.$application" ;;
        done-add)
            [[ -f $world/expected/$1.$application ]] \
                || echo "${new_of[$application]}" >"$world/expected/$1.$application"
            ;;
        esac
    done < <(rest operations list-card "$(<"$world/$1.id")" --all | jq -r --argjson seen "$seen" '
        .items | sort_by(.requestedAt)[$seen:][]
        | [.state, .wishes[0].kind, .wishes[0].application // .wishes[0].aid, .reason // ""] | @tsv')
    echo "$seen" >"$world/$1.seen"
    # Nobody but the centre changes a card here, and what the holder does takes no room.
    drift=$(rest cards get "$(<"$world/$1.id")" | jq -r '.inventory.drift // empty')
    [[ -z $drift ]] || violation "card $1 drifts: $drift"
}

# compare CARD APPLICATION: an application on the card holds what its holder left there.
compare() {
    local said
    said=$(say_to "$1" "$2" "${question_of[$2]}")
    [[ $said == "$(<"$world/expected/$1.$2")" ]] || {
        keep_evidence "$1" "$2"
        violation "$2 on card $1 holds $said instead of $(<"$world/expected/$1.$2")"
    }
}

# keep_evidence CARD APPLICATION: how things stand at this moment, for whoever reads the world with --keep.
keep_evidence() {
    local evidence=$world/evidence/$1.$2
    mkdir -p "$evidence"
    cp "$world/$1.card" "$evidence/card"
    ps -ef >"$evidence/processes"
    "$berth" card info "$world/$1.card" --json >"$evidence/info" 2>&1 || true
    say_to "$1" "$2" "${question_of[$2]}" >"$evidence/said-again"
    rest operations list-card "$(<"$world/$1.id")" --all >"$evidence/operations" || true
    rest custody list --card "$(<"$world/$1.id")" --all >"$evidence/custody" || true
}

# do_business CARD: the holder uses something on the card; it holds exactly what was left there.
do_business() {
    local application=${applications[RANDOM % ${#applications[@]}]} number
    [[ -f $world/expected/$1.$application ]] || return 0
    is_on_card "$1" "$application" || return 0
    compare "$1" "$application"
    number=$(printf '%08X' $((RANDOM % 900 + 100)))
    case $application in
    purse) say_to "$1" purse "8032000004$number" ;;
    loyalty) say_to "$1" loyalty "8010000004$number" ;;
    pass) say_to "$1" pass "8040000006000160000000" "8042000006000260000001" ;;
    loans) say_to "$1" loans "802600000C$number${number}70000000" ;;
    esac >/dev/null
    say_to "$1" "$application" "${question_of[$application]}" >"$world/expected/$1.$application"
}

# How long an errand takes when nothing goes wrong: a terminal is killed anywhere in its course.
measure_errand() {
    local started application
    make_card card0
    make_terminal card0-at-1 1
    started=$(now_ms)
    "${near[@]}" "$berth" terminal add purse --yes --card "$world/card0.card" --state "$world/card0-at-1" --json \
        >/dev/null 2>"$world/card0.errors" || fail "nothing works: $(<"$world/card0.errors")"
    kill_ms_max=$((($(now_ms) - started) * 13 / 10 + 1))
    account card0
    do_business card0
}

# --- at the end

check_card() {
    local name=$1 application places
    come_to_rest "$name"
    account "$name"
    for application in "${applications[@]}"; do
        places=0
        ! is_on_card "$name" "$application" || places=1
        [[ -z $(held_stay "$name" "$application") ]] || places=$((places + 1))
        if [[ -f $world/expected/$name.$application ]]; then
            [[ $places -eq 1 ]] || violation "$application of card $name is in $places places"
        else
            [[ $places -eq 0 ]] || violation "$application of card $name was removed, and is in $places places"
        fi
    done
    # What is on the card is read there; what is in custody comes back first, for which others leave.
    for application in "${applications[@]}"; do
        [[ -f $world/expected/$name.$application ]] || continue
        is_on_card "$name" "$application" || bring_back "$name" "$application" || continue
        compare "$name" "$application"
    done
}

bring_back() {
    ask "$1" "{\"kind\": \"restore\", \"card\": \"$(<"$world/$1.id")\", \"aid\": \"${aid_of[$2]}\",
        \"ordinal\": $(held_stay "$1" "$2")}"
    come_to_rest "$1"
    account "$1"
    is_on_card "$1" "$2" && return
    keep_evidence "$1" "$2"
    violation "$2 of card $1 does not come back; refused last: $(tail -n 1 "$world/$1.refused" 2>/dev/null)"
    return 1
}

# Every request that was acknowledged is one operation of its card.
check_requests() {
    local lost
    rest operations list-card "$(<"$world/$1.id")" --all >"$world/$1.operations"
    jq -r '.items[].operation' "$world/$1.operations" | sort >"$world/$1.names"
    lost=$(uniq -d "$world/$1.names"; comm -13 "$world/$1.names" <(sort -u "$world/$1.acknowledged" 2>/dev/null))
    [[ -z $lost ]] || violation "requests that were acknowledged and are not one operation of card $1: $lost"
    rest audit verify-card "$(<"$world/$1.id")" | jq -e .whole >/dev/null \
        || violation "the audit chain of card $1 is broken"
}

# A unit for each second, half a second and more is one; computed here from when custody began and ended.
check_fees() {
    rest custody list --all >"$world/custody"
    rest statements get --provider city --from 2020-01-01T00:00:00Z --until 2100-01-01T00:00:00Z >"$world/statement"
    jq -rn --slurpfile custody "$world/custody" --slurpfile statement "$world/statement" '
        def ms: capture("^(?<s>[^.Z]*)(?<f>[.][0-9]+)?Z$")
            | (.s + "Z" | fromdateiso8601) * 1000 + ((.f // "0") | tonumber * 1000 | round);
        def fee(from; until): ((until - from) / 1000 + 0.5) | floor;
        def name: "\(.card) \(.aid) \(.stay)";
        ($statement[0].lines | map({key: name, value: .}) | from_entries) as $lines
        | ($custody[0].items | map(select(.heldSince))) as $stays
        | ($stays[] | name as $name | $lines[$name] as $line
            | if $line == null then "\($name): no line"
              elif ($line.from | ms) != (.heldSince | ms) then "\($name): from \($line.from), held since \(.heldSince)"
              elif .state == "returned" and ($line.until | ms) != (.since | ms) then
                "\($name): until \($line.until), returned at \(.since)"
              elif ($line.amount | tonumber * 100 | round) != fee($line.from | ms; $line.until | ms) then
                "\($name): \($line.amount) for \($line.from) until \($line.until)"
              else empty end),
          if ($lines | length) != ($stays | length) then "\($lines | length) lines for \($stays | length) stays"
          else empty end' >"$world/fees"
    [[ ! -s $world/fees ]] || violation "fees: $(<"$world/fees")"
}

check_world() {
    local card kind slowest operations
    for ((card = 0; card <= cards; card++)); do check_card "card$card"; done
    for ((card = 0; card <= cards; card++)); do check_requests "card$card"; done
    check_fees
    rest audit verify | jq -e .whole >/dev/null || violation "the audit chain of the registers is broken"
    "$berth" store check --store "${BERTH_TEST_POSTGRESQL:-$world/centre/store.db}" >"$world/store-check" 2>&1 \
        || violation "the store: $(<"$world/store-check")"
    for kind in nodes-killed databases-restarted; do
        slowest=$(times "$kind" | tail -n 1)
        [[ ${slowest:-0} -lt $recovery_ms_max ]] || violation "$kind: serving again only after $slowest ms"
    done
    operations=$(cat "$world"/card*.operations | jq -s 'map(.items[]) | length')
    report "$operations"
    [[ ! -s $world/violations ]]
}

# What happened, in one line for each.
report() {
    local kind
    for kind in terminals-killed cards-pulled nodes-killed networks-cut databases-restarted; do
        printf '%-20s %5d%s\n' "$kind" "$(happened "$kind")" "$(summary "$kind")"
    done
    printf '%-20s %5d, of which done %d; stays in custody %d; requests acknowledged %d\n' operations "$1" \
        "$(cat "$world"/card*.operations | jq -s 'map(.items[]) | map(select(.state == "done")) | length')" \
        "$(jq '.items | length' "$world/custody")" "$(sort -u "$world"/card*.acknowledged | wc -l)"
    if [[ -s $world/violations ]]; then
        printf 'violations           %5d\n' "$(wc -l <"$world/violations")"
    else
        echo "every application is in one place with what it holds, every operation has ended, every fee is right"
    fi
}

# times KIND: how long it took until a node served again, from the shortest on.
times() { grep -E '^[0-9]+$' "$world/happened/$1" | sort -n || true; }

summary() {
    times "$1" | awk '{ all[NR] = $1 } END { if (NR > 0)
        printf ", serving again after %d ms (median), %d ms (longest)", all[int((NR + 1) / 2)], all[NR] }'
}
