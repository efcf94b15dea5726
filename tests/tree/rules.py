#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules about the tree, each with what to do instead. Usage: rules.py SOURCE_DIR. Exits 1 when one is broken.

The include rules are those of docs/architecture.md: crdt <- transports/wire <- sdk, and crdt <- wire <- core <- adapters <- app.
"""
import os
import re
import sys

SOURCES = ("crdt", "transports", "gateway", "firmware-sim", "config", "tests")

# folder -> what its files may include of ours (longest folder wins)
MAY = {
    "crdt": ["crdt"],
    "transports": ["transports/session.h", "transports/batch_class.h"],
    "transports/wire": ["crdt", "transports/wire"],
    "transports/signing": ["transports/wire", "transports/signing"],
    "transports/secrecy": ["transports/secrecy"],
    "transports/memory": ["transports/session.h", "transports/backoff.h", "transports/memory"],
    "transports/mqtt": ["transports/session.h", "transports/backoff.h", "transports/batch_class.h", "transports/tls", "transports/mqtt"],
    "transports/spread": ["transports/session.h", "transports/spread"],
    "transports/tls": ["transports/tls"],
    "gateway/core": ["crdt", "transports/wire", "transports/signing", "gateway/core"],
    "gateway/sealing": ["crdt", "transports/wire", "gateway/sealing"],
    "gateway/store": ["crdt", "gateway/core/commit.h", "gateway/store"],
    "gateway/keyring": ["transports/tls", "transports/wire", "transports/signing", "transports/secrecy", "gateway/keyring"],
    "gateway/history": ["crdt", "gateway/store", "gateway/history"],
    "config": ["crdt", "config", "transports/wire"],
    "firmware-sim/sdk": ["crdt", "transports/wire", "transports/signing", "transports/secrecy", "firmware-sim/sdk"],
    "firmware-sim/sdk/mqtt": ["crdt", "transports/wire", "transports/session.h", "firmware-sim/sdk"],
    "firmware-sim/devices": ["crdt", "transports/wire", "firmware-sim/sdk", "firmware-sim/devices"],
    "firmware-sim/fleet": ["crdt", "transports/wire", "transports/session.h", "firmware-sim"],
    "gateway/http": ["transports/wire", "gateway/http", "assets_data.h"],
    "gateway/app": ["crdt", "transports", "gateway", "firmware-sim", "config"],
}

# folder -> third-party headers its files may include; folders not named: none in headers
CORE_ONLY_STD = {
    "crdt": [],
    "firmware-sim/sdk": [],
    "gateway/core": ["openssl/", "absl/container/", "sys/mman.h"],  # its memory, no I/O
    "gateway/sealing": [],
}
CLOCKS = re.compile(r"\b(system_clock|steady_clock|high_resolution_clock|clock_gettime|gettimeofday|std::thread|std::mutex|fopen|ofstream|ifstream)\b|\btime\(\s*(NULL|nullptr|0)\s*\)")
PURE = ("crdt/", "transports/wire/", "gateway/core/", "gateway/sealing/", "firmware-sim/sdk/")
FILE_LINES_MAX = 600
LINE_MAX = 100


def longest(table, path):
    best = None
    for folder in table:
        if path.startswith(folder + "/") and (best is None or len(folder) > len(best)):
            best = folder
    return best


def files(top):
    for folder in SOURCES:
        for base, dirs, names in os.walk(os.path.join(top, folder)):
            dirs[:] = [d for d in dirs if d not in ("node_modules", "corpus")]
            for name in sorted(names):
                if name.endswith((".h", ".cc")):
                    yield os.path.relpath(os.path.join(base, name), top)


def check(top, path):
    with open(os.path.join(top, path), encoding="utf8") as f:
        text = f.read()
    lines = text.split("\n")
    if not text.startswith("// SPDX-License-Identifier: Apache-2.0\n"):
        yield 1, "the first line must be the SPDX line: // SPDX-License-Identifier: Apache-2.0"
    if path.endswith(".h") and "#pragma once" not in text:
        yield 1, "a header needs #pragma once"
    if len(lines) > FILE_LINES_MAX:
        yield FILE_LINES_MAX, f"{len(lines)} lines: split at 400, never pass {FILE_LINES_MAX}"
    product = not path.startswith("tests/")
    allowed = MAY.get(longest(MAY, path) or "", None) if product else None
    std_only = longest(CORE_ONLY_STD, path) if product else None
    if std_only == "firmware-sim/sdk" and path.startswith("firmware-sim/sdk/mqtt/"):
        std_only = None
    example = "/examples/" in path
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX:
            yield number, f"{len(line)} columns: at most {LINE_MAX}; run clang-format"
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
            yield number, "no open ends on main: file an issue or finish it"
        if product and path.startswith(PURE) and not example:
            if CLOCKS.search(line.split("//")[0]) and "mqtt/" not in path:
                yield number, "no clock, thread or file below the adapters: take the time as a parameter"
        if not product and re.search(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|[^_\w]sleep\(", line.split("//")[0]):
            if "support/" not in path:
                yield number, "no sleeps in tests: eventually(deadline, condition) of tests/support"
        ours = re.match(r'\s*#include "([^"]+)"', line)
        if ours and allowed is not None:
            target = ours.group(1)
            if not any(target == a or target.startswith(a + "/") for a in allowed):
                yield number, f"may not include {target}: only {', '.join(allowed)}"
        theirs = re.match(r"\s*#include <([^>]+/[^>]+|[^>]+\.hpp|[^>]+\.h)>", line)
        if theirs and product and not example:
            target = theirs.group(1)
            posix = re.match(r"(sys|netinet|arpa|netdb|unistd|fcntl|signal|poll|pthread|termios|dirent|errno|time|ifaddrs|net|linux|pwd)\b", target)
            if std_only is not None and not any(target.startswith(p) for p in CORE_ONLY_STD[std_only]):
                yield number, f"may not include <{target}>: std only here, or {CORE_ONLY_STD[std_only]}"
            elif path.endswith(".h") and not posix and not path.startswith("gateway/app/") and not target.startswith("absl/container/"):
                yield number, f"third-party header <{target}> belongs into the .cc of an adapter"


def main():
    top = sys.argv[1] if len(sys.argv) > 1 else "."
    broken = 0
    count = 0
    for path in files(top):
        count += 1
        for line, what in check(top, path):
            broken += 1
            print(f"{path}:{line}: {what}")
    print(f"{count} files, {broken} rules broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
