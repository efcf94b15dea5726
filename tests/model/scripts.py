# SPDX-License-Identifier: Apache-2.0
"""Scripted counterexamples, under the text as it stands (LITERAL) and after the changes (FIXED),
and a small exhaustive search."""
import collections
import copy
import itertools
import random
import sys

from explore import *

T = [0]


def env(a, f, t, *entries, i=1, n=1, delta=0):
    return Envelope(a, f, t, i, n, delta, 0, tuple(entries))


def S(lo, hi, adds=(), removed=(), foreign=(), key="s", type="O"):
    return Entry(key, type, lo, hi, (tuple(adds), tuple(removed), tuple(foreign)))


def C(hi, p, key="c", n=0):
    return Entry(key, "C", 0, hi, (p, n))


def gw(r, known="CLGOU", forbidden=()):
    g = Gateway("g", r, known, forbidden)
    g.writer = None
    return g


def feed(g, *es):
    for e in es:
        g.take(e)
        g.commit()
    return g


def shown(g, key="s", type="O"):
    return sorted(g.parts.visible(key, type).values())


def rebuilt(g, key="s", type="O"):
    a = shown(g, key, type)
    g.crash()
    return "shows", a, "after a restart", shown(g, key, type)


def dev(r, **kw):
    return Device("d", r, lambda: T[0], **kw)


def part_of_split_kills_a_removal(r):  # A1 of the first model; N1
    """1 add u, 2 add v, 3 remove u, complete entry made, 4 add w; then part 2 of a complete
    delta without part 1"""
    g = feed(
        gw(r),
        env("a", 0, 2, S(0, 2, [(1, "u"), (2, "v")])),
        env("a", 2, 3, S(2, 3, (), [1])),
        env("a", 0, 4, S(2, 4, [(4, "w")]), i=2, n=2),
    )
    return rebuilt(g)


def older_equal_interval(r):  # N2
    """(0,2] made at 2 with u; (0,2] of a split made at 4, where u is gone: which one stays?"""
    g = feed(
        gw(r),
        env("a", 0, 2, S(0, 2, [(1, "u"), (2, "v")])),
        env("a", 0, 4, S(0, 2, [(2, "v")]), i=1, n=2),
    )
    return rebuilt(g)


def honest_convicted(r):  # N3
    """(0,2] of a split made at 4 (u dead), then a late (0,3] made at 3 (u live)"""
    g = feed(
        gw(r),
        env("a", 0, 4, S(0, 2, [(2, "v")]), i=1, n=2),
        env("a", 0, 3, S(0, 3, [(1, "u"), (2, "v")])),
    )
    return "convicted" if g.evidence else "not convicted"


def two_cuts_of_one_interval(r):  # N4
    """(0,4] made twice, two parts each, cut differently: part 1 of the first + part 2 of the
    second"""
    g = feed(
        gw(r),
        env("a", 0, 4, C(4, 1), i=1, n=2, delta=r["group"] == "delta" and "x"),
        env("a", 0, 4, C(4, 7, "e"), i=2, n=2, delta=r["group"] == "delta" and "y"),
    )  # x2 and y1 carried counter d
    return "acks", g.ack("a")[0], "counter d held", ("a", "d", "C") in g.parts


def straddling(r):  # N5
    """a large set under churn, always sent from 0 in pieces: live envelopes after 60 deltas"""
    d = dev(r, small=0, packet=5)
    g = gw(r)
    rnd = random.Random(1)
    worst = 0
    for n in range(300):
        live = d.parts.get(("s", "O"), {})
        if len(live) > 12:
            d.op("s", "O", "remove", [rnd.choice(sorted(live))])
        else:
            d.op("s", "O", "add", str(n))
        if n % 5 == 0:
            feed(g, *d.delta(0))
        worst = max(worst, len(g.live))
    return "live envelopes, worst", worst, "weight (live, parts)", g.weight(d.actor)


def rot_lowers(r):  # N6
    g = feed(gw(r), env("a", 0, 5, C(5, 5)), env("a", 5, 9, C(9, 9)))
    g.rot(max(g.disk_live))
    return "acks", g.ack("a")[0], "holds", g.parts.get(("a", "c", "C"))


