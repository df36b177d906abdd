# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what the caller sets, and what it reads
# A small world of real processes: a centre of one or two nodes, virtual cards in files, and a terminal for each card and
# node. Sourced after common.sh; the caller sets `berth` (the program), `world` (an empty folder) and `nodes` (how many).

# What anybody's sample card has.
master_key=404142434445464748494A4B4C4D4E4F
applications=(purse pass loyalty loans)
declare -A aid_of=(
    [purse]=F042657274680201 [pass]=F042657274680301 [loyalty]=F042657274680401 [loans]=F042657274680501)
# One minor unit for each second, so that minutes of custody cost something.
rate_per_day=86400000000

# Where the nodes are, as terminals see them and as this script does; set by `make_network`.
centre_address=127.0.0.1
near=()
# For cards that are made.
card_options=(--no-log)
# Who asks, of those that do so at the same time.
me=script
base_port=${BERTH_BASE_PORT:-17443}

# isolated COMMAND…: on a network, a list of processes and mounts of its own: whatever is left behind is gone with it.
isolated() {
    exec unshare --net --mount --pid --fork --kill-child --mount-proc "$@"
}

# A network namespace for terminals, with nothing in it; only where `isolated` has led.
make_namespace() {
    mount -t tmpfs none /run/netns 2>/dev/null || { mkdir -p /run/netns && mount -t tmpfs none /run/netns; }
    ip link set lo up
    ip netns add terminals
}

# Terminals in a namespace of their own, one cable away from the centre.
make_network() {
    make_namespace
    ip link add cable type veth peer name cable-end netns terminals
    ip addr add 10.77.0.1/24 dev cable
    ip link set cable up
    ip -n terminals addr add 10.77.0.2/24 dev cable-end
    ip -n terminals link set cable-end up
    ip -n terminals link set lo up
    centre_address=10.77.0.1
    near=(ip netns exec terminals)
}

url_of() { echo "https://$centre_address:$((base_port + $1))"; }

# start_node N: in the background; its process is in the file node-N.
start_node() {
    local store=(--store "$world/centre/store.db")
    [[ -z ${BERTH_TEST_POSTGRESQL:-} ]] || store=(--store "$BERTH_TEST_POSTGRESQL")
    "$berth" serve --data "$world/centre" "${store[@]}" --node "node-$1" --names "$centre_address" --json \
        --listen "$centre_address:$((base_port + $1))" --listen-plain "127.0.0.1:$((base_port + 100 + $1))" \
        --log-level warning --requests-per-second 0 \
        >>"$world/node-$1.out" 2>>"$world/node-$1.err" &
    echo $! >"$world/node-$1"
    # A kill that was meant is no news.
    disown
}

# fetch N PATH: what the node answers on this machine, head and body.
fetch() {
    local wire
    { exec {wire}<>"/dev/tcp/127.0.0.1/$((base_port + 100 + $1))"; } 2>/dev/null || return 1
    printf 'GET %s HTTP/1.0\r\nHost: centre\r\n\r\n' "$2" >&"$wire"
    cat <&"$wire"
    exec {wire}<&-
}

is_ready() { [[ $(fetch "$1" /health/ready 2>/dev/null) == 'HTTP/1.'?' 200'* ]]; }

# await_node N: until it serves. One that ended, because there was no database yet, is started again, as by systemd.
await_node() {
    local until=$((SECONDS + 30))
    until is_ready "$1"; do
        [[ $SECONDS -lt $until ]] || { tail -n 5 "$world/node-$1".* >&2; fail "node $1 does not serve"; }
        sleep 0.01
        kill -0 "$(<"$world/node-$1")" 2>/dev/null || start_node "$1"
    done
}

# rest COMMAND…: asks any node until one answers; what it refuses stands in $me.answer.
rest() {
    local status attempt
    for ((attempt = 0; attempt < 600; attempt++)); do
        status=0
        "$berth" "$@" --server "$(url_of $((RANDOM % nodes + 1)))" --token "file:$world/token" \
            --authorities "$world/centre/server.pem" --json >"$world/$me.answer" || status=$?
        case $status in
        0) cat "$world/$me.answer" && return ;;
        69 | 74 | 75 | 76) sleep 0.1 ;;
        *) return "$status" ;;
        esac
    done
    fail "the centre stayed away: $(<"$world/$me.answer")"
}

