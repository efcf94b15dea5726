# SPDX-License-Identifier: Apache-2.0
"""Entries, envelopes and parts of the executable model: what joins, and what the parts come to.

Numbers of operations are small integers; `covered` is a bit mask. The rules under test are names
in a dictionary: FIXED is the protocol as it is, LITERAL the wording before the model had been at
it; any other value is a planted bug. A type that a gateway does not know ('U') is an OR-Set to
those that do.
"""
from collections import namedtuple

FIXED = dict(
    # 'interval': superseded when contained in ONE other entry; 'join': see superseded()
    gc="join",
    # 'interval': like any other; 'complete': only newer entries that reach from 0 supersede
    unknown_gc="complete",
    # n parts belong together by 'delta' id, or by 'interval' = (from, to, n) alone
    group="delta",
    # compared at the `to` of the deltas, or at the entries' 'hi'; bug: 'bytes'
    contradiction="to",
    # into a fresh epoch: 'none'; 'unsent'; 'booted': unsent and made since loaded; 'unacked'
    carry="none",
    # a rotten envelope: 'forget' the actor's received intervals, or its 'own' interval only
    rot="forget",
    # an ack shows 'all' points that a gateway holds above `from`, or only the 'top' one
    twin_cut="all",
    # a settlement that revives a dead add: the gateway removes it itself
    resettle=True,
    horizon=True,
    split="sub",
    ack="commit",
    join="join",
    whole="all",
    ack_hash=True,
    settle="carry",
    dedupe="body",
    foreign_kept=True,
    # the digest named beside a bucket is of its envelopes; bug: of 'memory', uncommitted too
    published="disk",
)
LITERAL = dict(
    FIXED,
    gc="interval",
    unknown_gc="interval",
    group="interval",
    contradiction="hi",
    carry="unacked",
    rot="own",
    twin_cut="top",
    resettle=False,
)

Entry = namedtuple("Entry", "key type lo hi payload")
# payload: C (p, n) | L (op, hlc, value) | G (element, ...)
#          O and U (adds ((op, element), ...), removed ops, foreign dots)
OrSet = namedtuple("OrSet", "covered live foreign")


class Envelope:
    """one of the n parts of a delta; identity = hash of the body, here a small number"""

    bodies = {}

    def __new__(cls, actor, frm, to, i, n, delta, hlc, entries, sig=0):
        body = (actor, frm, to, i, n, delta, hlc, entries)
        e = object.__new__(cls)
        e.actor, e.frm, e.to, e.i, e.n, e.delta, e.hlc, e.entries = body
        e.hash = cls.bodies.setdefault(body, len(cls.bodies) + 1)
        e.sig = sig
        return e

    def resigned(e, sig):
        return Envelope(e.actor, e.frm, e.to, e.i, e.n, e.delta, e.hlc, e.entries, sig)

    def __repr__(e):
        ents = " ".join(f"{x.key}({x.lo},{x.hi}]{x.payload}" for x in e.entries)
        return f"#{e.hash} {e.actor} ({e.frm},{e.to}] {e.i}/{e.n}: {ents}"


# --- lattices
def mask(lo, hi):
    return ((1 << (hi + 1)) - 1) & ~((1 << (lo + 1)) - 1)


def part_of(x):
    """the part that one entry stands for"""
    if x.type in "CL":
        return x.payload
    if x.type == "G":
        return frozenset(x.payload)
    adds, removed, foreign = x.payload
    covered = mask(x.lo, x.hi)
    for op in removed:
        covered |= 1 << op
    return OrSet(covered, dict(adds), frozenset(foreign))


def join(type, a, b):
    if a is None:
        return b
    if type == "C":
        return (max(a[0], b[0]), max(a[1], b[1]))
    if type == "L":
        return max(a, b)
    if type == "G":
        return a | b
    live = {}
    for op, el in a.live.items():
        if op in b.live:
            live[op] = max(el, b.live[op])
        elif not b.covered >> op & 1:
            live[op] = el
    for op, el in b.live.items():
        if op not in a.live and not a.covered >> op & 1:
            live[op] = el
    return OrSet(a.covered | b.covered, live, a.foreign | b.foreign)


def bottom(type, p):
    return p == ((0, 0) if type == "C" else frozenset()) if type in "CG" else False


class Parts(dict):
    """(actor, key, type) -> part"""

    def take(s, actor, x, how="join"):
        k = (actor, x.key, x.type)
        p = part_of(x)
        s[k] = join(x.type, s.get(k), p) if how == "join" else p

    def dead(s, key, type, dot):
        p = s.get((dot[0], key, type))
        return p is not None and p.covered >> dot[1] & 1 and dot[1] not in p.live

    def normal(s, actor, key, type):
        p = s[(actor, key, type)]
        if type not in "OU":
            return p
        return (
            p.covered,
            tuple(sorted(p.live.items())),
            frozenset(d for d in p.foreign if not s.dead(key, type, d)),
        )

    def digest(s):
        """digest over normalised parts: what the dead targets no longer need is left out, bottom
        is no part"""
        return frozenset((k, s.normal(*k)) for k, p in s.items() if not bottom(k[2], p))

    def visible(s, key, type="O"):
        """dots of the set that count: live, and in nobody's `foreign`"""
        gone = set()
        for (a, k, t), p in s.items():
            if k == key and t == type:
                gone |= p.foreign
        return {
            (a, op): el
            for (a, k, t), p in s.items()
            if k == key and t == type
            for op, el in p.live.items()
            if (a, op) not in gone
        }

    def total(s, key):
        c = [p for (a, k, t), p in s.items() if k == key and t == "C"]
        return sum(p for p, n in c), sum(n for p, n in c)


def contradicts(how, old, x, new, y):
    """x of envelope `old` against y of `new`: a clone or a liar?  (x not later than y)"""
    if how == "bytes":
        return x.lo == y.lo and x.hi == y.hi and x != y
    hx, hy = (old.to, new.to) if how == "to" else (x.hi, y.hi)
    same = hx == hy
    if x.type == "C":
        return (
            x.payload != y.payload
            if same
            else x.payload[0] > y.payload[0] or x.payload[1] > y.payload[1]
        )
    if x.type == "L":
        if x.payload[0] == y.payload[0]:
            return x.payload != y.payload
        return how == "to" and x.payload[0] > y.payload[0]
    if x.type == "G":
        return False
    p, q = part_of(x), part_of(y)
    if any(q.live.get(op, el) != el for op, el in p.live.items()):
        return True
    if how == "hi" and same:
        return False
    d = p.covered
    for op in p.live:
        d &= ~(1 << op)  # dead in the older one ...
    return any(d >> op & 1 for op in q.live) or (  # ... live in the later one
        how == "to" and same and any(q.covered >> op & 1 and op not in q.live for op in p.live)
    )


def spans(intervals, lo, hi):
    for a, b in sorted(intervals):
        if a <= lo:
            lo = max(lo, b)
    return lo >= hi


def weight_of_entry(x):
    return (
        1
        if x.type in "CL"
        else 1 + len(x.payload)
        if x.type == "G"
        else 1 + sum(map(len, x.payload))
    )


def weight_of_part(t, p):
    return 1 if t in "CL" else 1 + len(p) if t == "G" else 1 + len(p[1]) + len(p[2])