def unknown_type(r):  # N7
    """the first script in a type that the gateway learns later"""
    g = feed(
        gw(r, "CLGO"),
        *[
            env("a", *x)
            for x in (
                (0, 2, S(0, 2, [(1, "u"), (2, "v")], key="s", type="U")),
                (2, 3, S(2, 3, (), [1], type="U")),
            )
        ],
        env("a", 0, 4, S(2, 4, [(4, "w")], type="U"), i=2, n=2),
    )
    g.upgrade()
    return "acks", g.ack("a")[0], "shows", shown(g, "s", "U")


def clone_register(r):  # N8
    """clones: op 8 writes q (sent at 8); the other one's register is of op 6 (sent at 9)"""
    g = feed(
        gw(r),
        env("a", 0, 8, Entry("r", "L", 0, 8, (8, 1, "q"))),
        env("a", 0, 9, Entry("r", "L", 0, 9, (6, 1, "p"))),
    )
    a = g.parts[("a", "r", "L")]
    g.crash()
    return "register", a, "after a restart", g.parts[("a", "r", "L")], "convicted", bool(g.evidence)


def overtaken_copy(r):  # N9, B2
    """acked to 8; restored to 5; 4 more made and sent before any ack is heard"""
    d = dev(r)
    g = gw(r)
    for i in range(5):
        d.op("c", "C", 0)
    feed(g, *d.delta(0))
    d.on_ack("g", d.actor, *g.ack(d.actor))
    m = copy.deepcopy(d.__dict__ | dict(clock=None))
    for i in range(3):
        d.op("c", "C", 0)
    T[0] += 1
    feed(g, *d.delta(5))
    d.on_ack("g", d.actor, *g.ack(d.actor))
    d.__dict__.update(m)
    d.clock = lambda: T[0]
    T[0] += 1
    for i in range(4):
        d.op("c", "C", 0)
    feed(g, *d.delta(5))
    return (
        "told",
        d.on_ack("g", d.actor, *g.ack(d.actor)) or f"safe to {d.safe()}",
        "issued 12, shown",
        g.parts.total("c")[0],
    )


def carried_twice(r):  # N10
    """a clone at 1; each does one more; the second is sent and then learns of its twin"""
    a, b = dev(r), None
    g = gw(r)
    a.op("c", "C", 0)
    b = copy.copy(a)
    b.__dict__.update(copy.deepcopy(a.__dict__ | dict(clock=None)))
    b.clock = a.clock
    b.loaded = 1
    T[0] += 1
    a.op("c", "C", 0)
    b.op("c", "C", 0)
    T[0] += 1
    b.op("c", "C", 0)
    feed(g, *b.delta(0))
    a.on_ack("g", b.actor, *g.ack(b.actor))
    feed(g, *a.delta(0))
    return "issued 4, shown", g.parts.total("c")[0]


def foreign_forgotten(r):  # A2
    g = feed(
        gw(r),
        env("a", 0, 1, S(0, 1, [(1, "x")])),
        env("b", 0, 1, S(0, 1, (), (), [("a", 1)])),
        env("b", 1, 2, S(0, 2)),
    )
    return rebuilt(g)


def removal_forgotten_at_ack(r):  # A4
    d = dev(r, small=0, packet=99)
    g1, g2 = gw(r), gw(r)
    for e in "xyz":
        d.op("s", "O", "add", e)
    es = d.delta(0)
    feed(g1, *es)
    feed(g2, *es)
    d.op("s", "O", "remove", [1])
    feed(g1, *d.delta(3))
    d.op("s", "O", "add", "w")
    feed(g2, *d.delta(3))
    return "g2 acks", g2.ack(d.actor)[0], "shows", shown(g2)


def split_pieces(r):  # A5
    return "shows", shown(
        feed(
            gw(r),
            env("a", 0, 2, S(0, 1, [(1, "x")]), i=1, n=2),
            env("a", 0, 2, S(1, 2, [(2, "y")]), i=2, n=2),
        )
    )


def bottom_part(r):  # A6
    g = feed(gw(r), env("a", 0, 1, Entry("g", "G", 0, 1, ())))
    return "parts in the digest", len(g.parts.digest())


def clone_tie(r):  # A7
    x, y = [env("a", 0, 1, Entry("r", "L", 0, 1, (1, 5, v))) for v in "pq"]
    f, h = feed(gw(r), x, y), feed(gw(r), y, x)
    return "equal", f.parts.digest() == h.parts.digest(), "evidence equal", f.evidence == h.evidence


