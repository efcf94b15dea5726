#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole-process benchmarks: one table with ratios, and JSON.

    bench.py BUILD [--quick] [--json FILE] [PART ...]

BUILD is a build directory. --quick shows in seconds that everything runs; its figures mean nothing.
"""
import argparse
import json
import os
import platform
import sys

import across
import append
import fleet
import growth
import ingest
import node
import octets
import peers
import reconciling
import start
from stage import Skipped

PARTS = {"ingest": ingest.measure, "node": node.measure, "file": append.measure, "bytes": octets.measure, "start": start.measure,
         "reconciling": reconciling.measure, "across": across.measure,
         "growth": growth.measure, "peers": peers.measure, "fleet": fleet.measure}


def shown(value):
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("parts", nargs="*", metavar="PART", help="of: " + " ".join(PARTS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", help="write everything that was measured there")
    options = parser.parse_args()
    unknown = [p for p in options.parts if p not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    programs = {"tributary": os.path.join(options.build, "gateway/app/tributary")}
    for name in ("ingest_load", "paho_noop", "session_answer", "file_append", "packets_of", "growth", "orset_at_scale", "javascript"):
        programs[name] = os.path.join(options.build, "tests/bench", name)
    rows = []
    for part in options.parts or PARTS:
        try:
            for row in PARTS[part](programs, options.quick):
                rows.append({"part": part, **row})
                print(f"{row['name']:36}" + "  ".join(f"{k} {shown(v)}" for k, v in row.items() if k != "name"), flush=True)
        except Skipped as why:
            rows.append({"part": part, "name": part, "skipped": str(why)})
            print(f"{part:36}skipped: {why}", flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump({"cpus": os.cpu_count(), "system": platform.platform(), "quick": options.quick, "rows": rows}, out, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
