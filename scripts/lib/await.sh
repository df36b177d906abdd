# shellcheck shell=bash
# Waiting in a check: sourced by it; the check says with fail what did not come about.

# await LABEL COMMAND…: tries until it succeeds, for $await_seconds at most.
await() {
    local label=$1 until=$((SECONDS + ${await_seconds:-30}))
    shift
    until "$@"; do
        [[ $SECONDS -lt $until ]] || fail "timed out: $label"
        sleep 0.05
    done
}
