#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy, with .clang-tidy, over the product's sources.

  tidy.py [--all] [--jobs N] BUILD_DIR [PART-OF-A-PATH ...]

BUILD_DIR holds compile_commands.json. Files found clean are remembered in BUILD_DIR/tidy by the hash of all that they are
made of (themselves, our headers, the command, .clang-tidy, the version of clang-tidy; not the system's headers) and are not
looked at again. Without --all the clang analyzer is left out, which takes two thirds of the time, and one check that takes a
fifth of the rest.
Exits 1 when there are findings, 77 when clang-tidy is missing.
"""
import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
PRODUCT = ("crdt/", "transports/", "gateway/", "firmware-sim/", "config/")
QUICKLY = "--checks=-clang-analyzer-*,-bugprone-reserved-identifier"
INCLUDE = re.compile(rb'^\s*#include "([^"]+)"', re.M)


@functools.lru_cache(maxsize=None)
def read(path):
    with open(path, "rb") as f:
        return f.read()


def made_of(path):
    """The file and all headers of ours that it includes: quoted includes start at the top of the tree."""
    found, open_ends = set(), [path]
    while open_ends:
        path = open_ends.pop()
        if path in found or not os.path.isfile(path):
            continue
        found.add(path)
        open_ends += [os.path.join(TOP, name.decode()) for name in INCLUDE.findall(read(path))]
    return sorted(found)


def fingerprint(entry, version, options):
    digest = hashlib.sha256(json.dumps([version, entry["command"], options]).encode())
    for path in [os.path.join(TOP, ".clang-tidy"), *made_of(entry["file"])]:
        digest.update(hashlib.sha256(read(path)).digest())
    return digest.hexdigest()


def findings(entry, build, options):
    """What clang-tidy says about one file; empty: nothing."""
    result = subprocess.run(["clang-tidy", "-quiet", "-p", build, *options, entry["file"]],
                            capture_output=True, text=True, check=False)
    said = result.stdout.strip()
    if result.returncode != 0 and not said:
        said = f"{entry['file']}: clang-tidy failed ({result.returncode})\n{result.stderr.strip()}"
    return said


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("build")
    parser.add_argument("parts", nargs="*")
    args = parser.parse_args()
    if not shutil.which("clang-tidy"):
        print("tidy: skipped: clang-tidy is not here (Debian: clang-tidy)")
        return 77
    options = [] if args.all else [QUICKLY]
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True, check=True).stdout
    with open(os.path.join(args.build, "compile_commands.json"), encoding="utf8") as f:
        entries = {e["file"]: e for e in json.load(f)}
    entries = [e for path, e in sorted(entries.items())
               if os.path.relpath(path, TOP).startswith(PRODUCT) and (not args.parts or any(p in path for p in args.parts))]
    if not entries:
        print(f"tidy: no such file in {args.build}/compile_commands.json")
        return 1
    clean = os.path.join(args.build, "tidy")
    os.makedirs(clean, exist_ok=True)
    stamps = {e["file"]: os.path.join(clean, fingerprint(e, version, options)) for e in entries}
    wanted = [e for e in entries if not os.path.exists(stamps[e["file"]])]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for entry, said in zip(wanted, pool.map(lambda e: findings(e, args.build, options), wanted)):
            if said:
                bad += 1
                print(said, flush=True)
            else:
                open(stamps[entry["file"]], "w", encoding="utf8").close()
    print(f"{len(entries)} files, {bad} with findings, {len(entries) - len(wanted)} unchanged since found clean")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
