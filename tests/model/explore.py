# SPDX-License-Identifier: Apache-2.0
"""Explores random worlds of the model and says what broke.

    explore.py FLAVOUR SEEDS [rule=value ...] [start=N] [steps=N] [literal] [trace]

Flavours: honest, sets, foreign, unknown, memoryless, diskloss, rollback, clone, settle; all: one
after the other.
"""
import collections
import sys
import time

from world import *

FLAVOURS = "honest sets foreign unknown memoryless diskloss rollback clone settle".split()


def explore(flavour, seeds, rules=FIXED, stop=None, **kw):
    """[(seed, why, trace)], and what was reached"""
    bad = []
    reached = collections.Counter()
    for s in seeds:
        w = World(s, rules, flavour, **kw)
        try:
            w.run()
        except Broken as x:
            bad.append((s, x.args, w.trace))
        reached.update(w.reached)
        if stop and len(bad) >= stop:
            break
    return bad, reached


def main():
    asked, n = sys.argv[1], int(sys.argv[2])
    rules = dict(LITERAL if "literal" in sys.argv else FIXED)
    kw, start, broken = {}, 0, 0
    for a in sys.argv[3:]:
        if "=" in a:
            k, v = a.split("=")
            if k in ("gateways", "devices", "steps"):
                kw[k] = int(v)
            elif k == "start":
                start = int(v)
            else:
                rules[k] = {"False": False, "True": True}.get(v, v)
    for flavour in FLAVOURS if asked == "all" else [asked]:
        began = time.time()
        bad, reached = explore(flavour, range(start, start + n), rules, **kw)
        kinds = dict(collections.Counter(b[1][0] for b in bad))
        took = f"{time.time() - began:.0f}s"
        print(flavour, n, "schedules,", len(bad), "broken", kinds, took, dict(reached))
        for s, why, trace in sorted(bad, key=lambda b: len(b[2]))[:1]:
            print("seed", s, why)
            print("\n".join(trace[-40:]) if "trace" in sys.argv else "")
            print(f"replay: {sys.argv[0]} {flavour} 1 start={s} trace")
        broken += len(bad)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
