#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The storage run that is recorded: power cuts in several lives of a gateway, every call failing, every way to fill the disk,
# bits, copies; what each test says, and totals. Exit status 0: nothing wrong anywhere.
#
#   record.sh [--points N] [--lives N] [--seed N]    4,000 points in each of 3 lives (of some 45,000 each), seeds from 1 on
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
programs=${TRIBUTARY_BUILD:-$top/build/release}/tests/storage
points=4000 lives=3 seed=1
while [ $# -gt 0 ]; do
  [[ ${2:-} =~ ^[0-9]+$ ]] || { echo "record: $1 needs a number" >&2; exit 2; }
  case "$1" in
    --points) points=$2 ;;
    --lives) lives=$2 ;;
    --seed) seed=$2 ;;
    *) echo "record: no such option: $1" >&2; exit 2 ;;
  esac
  shift 2
done
[ -x "$programs/storage_crash_points_test" ] || { echo "record: first: ./run test, or ninja -C build/release" >&2; exit 2; }

# As it is now: somebody may go on with the tree.
commit=$(git -C "$top" describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null || echo 'no commit')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# one NAME SEED AMOUNT PROGRAM FILTER
one() {
  local status=0
  SEED=$2 TRIBUTARY_CRASH_POINTS=$3 "$programs/$4" --gtest_filter="$5" >"$work/$1" 2>&1 || status=$?
  echo "== $4 $5, seed $2, amount $3$([ $status -eq 0 ] || echo ": FAILED")"
  if [ $status -eq 0 ]; then grep -E '^[a-z].*: [0-9]' "$work/$1" || true; else cat "$work/$1"; fi
  return $status
}

status=0 running=0
next() {
  if [ $running -ge "$(nproc)" ]; then
    wait -n || status=1
    running=$((running - 1))
  fi
  one "$@" &
  running=$((running + 1))
}
for ((life = 0; life < lives; ++life)); do
  next "cuts-$life" $((seed + life)) "$points" storage_crash_points_test 'CrashPoints.Nothing*'
done
next again "$seed" 100 storage_crash_points_test 'CrashPoints.Nor*:CrashPoints.And*:CrashPoints.Losses*'
next calls "$seed" all storage_failures_test 'EachCall*'
next full "$seed" all storage_failures_test 'FullDisk*'
next failed "$seed" 30 storage_failures_test 'FailedCall*'
next bits "$seed" 200 storage_rot_test '*'
next copies "$seed" 100 storage_copies_test '*'
while [ $running -gt 0 ]; do
  wait -n || status=1
  running=$((running - 1))
done

cat "$work"/cuts-* | awk -v lives="$lives" -v commit="$commit" '
  /^crash points replayed/ { split($0, part, /: | of | = |, with a loss: /); n += part[2]; r += part[4]; lost += part[5] }
  END { printf "together: %d crash points in %d lives x 4 variants = %d replays, with a loss: %d, at %s\n", n, lives, r, lost, commit
        exit !(n > 0 && r == 4 * n) }' || status=1
times >"$work/times"  # not in a pipe: a shell of its own has no children to tell of
awk 'NR == 2 { print "CPU time of the tests: " $1 " user, " $2 " sys" }' "$work/times"
exit $status
