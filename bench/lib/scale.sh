#!/usr/bin/env bash
# Sourced by bench/run: the same work at several sizes, each with a fresh Kafka and a fresh sheaf; a table and a plot of each.
# shellcheck disable=SC2154  # bench/run sets from; bench/lib/build.sh sets program

scale_usage() {
    cat <<EOT
Measure what an event costs at several sizes, and draw it.

  bench/run scale [--axes open,children,partitions,threads,instances] [--build fast|dev] [--sheaf FILE]
                  [--set A.B=V] [--svg docs/performance] [--repeat 1]

  --axes NAMES     those that are measured; all by default. Each has its places:
$(sed -n "s/^places\[\(.*\)\]='\([^']*\)' *# \(.*\)$/                   \1: \2 (\3)/p" bench/lib/scale.sh)
  --places NUMBERS other places, for one axis: --axes open --places 10000,3000000
  --set A.B=V      a setting for sheaf; may be given more than once
  --svg DIRECTORY  where the plots are written
  --repeat TIMES   of each place; medians are drawn
EOT
}

declare -A places
places[open]='10000 100000 1000000' # open bundles of 1 + 3; four events for each
places[children]='3 30 300 1000' # children of a bundle, 100 bundles open; 1,000 bundles, and from 100,000 to 400,000 events
places[partitions]='4 16 64' # partitions of each topic, one stream thread
places[threads]='1 2 4' # stream threads of one instance, 16 partitions
places[instances]='1 2' # instances of one thread, 16 partitions

between() { # the number, not below the least and not above the most
    local least=$1 number=$2 most=$3
    ((number >= least)) || number=$least
    ((number <= most)) || number=$most
    echo "$number"
}

of_place() { # the options of bench/run at a place of an axis
    local axis=$1 value=$2 events=400000
    case $axis in
    open) echo "--burst $((4 * value > events ? 4 * value : events)) --open $value" ;;
    children) echo "--burst $(between 100000 $((1000 * (value + 1))) "$events") --open 100 --children $value" ;;
    partitions) echo "--burst $events --open 50000 --set partitions=$value" ;;
    threads) echo "--burst $events --open 50000 --set partitions=16 --set num_stream_threads=$value" ;;
    instances) echo "--burst $events --open 50000 --set partitions=16 --instances $value" ;;
    *) echo "bench/run: no axis is called '$axis'; bench/run scale --help names them" >&2 && return 64 ;;
    esac
}

axes=open,children,partitions,threads,instances build=fast other='' own='' svg=docs/performance repeat=1 settings=()
while (($#)); do
    case $1 in
    -h | --help) scale_usage && exit 0 ;;
    --axes) axes=${2:?--axes needs names} && shift 2 ;;
    --places) own=${2:?--places needs numbers} && shift 2 ;;
    --build) build=${2:?--build needs fast or dev} && shift 2 ;;
    --sheaf) other=$(file "${2:?--sheaf needs a file}") && shift 2 ;;
    --set) settings+=(--set "${2:?--set needs A.B=V}") && shift 2 ;;
    --svg) svg=$(file "${2:?--svg needs a directory}") && shift 2 ;;
    --repeat) repeat=${2:?--repeat needs a number} && shift 2 ;;
    *) echo "bench/run: unknown option '$1'; bench/run scale --help shows them" >&2 && exit 64 ;;
    esac
done
choose_build "$build"
work=$(mktemp -d "${TMPDIR:-/tmp}/sheaf-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
build_program load
copy_sheaf "$other"
mkdir -p "$svg"

drawn=()
for axis in ${axes//,/ }; do
    wanted=${own:-${places[$axis]:-0}}
    for value in ${wanted//,/ }; do
        options=$(of_place "$axis" "$value")
        echo "-- $axis $value: $options" >&2
        # shellcheck disable=SC2086  # options are words
        bench/run --build "$build" --sheaf "$work/sheaf" --idle 0 --warm-up 0 --seconds 0 --repeat "$repeat" \
            --json "$work/$axis-$value.json" "${settings[@]}" $options >"$work/out" 2>&1 || {
            cat "$work/out" >&2
            echo "bench/run: $axis $value was not right; what it said stands above" >&2
            exit 1
        }
        drawn+=("$axis:$value:$work/$axis-$value.json")
    done
done
"$program" plot --svg "$svg" "${drawn[@]}"
