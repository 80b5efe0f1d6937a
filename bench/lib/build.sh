#!/usr/bin/env bash
# Sourced by bench/run: builds sheaf and the load program.
# shellcheck disable=SC2034,SC2154  # it shares its variables with bench/run: from, work, program, note

file() { # as the caller means it, who may stand in another directory
    (cd "$from" && realpath -m -- "$1")
}

choose_build() { # fast or dev
    # The target directory of the scripts, or RocksDB would be compiled again.
    # shellcheck source=scripts/setup
    . scripts/setup --with-kafka
    case $1 in
    fast) cargo=(cargo --config 'profile.dev.opt-level=3') note='our crate at opt-level 3, dependencies at 1 to 2' ;;
    dev) cargo=(cargo) note='dev profile: our crate at opt-level 0, dependencies at 1 to 2' ;;
    *) echo "bench/run: --build $1 is not known; use fast or dev" >&2 && exit 64 ;;
    esac
}

build_program() { # load or part; sheaf is built with it
    announce_build
    # Cargo names the program that it has built; sheaf lies where it always does, two directories above it.
    program=$("${cargo[@]}" bench --profile dev --bench "$1" --no-run 2>&1 | tee >(cat >&2) |
        sed -n 's/^ *Executable .*(\(.*\))$/\1/p')
    [[ -x $program ]] || { echo "bench/run: cargo has built no load program; its messages stand above" >&2 && exit 69; }
}

copy_sheaf() { # another sheaf, or nothing: a later build must not change what is measured
    cp "${1:-$(dirname "$(dirname "$program")")/sheaf}" "$work/sheaf"
}
