#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# short.sh PROGRAM: the images of the fleet around a program that was built already, and the scenario `short` in them.
# Exit 77, with a line that says what lacks, where no containers run.
set -euo pipefail
fleet=$(dirname "$0")/../../docker/fleet
export TAG=test FLEET_SMALL=1 FLEET_MEMORY
FLEET_MEMORY=$(mktemp -d)
trap 'rm -rf "$FLEET_MEMORY"' EXIT
"$fleet" build "$1"
"$fleet" scenario short
