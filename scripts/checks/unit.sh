#!/usr/bin/env bash
# systemd takes the units as they are: every setting known, every value allowed, the program at its place.
# Needs: systemd-analyze
set -euo pipefail
packaging=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/packaging
cd "$WORK"

# What will be installed is not installed here.
ln -s "$BERTH" berth
for unit in berth-cards berth-centre berth-terminal; do
    sed "s#/usr/bin/berth#$WORK/berth#g" "$packaging/systemd/$unit.service" >"$unit.service"
    status=0
    systemd-analyze verify --man=no "./$unit.service" >said 2>&1 || status=$?
    # It also says what it thinks of the units of this machine.
    if [[ $status -ne 0 ]] || grep -q berth said; then
        cat said >&2
        exit 1
    fi

    # It does say so when something is wrong.
    sed -i 's/^Restart=.*/Restart=perhaps/; s/^ProtectHome=/ProtectHouse=/' "$unit.service"
    systemd-analyze verify --man=no "./$unit.service" >said 2>&1 || true
    for key in perhaps ProtectHouse; do
        grep -q "$key" said || { printf '"%s" was not noticed:\n%s\n' "$key" "$(<said)" >&2; exit 1; }
    done
done
