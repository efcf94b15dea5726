#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes, and prints executions per target. ./run fuzz is this.
#
#   run.sh [--seconds N | --runs N | --share] [--jobs N] [TARGET…]   without one of the three: 60 seconds a target
#   run.sh --minimise [TARGET…]     corpus/ anew: the fewest inputs that reach all that is reached so far
#
# --share is what every full test run does: 1,000,000 executions a target, 100,000 where one is a whole life of a gateway or
# a device. A finding is kept in build/fuzz/found, and the exit status is 1. 77: no clang with libFuzzer here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${TRIBUTARY_FUZZ_BUILD:-$top/build/fuzz}
# The slow ones first, so that the last minute is not one job's.
all=(core rows sdk config differential envelope topic intake delta pack scalar snapshot ack head batch)
lives=' core rows sdk '
# Stacks of allocations and a large quarantine cost half of the speed; a finding is run again with both.
export ASAN_OPTIONS=${ASAN_OPTIONS:-malloc_context_size=0:quarantine_size_mb=1:detect_leaks=0:detect_stack_use_after_return=0}

length_of() {
  case "$1" in
    core | rows | sdk) echo 160 ;;
    config) echo 256 ;;
    *) echo 512 ;;
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
  local target=$1 status=0 log executions speed dictionary=()
  shift
  [ ! -f "$here/dictionaries/$target.dict" ] || dictionary=("-dict=$here/dictionaries/$target.dict")
  log=$build/work/$target.log
  mkdir -p "$build/work/$target" "$build/found" "$here/corpus/$target" "$here/regressions/$target"
  "$build/tests/fuzz/fuzz_$target" "$@" "${dictionary[@]}" -max_len="$(length_of "$target")" -timeout=25 -rss_limit_mb=2048 -entropic=0 \
    -detect_leaks=0 -print_final_stats=1 -artifact_prefix="$build/found/$target-" "$build/work/$target" \
    "$here/corpus/$target" "$here/regressions/$target" >"$log" 2>&1 || status=$?
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
  printf '%-14s %12s %9s/s  %s\n' "$target" "${executions:-?}" "${speed:-?}" \
    "$([ "$status" -eq 0 ] && echo 'nothing broke' || echo "BROKEN, see $log")"
  [ "$status" -eq 0 ] || grep -E '^broken:|Assertion|runtime error|^SUMMARY|Test unit written' "$log" | sed 's/^/    /' || true
  return "$status"
}

limits_of() {
  case "$mode" in
    seconds) echo "-max_total_time=$amount" ;;
    runs) echo "-runs=$amount" ;;
    share) [[ $lives == *" $1 "* ]] && echo -runs=100000 || echo -runs=1000000 ;;
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
    --seconds | --runs)
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
printf '%-14s %12s %11s\n' target executions speed
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
exit $status