def reboot_of_the_gateway(r):  # B3
    g = feed(gw(r), env("a", 0, 5, C(5, 5)), env("a", 5, 9, C(9, 9)))
    g.crash()
    return "acks", g.ack("a")[0]


def made_again(r):  # B4
    g = feed(gw(r), env("a", 4, 5, S(4, 5, (), [1])), env("a", 4, 5, S(0, 5, [(2, "b")])))
    return "convicted", bool(g.evidence)


def settlement(r):  # C1, C2
    a, b = env("d", 0, 5, C(5, 5)), env("d", 5, 9, C(9, 8))
    out = set()
    thief = env("d", 0, 4, C(4, 1000))
    for order in itertools.permutations([a, b, thief, "settle"]):
        g = gw(r)
        for x in order:
            g.settle("d", dict(live=[b], upto=9)) if x == "settle" else feed(g, x)
        out.add(g.parts.total("c")[0])
    return "values over all orders", out


def muted(r):  # C3
    d = dev(r)
    g = gw(r, forbidden=("z",))
    d.op("c", "C", 0)
    d.op("z", "C", 0)
    d.op("c", "C", 0)
    for e in d.delta(0):
        d.on_refusal(d.actor, g.forbids(e))
        feed(g, e)
    feed(g, *d.delta(0))
    return "c", g.parts.total("c")[0], "acks", g.ack(d.actor)[0], "of", d.N


def revived(r):  # C9, N11
    """the gateway saw a's own removal; the admin's record does not have it"""
    g = gw(r)
    g.writer = Device("g", r, lambda: 0)
    a = env("a", 0, 1, S(0, 1, [(1, "x")]))
    feed(g, a, env("a", 1, 2, S(0, 2)))
    was = shown(g)
    g.settle("a", dict(live=[a], upto=1))
    return "before", was, "after the settlement", shown(g)


def stale_bucket(r):  # E1
    a, b = gw(r), gw(r)
    feed(a, env("x", 0, 1, C(1, 1)))
    p = a.publish()
    feed(b, env("y", 0, 1, C(1, 1)))
    return "fetches in 5 rounds", sum(b.reconcile(p) for i in range(5))


def exhaustive(r):
    """every order of up to 5 of these envelopes of one honest set: 1 add u, 2 add v, 3 remove u,
    4 add w"""
    u, v, x = (1, "u"), (2, "v"), (4, "w")
    E = [
        env("a", 0, 1, S(0, 1, [u])),
        env("a", 0, 2, S(0, 2, [u, v])),
        env("a", 1, 2, S(1, 2, [v])),
        env("a", 2, 3, S(2, 3, (), [1])),
        env("a", 1, 3, S(1, 3, [v], [1])),
        env("a", 0, 3, S(0, 3, [v])),
        env("a", 3, 4, S(3, 4, [x])),
        env("a", 2, 4, S(2, 4, [x], [1])),
        env("a", 0, 4, S(0, 2, [v]), i=1, n=2),
        env("a", 0, 4, S(2, 4, [x]), i=2, n=2),
        env("a", 0, 4, S(0, 4, [v, x])),
    ]
    n = bad = 0
    first = None
    convicted = 0
    by = {}
    for k in range(1, 6):
        for seq in itertools.permutations(E, k):
            g = gw(r)
            n += 1
            for e in seq:
                g.take(e)
            g.commit()
            convicted += bool(g.evidence)
            a = g.parts.digest()
            g.crash()
            wrong = a != g.parts.digest() or by.setdefault(frozenset(e.hash for e in seq), a) != a
            bad += wrong
            if wrong and not first:
                first = seq
    return n, "orders, wrong", bad, "convicted", convicted, first or ""


if __name__ == "__main__":
    for f in [
        v
        for v in list(globals().values())
        if callable(v)
        and getattr(v, "__code__", None)
        and v.__code__.co_varnames[:1] == ("r",)
        and v.__module__ == "__main__"
        and v.__name__ not in ("gw", "dev")
    ]:
        for name, r in (("text ", LITERAL), ("fixed", FIXED)):
            T[0] = 0
            Device.epochs = {}
            x = f(r)
            print(f"{f.__name__:32} {name}", *([x] if isinstance(x, str) else x), flush=True)
