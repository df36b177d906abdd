# shellcheck shell=bash
# What every script here shares. Sourced, never run; it leaves the caller in the root of the project.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export root
cd "$root"

# Debug builds live where `swift build` puts them; every other kind has a directory of its own, so that none
# makes another start from nothing.
export debug_path=.build
export release_path=.build-release
export fuzz_path=.build-fuzz

# sudo and cron forget the path of whoever called; a toolchain is looked for where it is unpacked by custom.
if ! command -v swift >/dev/null && [[ -x /opt/swift/usr/bin/swift ]]; then
    export PATH=/opt/swift/usr/bin:$PATH
fi

# What a release is built with: one file that runs where no Swift is installed.
export release_flags=(-c release --static-swift-stdlib --scratch-path "$release_path")

# The C++ library that the Swift runtime needs goes into that file too: found and bound at every start, it takes longer
# than all of our own code. GNU's linker takes the first library of a name, so a folder that holds only the archive
# comes before the others.
if [[ $(uname) == Linux ]] && cxx_archive=$(gcc -print-file-name=libstdc++.a 2>/dev/null) && [[ -f $cxx_archive ]]; then
    mkdir -p "$release_path/static"
    ln -sf "$cxx_archive" "$release_path/static/libstdc++.a"
    release_flags+=(-Xswiftc "-L$root/$release_path/static" -Xswiftc -Xclang-linker -Xswiftc -static-libgcc)
fi
# Nobody loads the program as a library: a table of all its symbols would only be read at every start.
[[ $(uname) != Linux ]] || release_flags+=(-Xlinker --no-export-dynamic)

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    exit "${2:-1}"
}

# quietly LABEL COMMAND…: runs it without a word, and shows everything it said if it fails.
quietly() {
    local label=$1 log status=0
    shift
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [[ $status -ne 0 ]]; then
        printf '%s failed (exit code %s):\n' "$label" "$status" >&2
        tail -n "${BERTH_LOG_LINES:-200}" "$log" >&2
    fi
    rm -f "$log"
    return "$status"
}

# build_release PRODUCT: leaves the program in $release_path/release/PRODUCT.
build_release() {
    quietly "building $1" swift build "${release_flags[@]}" --product "$1"
}
