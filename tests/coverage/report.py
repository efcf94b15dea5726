#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads `llvm-cov show -show-branches=count`, prints a table per file and what is missing. Exits 1 below the thresholds.

A branch is one outcome, true or false, of one condition; `a && b` is two conditions. It is covered when any instantiation of
its template takes it. No branches: conditions that are known when compiling (`if constexpr`), comparisons that the compiler
writes (`= default`), the outcome "none of the cases" of a switch without default (-Wswitch wants a case for every enumerator)
and planted bugs: their switches, what else their condition asks, and what they do. A template that nothing instantiates does
not appear.
"""
import argparse
import fnmatch
import re
import sys

# Folder -> least share of its branches, in percent.
BRANCHES_MIN = {"crdt": 95.0, "gateway/core": 95.0, "transports/wire": 95.0, "firmware-sim/sdk": 95.0}

# Of these every line: what joins, what reads untrusted bytes, what acknowledges.
EVERY_LINE = {
    "join": ["crdt/*", "gateway/core/keyspace.*", "gateway/core/entry_part.h"],
    "decode": ["transports/wire/*", "gateway/core/gateway_intake.cc", "gateway/core/policy.cc", "gateway/core/coding.h",
               "gateway/core/gateway_start.cc", "gateway/core/gateway_registry.cc", "firmware-sim/sdk/snapshot.cc"],
    "acknowledge": ["gateway/core/ack_book.*", "gateway/core/intake.*", "gateway/core/gateway_commit.cc",
                    "firmware-sim/sdk/acks.cc", "firmware-sim/sdk/gateways.*", "firmware-sim/sdk/points.h"],
}

LINE = re.compile(r"^ *(\d+)\|\s*([\d.]+[kMGTPEZY]?)?\|(.*)$")
BRANCH = re.compile(r"^\s*\|\s*Branch \((\d+):(\d+)\): \[(?:True: ([\d.]+\w?), False: ([\d.]+\w?)|Folded - Ignored)\]")


PATH = re.compile(r"/((?:%s)/[^/]+):$" % "|".join(BRANCHES_MIN))


class File:
    def __init__(self, name):
        self.name = name
        self.lines = {}  # number -> whether it ran
        self.text = {}
        self.branches = {}  # (line, column) -> [true taken, false taken]

    def outcomes(self):
        return [(at, what, taken) for at, both in sorted(self.branches.items()) if not self.exempt(*at)
                for what, taken in zip(("true", "false"), both)]

    def exempt(self, line, column):
        text = self.text.get(line, "")
        before, after = text[:column - 1], text[column - 1:]
        return ("= defaul" in before or before.endswith("switch (") or after.lstrip("!").startswith("planted(")
                or ("planted(" in before and "||" not in before))

    def missing_branches(self):
        return [(at, what) for at, what, taken in self.outcomes() if not taken]

    def planted_lines(self):
        """What a planted bug does: the lines in braces after its condition."""
        out, end = set(), None
        for n, text in sorted(self.text.items()):
            if end is not None:
                out.add(n)
                end = None if text.startswith(end) else end
            elif text.endswith("{") and "if (planted(" in text:
                end = text[:len(text) - len(text.lstrip())] + "}"
        return out

    def missing_lines(self):
        planted = self.planted_lines()
        return [n for n, ran in sorted(self.lines.items()) if not ran and n not in planted]


def read(lines):
    files, current = {}, None
    for line in lines:
        line = line.rstrip("\n")
        if line.startswith("/") and line.endswith(":"):  # a file begins; ccache may have made its path relative
            name = PATH.search(line)
            known = name and name[1] != "crdt/planted.h"  # the switches of planted bugs themselves
            current = files.setdefault(name[1], File(name[1])) if known else None
            continue
        if current is None:
            continue
        branch = BRANCH.match(line)
        if branch:
            if branch[3] is not None:
                both = current.branches.setdefault((int(branch[1]), int(branch[2])), [False, False])
                both[0] |= branch[3] != "0"
                both[1] |= branch[4] != "0"
            continue
        code = LINE.match(line)
        if code:
            number = int(code[1])
            current.text[number] = code[3]
            if code[2] is not None:
                current.lines[number] = current.lines.get(number, False) or code[2] != "0"
    return files


def share(covered, total):
    return 100.0 * covered / total if total else 100.0


def row(name, files):
    lines = sum(len(f.lines) for f in files)
    ran = sum(sum(f.lines.values()) for f in files)
    outcomes = [taken for f in files for _, _, taken in f.outcomes()]
    print(f"{name:<36} {ran:>6} /{lines:>6} {share(ran, lines):>7.2f}% {sum(outcomes):>6} /{len(outcomes):>6} "
          f"{share(sum(outcomes), len(outcomes)):>7.2f}%")
    return share(sum(outcomes), len(outcomes))


def why_every_line(name):
    return [reason for reason, patterns in EVERY_LINE.items() if any(fnmatch.fnmatch(name, p) for p in patterns)]


def idle_patterns(names):
    """Of EVERY_LINE, those that name no file: something was moved, and is looked at no more."""
    return [p for patterns in EVERY_LINE.values() for p in patterns if not any(fnmatch.fnmatch(n, p) for n in names)]


def show_missing(file):
    for n in file.missing_lines():
        print(f"{file.name}:{n}: no test comes here: {file.text[n].strip()}")
    for (line, column), what in file.missing_branches():
        print(f"{file.name}:{line}:{column}: never {what}: {file.text.get(line, '')[column - 1:].strip()}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--all", action="store_true")
    options = arguments.parse_args()
    files = read(sys.stdin)
    folders = {f: [x for n, x in sorted(files.items()) if n.rsplit("/", 1)[0] == f] for f in BRANCHES_MIN}
    print(f"{'':<36} {'lines':>14} {'':>8} {'branches':>14}")
    below = []
    for folder, members in folders.items():
        for file in members:
            row(file.name, [file])
        reached = row(folder + "/ together", members)
        print()
        if not members or reached < BRANCHES_MIN[folder]:
            below.append((folder, reached))
    gaps = [(f, why) for f in files.values() if (why := why_every_line(f.name)) and f.missing_lines()]
    wanted = {folder for folder, _ in below}
    for folder, members in folders.items():
        for file in members:
            if options.all or folder in wanted or any(f is file for f, _ in gaps):
                show_missing(file)
    for folder, reached in below:
        print(f"{folder}: {reached:.2f} % of the branches, at least {BRANCHES_MIN[folder]:.0f} % wanted")
    for file, why in gaps:
        print(f"{file.name}: every line wanted ({', '.join(why)}), {len(file.missing_lines())} are missing")
    idle = idle_patterns(files)
    for pattern in idle:
        print(f"report.py: {pattern}: every line of it is wanted, and there is no such file")
    bad = below or gaps or idle
    print("coverage: " + ("NOT ENOUGH" if bad else "enough"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
