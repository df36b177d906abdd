# shellcheck shell=bash
# Nodes of a centre for a check: sourced by it, with $BERTH and $WORK set. They end with the check.

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
nodes=()
export scripts

# Nothing that this user has set up elsewhere counts.
export XDG_CONFIG_HOME=$WORK/config XDG_STATE_HOME=$WORK/state XDG_DATA_HOME=$WORK/share
export BERTH_TERMINAL=$WORK/terminal
# Both doors on free ports of this machine, where nothing else is said.
export BERTH_LISTEN=127.0.0.1:0 BERTH_LISTEN_PLAIN=127.0.0.1:0

berth() { "$BERTH" "$@"; }

fail() {
    printf '%s\n' "$1" >&2
    # What the nodes said last explains most failures.
    tail -n 12 "$WORK"/*.stderr >&2 2>/dev/null || true
    exit 1
}

# shellcheck source=await.sh
source "$scripts/lib/await.sh"

# expect LABEL WANTED ACTUAL: the wanted text is part of the actual one.
expect() {
    [[ $3 == *"$2"* ]] || fail "$1: expected \"$2\" in: $3"
}

# start_node NAME [OPTION…]: `berth serve` in the folder NAME of $WORK. Sets $node, $pid, and its addresses $tls and
# $plain. What it says stands in NAME.said and NAME.stderr.
start_node() {
    node=$1
    shift
    # What one that was started before has said would be taken for the new one's.
    rm -f "$WORK/$node.said" "$WORK/$node.stderr"
    "$BERTH" serve --data "$WORK/$node" "$@" >"$WORK/$node.said" 2>"$WORK/$node.stderr" </dev/null &
    pid=$!
    nodes+=("$pid")
    await "$node does not serve" node_serves
    tls=$(sed -n 's/^serving at: *\(https:.*\)/\1/p' "$WORK/$node.said" | head -n 1)
    plain=$(sed -n 's/^serving at: *\(http:.*\)/\1/p' "$WORK/$node.said" | head -n 1)
    export tls plain
}

node_serves() {
    kill -0 "$pid" 2>/dev/null || fail "$node ended: $(<"$WORK/$node.said")"
    grep -qs '^serving at: *http:' "$WORK/$node.said"
}

# shellcheck disable=SC2317 # called by the trap
stop_nodes() {
    [[ ${#nodes[@]} -eq 0 ]] || kill "${nodes[@]}" 2>/dev/null || true
    wait
}
trap stop_nodes EXIT

# sign_in URL NAME: as the first admin, whose password that node said. Writes the token to $WORK/token, sets $token, and makes
# the node the default centre of `berth`.
sign_in() {
    export PASSWORD
    PASSWORD=$(sed -n "s/.*password '\([^']*\)'.*/\1/p" "$WORK/$2.said")
    token=$(berth sessions sign-in --server "$1" --operator admin --password env:PASSWORD --json \
        | sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
    [[ -n $token ]] || fail "nobody could sign in at $1"
    (umask 077 && printf '%s' "$token" >"$WORK/token")
    berth centre add check --server "$1" --token "file:$WORK/token" >/dev/null
}

# ask METHOD URL [ARGUMENT OF CURL…]: what a node answers to the signed-in admin, and its status on a last line.
ask() {
    local method=$1 url=$2
    shift 2
    curl -sS -m 20 -w '\n%{http_code}' -X "$method" -H "Authorization: Bearer $token" "$url" "$@"
}
