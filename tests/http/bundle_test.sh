#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Is the committed bundle of the page what its sources give? bundle_test.sh NODE SOURCE_DIR. Exit 77: npm's packages are not there.
if [ ! -d "$2/build/web/node_modules" ]; then
  echo "skipped: npm's packages of gateway/http/web are not installed (./run test does it where there is npm)"
  exit 77
fi
exec "$1" "$2/gateway/http/web/build.mjs" --check --modules "$2/build/web"