manifest() {
    cat <<'JSON'
{"provider": "city", "applications": [
  {"id": "purse", "name": "Purse", "releases": [{"version": "1.0", "files": ["purse.cap"], "parking": "contract",
    "personalisation": ["E11FC1020978C204000186A0C304000186A0C40400000BB8C60101C50431323334"]}]},
  {"id": "pass", "name": "Pass", "releases": [{"version": "1.0", "files": ["pass.cap"], "parking": "contract",
    "personalisation": ["E210C1080102030405060708C204FFFFFFFF"]}]},
  {"id": "loyalty", "name": "Loyalty", "releases": [{"version": "1.0", "files": ["library.cap", "loyalty.cap"],
    "parking": "contract", "personalisation": ["E30AC1080102030405060708"]}]},
  {"id": "loans", "name": "Loans", "releases": [{"version": "1.0", "files": ["library.cap", "loans.cap"],
    "parking": "contract", "personalisation": ["E40DC1080102030405060708C20118"]}]}]}
JSON
}

# make_centre: a store, a vault with the key of sample cards, a catalogue and a tariff; the nodes serve afterwards.
make_centre() {
    local node key
    export XDG_STATE_HOME=$world/state XDG_CONFIG_HOME=$world/config
    umask 077
    start_node 1
    await_node 1
    until [[ -s $world/node-1.out ]]; do sleep 0.01; done
    jq -rj '.firstSignIn.password' "$world/node-1.out" >"$world/password"
    stop_node 1
    printf '%s' "$master_key" >"$world/master.key"
    for key in des aes; do
        "$berth" vault add-master-key "$key" --type "$key" --key "file:$world/master.key" \
            --vault "$world/centre/keys.vault" --key-file "$world/centre/vault.key" >/dev/null
    done
    for ((node = 1; node <= nodes; node++)); do
        start_node "$node"
        await_node "$node"
    done
    "$berth" sessions sign-in --operator admin --password "file:$world/password" --server "$(url_of 1)" \
        --authorities "$world/centre/server.pem" --json >"$world/session" || fail "no sign-in: $(<"$world/session")"
    jq -rj .token "$world/session" >"$world/token"
    rest providers register --id city --name City --limits-room-per-card-non-volatile 100000 \
        --limits-room-per-card-volatile 4000 --limits-cards-max 100000 >/dev/null
    "$berth" card examples "$world/caps" >/dev/null
    manifest >"$world/caps/manifest.json"
    "$berth" store import applications "$world/caps" \
        --store "${BERTH_TEST_POSTGRESQL:-$world/centre/store.db}" >/dev/null
    rest tariffs set city --basis day --rate "$rate_per_day" --currency EUR --free-days 0 --minimum 0 >/dev/null
}

stop_node() {
    local process
    process=$(<"$world/node-$1")
    kill -TERM "$process"
    while kill -0 "$process" 2>/dev/null; do sleep 0.01; done
}

# diversification_data NAME PROFILE: what a card shows of itself before a session: of its domain's name and of its chip.
diversification_data() {
    local chip
    chip=$("$berth" card profiles "$2" | sed -n 's/^cplc = *//p' | tr -d ' ')
    echo "0000${chip:0:4}$("$berth" card info "$world/$1.card" --json | jq -r .serial)"
}

# make_card NAME [PROFILE [FILE]]: in a file, registered with the centre; its id is in NAME.id. The card itself may be one of
# another profile in a file.
make_card() {
    local profile=${2:-small-16k} card=$world/$1.card id channel=scp02 key=des
    "$berth" card create "$card" --profile "${3:-$profile}" "${card_options[@]}" >/dev/null
    id=$("$berth" card info "$card" --json | jq -r .cardId)
    [[ $profile == small-16k || $profile == *scp02 ]] || { channel=scp03 && key=aes; }
    rest cards register --card "$id" --profile "$profile" --issuer-domain A000000151000000 \
        --key-set-master-key "$key" \
        --key-set-version "$("$berth" card info "$card" --json | jq '.keys[0].version')" \
        --key-set-channel "$channel" --key-set-diversification-data "$(diversification_data "$1" "$profile")" >/dev/null
    echo "$id" >"$world/$1.id"
}

# make_terminal NAME NODE [URL]: enrolled with a one-time code; what it is stands in the folder NAME. It reaches the node at the
# URL, or where the node says it is.
make_terminal() {
    local code url=${3:-$(url_of "$2")} trust=()
    [[ $url == http:* ]] || trust=(--ca "$world/centre/server.pem")
    rest terminals register --terminal "$1" --label "$1" >/dev/null
    code=$(rest terminals prepare-enrolment "$1" | jq -r .code)
    CODE=$code "${near[@]}" "$berth" terminal enrol "$url" --terminal "$1" --code env:CODE "${trust[@]}" \
        --state "$world/$1" --json >/dev/null
}
