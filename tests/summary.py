#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a test run comes to. Usage: summary.py RESULTS.xml ... (CTest's JUnit files, one a stage, named after it).

What sanitizers reported (RESULTS.reports/*) is a failure, too, whatever the tests thought of it: programs that tests start
and kill report there. A stage whose file is missing or holds no test did not run, which is a failure. Names what failed and
what was skipped, with its reason, and ends with one line: N passed, N failed[, N skipped]. Exit status 0: something passed,
nothing failed.
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

SKIPPED_CASE = re.compile(r"^(.*)\n\[  SKIPPED \] (\S+) \(\d+ ms\)$", re.M)


def last_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def stage(path):
    """(stage, passed, failed, skipped, notes): the names of its tests, and cases that a passing program left out."""
    name = os.path.splitext(os.path.basename(path))[0]
    passed, failed, skipped, notes = [], [], [], []
    if not os.path.exists(path):
        return name, [], [f"{name}: its build failed"], [], []
    try:
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    except ElementTree.ParseError as error:
        return name, [], [f"{name}: {path}: {error}"], [], []
    for case in cases:
        test, status, output = case.get("name"), case.get("status"), case.findtext("system-out") or ""
        if status == "run":
            passed.append(test)
            notes += [f"{name}: {test}: {left_out}: {why.strip()}" for why, left_out in SKIPPED_CASE.findall(output)]
        elif status == "notrun" and "SKIP_RETURN_CODE" in (case.find("skipped").get("message") or ""):
            skipped.append(f"{name}: {test}: {last_line(output)}")
        elif status != "disabled":
            failed.append(f"{name}: {test}")
    if not cases:
        failed.append(f"{name}: no tests")
    return name, passed, failed, skipped, notes


def reports(path):
    """What sanitizers said in this stage, each kind once: {summary: text}."""
    folder, found = os.path.splitext(path)[0] + ".reports", {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, name), encoding="utf8", errors="replace") as f:
            text = f.read()
        for part in re.split(r"(?m)^(?=={10,}$)", text):
            summary = re.search(r"^SUMMARY: .*$|runtime error: .*$|.*\bCHECK failed.*$|^.*\bFATAL: .*$", part, re.M)
            if summary:
                found.setdefault(summary.group(0), part.strip())
    return found


def main():
    stages = [stage(path) for path in sys.argv[1:]]
    for path, entry in zip(sys.argv[1:], stages):
        for summary, text in reports(path).items():
            print("\n" + "\n".join(text.splitlines()[:60]))
            entry[2].append(f"{entry[0]}: {summary}")
    print()
    for name, passed, failed, skipped, _ in stages:
        print(f"{name:10} {len(passed):4} passed {len(failed):4} failed {len(skipped):4} skipped")
    for label, column in (("CASE SKIPPED", 4), ("SKIPPED", 3), ("FAILED", 2)):
        for entry in stages:
            for what in entry[column]:
                print(f"{label}  {what}")
    passed, failed, skipped = (sum(len(entry[column]) for entry in stages) for column in (1, 2, 3))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
