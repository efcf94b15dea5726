#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Line and branch coverage of the data types, the core, the wire format and the device library, by their own tests.
# ./run coverage is this. Exit status 1 below the thresholds of report.py, which says what is missing; 77: no clang here.
#
#   run.sh [--all]      --all: list every branch and line that no test takes, also where enough are taken
#
# Asserts are compiled out here, and only here: one of the two outcomes of their condition ends the program.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${TRIBUTARY_COVERAGE_BUILD:-$top/build/coverage}
tests=(
  crdt/crdt_{hlc,interval_set,tables,part_map,types,history,entries,counterexamples}_test
  gateway/core/test_core_{units,gateway,trust,letters,counterexamples,explorer,world}
  transports/wire/wire_test
  firmware-sim/sdk/sdk_{device,gateways,world}_test
)
# Fewer random histories than the tests themselves run, and not all orders: for what is reached, not for what is found.
export RC_PARAMS=max_success=100 TRIBUTARY_SEEDS=2 TRIBUTARY_WORLDS=3 GTEST_FILTER='-*EveryOrderOfUpToFive*'

for tool in clang++ llvm-profdata-14 llvm-cov-14; do
  command -v "$tool" >/dev/null || { echo "coverage: skipped: no $tool (Debian: clang llvm-14 libclang-rt-14-dev)"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! { [ -f "$build/build.ninja" ] || (cd "$top" && cmake --preset coverage -B "$build"); } >"$work/log" 2>&1 ||
  ! ninja -C "$build" "${tests[@]##*/}" >"$work/log" 2>&1; then
  cat "$work/log" >&2
  echo "coverage: the build failed" >&2
  exit 1
fi

# one TEST: its profile, or its output when it fails.
one() {
  local name=${1##*/}
  LLVM_PROFILE_FILE="$work/$name.profraw" "$build/tests/$1" >"$work/$name.log" 2>&1 && return
  cat "$work/$name.log" >&2
  echo "coverage: $name failed: it says nothing about coverage until it passes" >&2
  return 1
}
status=0 running=0
for test in "${tests[@]}"; do
  if [ "$running" -ge "$(nproc)" ]; then
    wait -n || status=1
    running=$((running - 1))
  fi
  one "$test" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n || status=1
  running=$((running - 1))
done
[ "$status" -eq 0 ] || exit 1

llvm-profdata-14 merge -sparse "$work"/*.profraw -o "$work/merged.profdata"
objects=("$build/tests/${tests[0]}")
for test in "${tests[@]:1}"; do
  objects+=(-object "$build/tests/$test")
done
# Instantiations of a template are listed side by side; report.py adds them up.
# "Mismatched data" are inline functions that one program has not, but another has: they count where they ran.
llvm-cov-14 show "${objects[@]}" -instr-profile="$work/merged.profdata" -show-branches=count -show-instantiations=false \
  -show-line-counts -show-regions=false -show-expansions=false -ignore-filename-regex='/(usr|tests|memory)/' >"$work/shown" \
  2> >(grep -v 'functions have mismatched data' >&2 || true)
python3 "$top/tests/coverage/report.py" "$@" <"$work/shown"
