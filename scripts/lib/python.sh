# shellcheck shell=bash
# Programs from PyPI that checks run: each in a place of its own in the user's cache, at one version. Sourced.

declare -A tool_versions=([schemathesis]=4.32.5)

tools=${XDG_CACHE_HOME:-$HOME/.cache}/berth/tools

# tool NAME: the path of the program, whether it is there or not.
tool() { printf '%s/%s-%s/bin/%s\n' "$tools" "$1" "${tool_versions[$1]}" "$1"; }

# install_tool NAME: nothing where it is there. Half an installation is never taken for one.
install_tool() {
    local folder=$tools/$1-${tool_versions[$1]}
    [[ ! -x $folder/bin/$1 ]] || return 0
    rm -rf "$folder.new" "$folder"
    mkdir -p "$tools"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$1==${tool_versions[$1]}" || {
        rm -rf "$folder"
        return 1
    }
}
