#!/usr/bin/env bash
# Sourced by bench/run: a flame graph of what perf has recorded, drawn by inferno (https://github.com/jonhoo/inferno).
# shellcheck disable=SC2154  # bench/run sets work

readonly INFERNO_VERSION=0.12.8

install_inferno() { # sets inferno to the directory of its programs; they are built once
    command -v perf >/dev/null || { echo 'bench/run: --flame needs perf (apt-get install linux-perf)' >&2 && exit 69; }
    local root=${XDG_CACHE_HOME:-$HOME/.cache}/sheaf/inferno-$INFERNO_VERSION
    inferno=$root/bin
    [[ -x $inferno/inferno-flamegraph && -x $inferno/inferno-collapse-perf ]] ||
        cargo install --quiet --locked --root "$root" --target-dir "$root/target" inferno@"$INFERNO_VERSION" >&2
}

draw_flame() { # what perf has recorded, the picture, its title
    # Symbols in inlined functions would take perf hours.
    perf script --no-inline -i "$1" 2>/dev/null | "$inferno/inferno-collapse-perf" >"$work/stacks"
    "$inferno/inferno-flamegraph" --title "$3" --countname samples --minwidth 0.1 --fontsize 11 <"$work/stacks" >"$2"
}
