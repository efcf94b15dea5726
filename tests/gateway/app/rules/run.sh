#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tries config/alerts.rules.yml with promtool. Usage: run.sh SOURCE_DIR; exit 77: promtool is not installed (Debian: prometheus)
set -eu
command -v promtool >/dev/null || { echo "skipped: promtool is not installed (Debian: prometheus)"; exit 77; }
tests=$(mktemp)
trap 'rm -f "$tests"' EXIT
promtool check rules "$1/config/alerts.rules.yml"
python3 "$1/tests/gateway/app/rules/generate.py" "$1/config/alerts.rules.yml" >"$tests"
promtool test rules "$tests"
