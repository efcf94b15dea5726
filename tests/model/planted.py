# SPDX-License-Identifier: Apache-2.0
"""Planted bugs and rejected wordings: the number of schedules until each is found (flavours
tried in order)."""
import sys

from explore import *

BUGS = [  # name, changed rules, flavours
    ("ack before commit", dict(ack="early"), ["honest"]),
    ("overwrite instead of join", dict(join="overwrite"), ["honest"]),
    ("collect, ignoring foreign removals", dict(foreign_kept=False), ["foreign"]),
    ("part 1 of n taken for the whole", dict(whole="first"), ["honest"]),
    ("an entry split with the same interval", dict(split="same"), ["honest"]),
    ("skip the horizon", dict(horizon=False), ["sets"]),
    ("ack without a hash", dict(ack_hash=False), ["clone"]),
    ("revocation by number", dict(settle="number"), ["settle"]),
    ("identity by message bytes", dict(dedupe="bytes"), ["honest"]),
    (
        "published digest of uncommitted parts",
        dict(published="memory"),
        ["memoryless", "honest", "unknown"],
    ),
    ("contradiction by bytes", dict(contradiction="bytes"), ["honest"]),
]
TEXT = [
    ("superseded by one containing interval", dict(gc="interval"), ["sets", "honest"]),
    ("  same, with a clone", dict(gc="interval"), ["clone"]),
    (
        "parts of one (from, to, n) are one delta",
        dict(group="interval"),
        ["sets", "honest", "memoryless"],
    ),
    ("contradiction compared at hi", dict(contradiction="hi"), ["sets"]),
    ("carry over what was not acknowledged", dict(carry="unacked"), ["rollback"]),
    ("carry over what was never sent", dict(carry="unsent"), ["clone"]),
    ("ack shows only the top point", dict(twin_cut="top"), ["clone"]),
    ("rot lowers only its own interval", dict(rot="own"), ["diskloss"]),
    ("unknown types superseded by containment", dict(unknown_gc="interval"), ["unknown"]),
]


def hunt(rules, flavours, limit):
    n = 0
    for f in flavours:
        for s in range(limit):
            n += 1
            w = World(s, dict(FIXED, **rules), f, steps=160 if f == "foreign" else 110)
            try:
                w.run()
            except Broken as x:
                return n, f, s, x.args[0]
            if w.reached["ACKNOWLEDGED, NOT COUNTED"]:
                return n, f, s, "acknowledged, not counted"
    return n, "-", "-", "NOT FOUND"


if __name__ == "__main__":
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    for title, table in (("planted bugs", BUGS), ("wordings of the text", TEXT)):
        print(f"{title}: schedules until found (limit {limit} a flavour)")
        for name, rules, flavours in table:
            n, f, s, why = hunt(rules, flavours, limit)
            print(f"  {name:44} {n:6} {f:10} seed {s!s:5} {why}", flush=True)
