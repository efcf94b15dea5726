#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes, and prints executions per target. ./run fuzz is this.
#
#   run.sh [--seconds N | --runs N | --share | --total N] [--jobs N] [TARGET…]   without one of the four: 60 seconds a target
#   run.sh --minimise [TARGET…]     corpus/ anew: the fewest inputs that reach all that is reached so far
#
# --share is what every full test run does: 1,000,000 executions a target, 100,000 of `core`, where one is lives of a gateway; from
# the committed corpus with one seed, so that one tree gives one result. --total is for the long run that is recorded: N executions
# over all the targets, more where they are cheap.
# A finding is kept in build/fuzz/found, and the exit status is 1. 77: no clang with libFuzzer here.
set -euo pipefail
# A test run's share takes what other programs leave of the machine.
if [[ " $* " == *" --share "* && -z ${TRIBUTARY_FUZZ_LEFTOVERS:-} ]]; then
  TRIBUTARY_FUZZ_LEFTOVERS=1 exec setsid --wait bash -c '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec nice -n 19 "$@"' _ "$0" "$@"
fi
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${TRIBUTARY_FUZZ_BUILD:-$top/build/fuzz}
# The slow ones first, so that the last minute is not one job's.
all=(core rows sdk config differential envelope topic intake delta pack scalar snapshot seal ack head record batch ask)
# Shares of a long run. --total 123000000 gives the cheap ones, and `core`, ten times what a test run does.
declare -A weight=([core]=10 [rows]=20 [sdk]=50 [config]=50)
# Stacks of allocations and a large quarantine cost half of the speed; a finding is run again with both.
export ASAN_OPTIONS=${ASAN_OPTIONS:-malloc_context_size=0:quarantine_size_mb=1:max_malloc_fill_size=0:detect_leaks=0:detect_stack_use_after_return=0}

# A test run's share is of shorter inputs: more of them in its minutes.
length_of() {
  local short=0
  [ "$mode" != share ] || short=1
  case "$1" in
    rows) echo $((short ? 24 : 96)) ;;
    core | sdk) echo $((short ? 64 : 160)) ;;
    config) echo $((short ? 128 : 256)) ;;
    *) echo $((short ? 256 : 512)) ;;
  esac
}

build_targets() {
  local log
  log=$(mktemp)
  if ! printf 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }\n' |
    clang++ -fsanitize=fuzzer,address -x c++ - -o "$log.bin" 2>"$log"; then
    echo "fuzz: skipped: clang++ with libFuzzer is not here (Debian: clang libclang-rt-14-dev)"
    rm -f "$log" "$log.bin"
    exit 77
  fi
  rm -f "$log.bin"
  if ! { [ -f "$build/build.ninja" ] || (cd "$top" && cmake --preset fuzz -B "$build"); } >"$log" 2>&1 ||
    ! ninja -C "$build" "${@/#/fuzz_}" >"$log" 2>&1; then
    cat "$log" >&2
    echo "fuzz: the build failed" >&2
    exit 1
  fi
  rm -f "$log"
}

# one TARGET LIMIT…: a line of the table.
one() {
  local target=$1 status=0 log executions cpu dictionary=() work=$build/work/$1
  shift
  if [ "$mode" = share ]; then
    set -- "$@" -seed=1
    work=$build/share/$target
    rm -rf "$work"
  fi
  [ ! -f "$here/dictionaries/$target.dict" ] || dictionary=("-dict=$here/dictionaries/$target.dict")
  log=$build/work/$target.log
  mkdir -p "$work" "$build/work" "$build/found" "$here/corpus/$target" "$here/regressions/$target"
  local TIMEFORMAT='%U %S'
  { time "$build/tests/fuzz/fuzz_$target" "$@" "${dictionary[@]}" -max_len="$(length_of "$target")" -timeout=25 -rss_limit_mb=2048 -entropic=0 \
    -detect_leaks=0 -print_final_stats=1 -artifact_prefix="$build/found/$target-" "$work" \
    "$here/corpus/$target" "$here/regressions/$target" >"$log" 2>&1 || status=$?; } 2>"$log.time"
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  cpu=$(awk '{ printf "%.0f", $1 + $2 }' "$log.time")
  echo "${executions:-0} $cpu" >"$log.done"
  printf '%-14s %12s %7s  %s\n' "$target" "${executions:-?}" "$cpu" \
    "$([ "$status" -eq 0 ] && echo 'nothing broke' || echo "BROKEN, see $log")"
  [ "$status" -eq 0 ] || grep -E '^broken:|Assertion|runtime error|^SUMMARY|Test unit written' "$log" | sed 's/^/    /' || true
  return "$status"
}

