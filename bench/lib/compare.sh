#!/usr/bin/env bash
# Sourced by bench/run: sheaf and Kafka Streams alternately. The load program starts and ends both, and their brokers.
# shellcheck disable=SC2154  # bench/lib/build.sh sets program and note

compare_usage() {
    cat <<EOT
Measure sheaf and Kafka Streams by turns on the same work, each time with a fresh Kafka, and print ratios.

  bench/run compare [--build fast|dev] [--sheaf FILE] [--set A.B=V] [--json FILE] [--perf FILE] [options]

  --phases cold,marginal,rate,restore,kill   those that are measured; all by default
  --contenders sheaf,peer,tuned,quick        those that are measured; all by default
  --events 1000000   of the backlog; the restore and the kill have as many open bundles
  --open 50000       bundles of the backlog that are open at a time
  --seconds 30       how long each rate is measured
  --warm-up 10       seconds of transactions on each broker before its contender comes
  --repeat 3         how often everything is
  --seed 1

  --sheaf FILE   measure this sheaf instead of the one that is built here, for instance a release build
  --perf FILE    record sheaf's samples with perf
EOT
}

# The program stops its processes, unless it is killed.
# shellcheck disable=SC2317  # the trap calls it
finish_compare() {
    local pid
    pid=$(cat "$work/contender.pid" 2>/dev/null || true)
    # Process ids are reused: only a process in our directory is ours.
    if [[ -n $pid ]] && grep -qsF "$work" "/proc/$pid/cmdline"; then
        kill -KILL "$pid" 2>/dev/null || true
    fi
    scripts/kafka stop --wipe --dir "$work/kafka" >/dev/null 2>&1 || true
    rm -rf "$work"
}

build=fast other='' options=() code=0
while (($#)); do
    case $1 in
    -h | --help) compare_usage && exit 0 ;;
    --build) build=${2:?--build needs fast or dev} && shift 2 ;;
    --sheaf) other=$(file "${2:?--sheaf needs a file}") && shift 2 ;;
    --json | --perf) options+=("$1" "$(file "${2:?$1 needs a file}")") && shift 2 ;;
    --phases | --contenders | --events | --open | --seconds | --warm-up | --repeat | --seed | --set)
        options+=("$1" "${2:?$1 needs a value}") && shift 2 ;;
    *) echo "bench/run: unknown option '$1'; bench/run compare --help shows them" >&2 && exit 64 ;;
    esac
done
choose_build "$build"
jars=$(bench/peer/build)
work=$(mktemp -d "${TMPDIR:-/tmp}/sheaf-bench.XXXXXX")
trap finish_compare EXIT
build_program load
copy_sheaf "$other"
[[ -z $other ]] || note="$other, built elsewhere"
"$program" compare --sheaf "$work/sheaf" --build "$note" --jars "$jars" --work "$work" "${options[@]}" || code=$?
exit "$code"
