#!/usr/bin/env bash
# A receiver of webhooks whose name stands for another address each time it is asked (DNS rebinding): the address that was
# looked at is the one that is connected to, and nothing inside the machine hears a byte. On a network of its own, with a
# name server of its own.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [[ ${1:-} != --isolated ]]; then
    # Only root may make one.
    [[ $EUID -eq 0 ]] || exit 0
    exec unshare --net --mount "$0" --isolated
fi
source "$(dirname "${BASH_SOURCE[0]}")/../lib/centre.sh"
cd "$WORK"

# 9.9.9.9 is a public address of this network alone; what listens at 127.0.0.1 must never hear anything.
ip link set lo up
ip addr add 9.9.9.9/32 dev lo
echo 'nameserver 127.0.0.1' >resolv.conf
echo 'options timeout:1 attempts:2' >>resolv.conf
mount --bind resolv.conf /etc/resolv.conf
echo 'hosts: files dns' >nsswitch.conf
mount --bind nsswitch.conf /etc/nsswitch.conf

python3 "$here/lib/rebinding.py" dns.log inside.log outside.log >ready 2>servers.err &
nodes+=("$!")
await "the servers do not listen" test -s ready
start_node one
sign_in "$plain" one
berth centre add one --server "$plain" --token file:token >/dev/null

# Several receivers under the same name, so that it is looked up by several at once.
for ((number = 1; number <= 8; number++)); do
    berth webhooks add --url "https://turn.rebind.test:8443/$number" --centre one >/dev/null
done
berth terminals register --terminal desk --label Desk --centre one >/dev/null
await "the receiver outside heard nothing" test -s outside.log
await "the name never stood for the machine itself" grep -q '127\.0\.0\.1$' dns.log
# Each attempt looks once; those that found the machine itself are over, with that reason, and nothing was said to it.
refused() { berth webhooks list --centre one --json | grep -q "not one that messages may go to"; }
await "nobody was refused: $(berth webhooks list --centre one --json)" refused
[[ ! -s inside.log ]] || fail "something inside was reached: $(<inside.log)"