limits_of() {
  case "$mode" in
    seconds) echo "-max_total_time=$amount" ;;
    runs) echo "-runs=$amount" ;;
    share)
      case "$1" in
        core) echo -runs=100000 ;;
        *) echo -runs=1000000 ;;
      esac
      ;;
    total) echo "-runs=$(((amount * ${weight[$1]:-100} + parts - 1) / parts))" ;;
  esac
}

minimise() {
  local target seeds new
  seeds=$(mktemp -d)
  python3 "$here/seeds.py" "$seeds"
  for target in "$@"; do
    new=$(mktemp -d)
    mkdir -p "$build/work/$target" "$here/corpus/$target"
    "$build/tests/fuzz/fuzz_$target" -set_cover_merge=1 -max_len="$(length_of "$target")" "$new" "$here/corpus/$target" \
      "$build/work/$target" "$seeds/$target" >"$build/work/$target.merge.log" 2>&1
    rm -rf "${here:?}/corpus/$target"
    mkdir -p "$here/corpus/$target"
    find "$new" -type f -exec cp {} "$here/corpus/$target" \;
    echo "$target: $(find "$here/corpus/$target" -type f | wc -l) inputs, $(du -sb "$here/corpus/$target" | cut -f1) bytes"
    rm -rf "$new"
  done
  rm -rf "$seeds"
}

mode=seconds amount=60 jobs=$(nproc)
targets=()
while [ $# -gt 0 ]; do
  case "$1" in
    --seconds | --runs | --total)
      [[ ${2:-} =~ ^[0-9]+$ ]] || { echo "fuzz: $1 needs a number" >&2; exit 2; }
      mode=${1#--} amount=$2
      shift
      ;;
    --jobs) jobs=$2 && shift ;;
    --share) mode=share ;;
    --minimise) mode=minimise ;;
    -*) echo "fuzz: no such option: $1" >&2; exit 2 ;;
    *)
      [[ " ${all[*]} " == *" $1 "* ]] || { echo "fuzz: no such target: $1; there are: ${all[*]}" >&2; exit 2; }
      targets+=("$1")
      ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")

build_targets "${targets[@]}"
[ "$mode" != minimise ] || { minimise "${targets[@]}"; exit 0; }
# As it is now: somebody may go on with the tree.
commit=$(git -C "$top" describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null || echo 'no commit')
parts=0
for target in "${targets[@]}"; do
  parts=$((parts + ${weight[$target]:-100}))
  rm -f "$build/work/$target.log.done"
done
printf '%-14s %12s %7s\n' target executions 'cpu s'
status=0 running=0
for target in "${targets[@]}"; do
  if [ "$running" -ge "$jobs" ]; then
    wait -n || status=1
    running=$((running - 1))
  fi
  one "$target" "$(limits_of "$target")" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n || status=1
  running=$((running - 1))
done
(cd "$build/work" && cat "${targets[@]/%/.log.done}") | awk -v commit="$commit" \
  '{ n += $1; s += $2 } END { printf "%-14s %12d %7d  at %s\n", "together", n, s, commit }'
[ "$status" -ne 0 ] || echo "fuzz: nothing broke"
exit $status
