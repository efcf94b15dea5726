#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole-process benchmarks: one table with ratios, and JSON.

    bench.py BUILD [--quick | --thorough] [--long] [--minutes N] [--json FILE] [PART ...]

BUILD is a build directory. Without more it takes a few minutes: one round of what the goals are about. --thorough is what is
recorded: every size, medians of three rounds. --quick shows in seconds that everything runs; its figures mean nothing. Parts: ingest
(against a subscriber that only counts), node (against a Node.js script), file (against an append-only file), bytes (wire and disk),
start (start-up, bootstrap), across (until people see a value), memory (bytes of a part, an element, a device), peers (data types
against other libraries), and the long ones, only with --long or by name: reconciling (1.5 min), growth (4.5 min), fleet (--minutes).
Exit status 77: every part was skipped.
"""
import argparse
import json
import operator
import os
import pathlib
import platform
import signal
import subprocess
import sys
import time

import across
import append
import fleet
import growth
import ingest
import memory
import node
import octets
import peers
import reconciling
import start
from stage import Effort, Skipped

PARTS = {"ingest": ingest.measure, "node": node.measure, "file": append.measure, "bytes": octets.measure, "start": start.measure,
         "across": across.measure, "memory": memory.measure, "peers": peers.measure, "reconciling": reconciling.measure, "growth": growth.measure,
         "fleet": fleet.measure}
LONG = ("reconciling", "growth", "fleet")
PROGRAMS = ("ingest_load", "paho_noop", "session_answer", "paho_answer", "parts_answer", "file_append", "start_limit", "packets_of", "growth", "orset_at_scale", "joins_of", "bench_scale",
            "javascript")
SKIPPED = 77
# What, in which row (a name that begins so), which field, at least or at most how much, or where in that row this is said. And of some
# rows: where in them stands what the parts alone reach: the C client under Paho C++, which answers as often as the gateway did and does
# nothing else (bare), or also hashes, walks through each message, and commits to SQLite, from a second thread (parts). The better counts.
GOALS = (
    ("durable packets/s ÷ no-op, 1 operation", "ingest, 1 op a packet, 100,000", "ratio", ">=", 0.9, "bare_of_noop", "parts_of_noop"),
    ("durable operations/s ÷ no-op, 100 operations", "ingest, 100 op", "ratio", ">=", 0.8, "bare_of_noop", "parts_of_noop"),
    ("CPU a packet ÷ no-op's", "ingest, 1 op a packet, 100,000", "cpu_ratio", "<=", 1.7, "bare_cpu_ratio", "parts_cpu_ratio"),
    ("durable ÷ Node.js committing each", "node, commits", "ratio", ">=", 8, "bare_of_node", "parts_of_node"),
    ("durable ÷ Node.js acknowledging early", "node, acknowledges", "ratio", ">=", 0.95, "bare_of_node", "parts_of_node"),
    ("p99 to the acknowledgement at half load, ms", "latency at 50%", "p99_ms", "<=", 65),
    ("up-down counter parts joined a second", "joins, pncounter, 1000000", "items_per_s", ">=", 20e6),
    ("OR-Set add ÷ rust-crdt", "peers, OR-Set, rust-crdt", "add_ratio", ">=", 5),
    ("OR-Set apply ÷ rust-crdt", "peers, OR-Set, rust-crdt", "apply_ratio", ">=", 5),
    ("start with 1,000,000 parts, s", "start, 1,000,000", "full_s", "<=", 2),
    ("first acknowledgement of a known device, s", "start, 1,000,000", "first_ack_s", "<=", 1),
    ("bootstrap of 100,000 parts, s", "bootstrap", "seconds", "<=", 2),
    ("bytes of a grow-only counter's part", "memory, gcounter part", "bytes", "<=", 64),
    ("bytes of an up-down counter's part", "memory, pncounter part", "bytes", "<=", 64),
    ("bytes of an OR-Set's element of 16", "memory, orset element, of 1000000", "bytes", "<=", 120),
    ("bytes of a 0.1 % difference", "reconciling, 0.1% ", "received", "<=", "goal"),
    ("bytes an operation ÷ JSON, 100 on 100 keys", "bytes, 100 op a packet, 100 keys", "ratio_json", "<=", 0.1),
    ("cost an operation at 100,000 devices ÷ at 100", "growth, process, 100,000", "of_100", "<=", 1.5),
    ("the same, of the core alone", "growth, core, 100,000", "of_100", "<=", 1.5),
)


def shown(value):
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def judged(rows):
    """The goals that this run has something to say about."""
    for what, name, field, relation, goal, *limits in GOALS:
        row = next((r for r in rows if r["name"].startswith(name) and field in r), None)
        if row is None:
            continue
        wanted = row[goal] if isinstance(goal, str) else goal
        meets = operator.ge if relation == ">=" else operator.le
        judgement = {"goal": what, "reached": row[field], "wanted": f"{relation} {shown(wanted)}", "held": meets(row[field], wanted)}
        if limits:
            best = (max if relation == ">=" else min)(row[limit] for limit in limits)
            judgement.update(parts_alone=best, within_reach=meets(best, wanted))
        yield judgement


def in_words(judgement):
    if judgement["held"]:
        return "held"
    return "NOT held" if judgement.get("within_reach", True) else f"out of reach: the parts alone have {shown(judgement['parts_alone'])}"


def circumstances(build):
    """What the figures stand for: the commit, when, on which machine, and how busy it was."""
    commit = subprocess.run(["git", "-C", str(pathlib.Path(__file__).parent), "describe", "--always", "--dirty"], capture_output=True, text=True,
                            check=False).stdout.strip()
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return {"commit": commit, "build": build, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cpu": model, "cpus": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1), "system": platform.platform()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("parts", nargs="*", metavar="PART", help="of: " + " ".join(PARTS))
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", action="store_true", help="small and meaningless: that it runs")
    effort.add_argument("--thorough", action="store_true", help="every size, medians of three rounds")
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
    rows, took, around = [], {}, circumstances(options.build)
    print(f"commit {around['commit']}, {around['cpus']} x {around['cpu']}, load {around['load']}", flush=True)
    for part in chosen:
        began = time.monotonic()
        try:
            for row in PARTS[part](programs, Effort(options.quick, options.thorough), **minutes.get(part, {})):
                rows.append({"part": part, **row})
                print(f"{row['name']:40}" + "  ".join(f"{k} {shown(v)}" for k, v in row.items() if k != "name"), flush=True)
        except Skipped as why:
            rows.append({"part": part, "name": part, "skipped": str(why)})
            print(f"{part:40}skipped: {why}", flush=True)
        took[part] = round(time.monotonic() - began)
    print("\nseconds: " + ", ".join(f"{part} {seconds}" for part, seconds in took.items()))
    goals = [] if options.quick else list(judged(rows))
    if goals:
        print(f"\n{'goal':48}{'reached':>14}  {'wanted':16}")
    for g in goals:
        print(f"{g['goal']:48}{shown(g['reached']):>14}  {g['wanted']:16}{in_words(g)}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump({**around, "quick": options.quick, "thorough": options.thorough, "seconds": took, "rows": rows, "goals": goals}, out, indent=1)
    return SKIPPED if rows and all("skipped" in row for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
