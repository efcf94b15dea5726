#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole-process benchmarks: one table with ratios, and JSON.

    bench.py BUILD [--quick] [--long] [--minutes N] [--json FILE] [PART ...]

BUILD is a build directory. Parts: ingest (against a subscriber that only counts), node (against a Node.js script), file (against an
append-only file), bytes (wire and disk), start (start-up, bootstrap), across (until people see a value), peers (the OR-Set
against other libraries), and the long ones, only with --long or by name: reconciling (3 min), growth (3 min), fleet (--minutes).
--quick shows in seconds that everything runs; its figures mean nothing. Exit status 77: every part was skipped.
"""
import argparse
import json
import os
import platform
import signal
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
         "across": across.measure, "peers": peers.measure, "reconciling": reconciling.measure, "growth": growth.measure,
         "fleet": fleet.measure}
LONG = ("reconciling", "growth", "fleet")
PROGRAMS = ("ingest_load", "paho_noop", "session_answer", "paho_answer", "file_append", "packets_of", "growth", "orset_at_scale", "joins_of", "javascript")
SKIPPED = 77


def shown(value):
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("parts", nargs="*", metavar="PART", help="of: " + " ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small and meaningless: that it runs")
    parser.add_argument("--long", action="store_true", help="also: " + " ".join(LONG))
    parser.add_argument("--minutes", type=int, default=1, help="of the part fleet (1; the recorded run had 10)")
    parser.add_argument("--json", help="write everything that was measured there")
    options = parser.parse_intermixed_args()
    unknown = [p for p in options.parts if p not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what it started ends with it
    programs = {"tributary": os.path.join(options.build, "gateway/app/tributary")}
    programs.update((name, os.path.join(options.build, "tests/bench", name)) for name in PROGRAMS)
    minutes = {"fleet": {"minutes": options.minutes}}
    chosen = options.parts or [p for p in PARTS if options.long or p not in LONG]
    rows = []
    for part in chosen:
        try:
            for row in PARTS[part](programs, options.quick, **minutes.get(part, {})):
                rows.append({"part": part, **row})
                print(f"{row['name']:36}" + "  ".join(f"{k} {shown(v)}" for k, v in row.items() if k != "name"), flush=True)
        except Skipped as why:
            rows.append({"part": part, "name": part, "skipped": str(why)})
            print(f"{part:36}skipped: {why}", flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump({"cpus": os.cpu_count(), "system": platform.platform(), "quick": options.quick, "rows": rows}, out, indent=1)
    return SKIPPED if rows and all("skipped" in row for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
