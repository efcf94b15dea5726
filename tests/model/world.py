# SPDX-License-Identifier: Apache-2.0
"""Random worlds of the model, and the oracle that watches them."""
import collections
import copy
import random

from protocol import *

KEYS = [("c1", "C"), ("c2", "C"), ("s1", "O"), ("s2", "O"), ("g", "G"), ("r", "L"), ("u", "U")]


class Broken(Exception):
    pass


def want(ok, *why):
    if not ok:
        raise Broken(*why)


class World:
    def __init__(w, seed, rules, flavour="honest", gateways=3, devices=2, steps=110):
        w.rnd = r = random.Random(seed)
        w.flavour, w.rules, w.steps = flavour, rules, steps
        w.now = 0
        w.trace = []
        w.reached = collections.Counter()
        Device.epochs = {}
        Envelope.bodies = {}
        Gateway.count = 0
        clock = lambda: w.now
        old = r.random() < 0.5  # one gateway does not know type U yet
        w.g = [
            Gateway(f"g{i}", rules, "CLGO" if old and i == 1 else "CLGOU", ("z",))
            for i in range(gateways)
        ]
        for g in w.g:
            g.writer = Device(g.name, rules, clock, r.choice([0, 1, 3]), r.choice([2, 4]))
            g.boot()
        w.d = [
            Device(f"d{i}", rules, clock, r.choice([0, 1, 3]), r.choice([2, 3, 5]))
            for i in range(devices)
        ]
        w.keys = (
            [k for k in KEYS if k[1] in "OU"]
            if flavour == "sets"
            else [("u", "U"), ("v", "U")]
            if flavour == "unknown"
            else [("s1", "O")]
            if flavour == "foreign"
            else KEYS
        )
        if flavour == "unknown":
            for g in w.g[:2]:
                g.known = "CLGO"
        w.net = []
        w.history = []
        w.acks = []
        w.closed = []
        w.retained = {}
        w.copies = []
        w.issued = {}
        w.adds = {}
        w.promised = {}  # promised: (actor, incarnation) -> op acknowledged
        w.logs = {}
        w.exact = flavour not in ("rollback", "clone")
        w.settled = set()
        w.twins = 0
        w.uid = 0
        w.acked = set()

    def say(w, *a):
        w.trace.append(" ".join(map(str, a)))

    # --- writers
    def write(w, d, k, t):
        r = w.rnd
        n = d.N
        if t == "C":
            i = r.randint(0, 1)
            d.op(k, t, i)
            if d.N > n:
                w.issued.setdefault(k, [0, 0])[i] += 1
                w.uid += 1
                d.counted.append((d.N, k, i, w.uid))
        elif t == "L":
            d.op(k, t, "set", r.randint(0, 99))
        elif t == "G":
            d.op(k, t, "add", r.choice("abcdefgh"))
        else:
            live = d.parts.get((k, t))
            if live and r.random() < 0.45:
                d.op(k, t, "remove", [r.choice(sorted(live))])
            else:
                el = r.choice("uvwxyz")
                d.op(k, t, "add", el)
                w.adds.setdefault(k, set()).add(el)
        if d.N > n:
            w.say("op", d.actor, d.N, k, d.log[-1][3:])

    def send(w, d, f, targets=None):
        if w.rnd.random() < 0.2:
            d.packet = w.rnd.choice([2, 3, 5])  # another link, another packet size
        again = w.rnd.random() < 0.3  # the same interval made twice, cut in another way
        for e in d.delta(f) + (d.repack() or d.delta(f) if again else []):
            if w.rnd.random() < 0.2:
                e = e.resigned(w.rnd.randint(1, 3))
            w.history.append(e)
            w.say("  sent", e)
            for g in targets or w.g:
                if w.rnd.random() < 0.6:
                    w.net.append((g, e))

    def deliver(w, g, e):
        w.say("deliver", g.name, e)
        if w.rnd.random() < 0.05:
            e = e.resigned(9)
        bad = g.forbids(e)
        if bad:
            w.refuse(e.actor, bad)
        else:
            g.take(e)
        w.shows(g)

    def refuse(w, actor, keys):
        for d in w.d:
            d.on_refusal(actor, keys)
            w.reached["muted"] += 1

    def ack(w, g, d, lost=False):
        a = d.actor
        c, h, points = g.ack(a)
        w.say("ack", g.name, a, c, h, "lost" if lost else "")
        w.holds(g, d.actor, d.log, c)
        if lost:
            return
        got = d.on_ack(g.incarnation, a, c, h, points)
        if got == "twin":
            w.twins += 1
            w.reached["twin"] += 1
            w.say("TWIN", a, "->", d.actor)
            want(not w.exact, "an honest device was told it has a twin", a, c, h)
            return
        w.acked |= {x[1:] for x in d.counted if x[0] <= c}
        w.promised[(a, g.incarnation)] = max(c, w.promised.get((a, g.incarnation), 0))
        live, parts = g.weight(a)
        if live > 4 * parts + 8:
            w.reached["from 0"] += 1
            w.send(d, 0)
        if w.rnd.random() < 0.5:
            w.commit(g)
            w.owner_drops(g, d)

    # --- the oracle
    def holds(w, g, actor, log, c):
        """what g acknowledged is on g's disk: rebuilt from it"""
        if not w.exact or actor in w.settled:
            return
        st = Parts()
        for e in g.disk_live.values():
            if e.actor == actor:
                for x in e.entries:
                    st.take(actor, x)
        want(
            not c or w.covers(st, g.parts, actor, log, c) is None,
            "acknowledged, not on disk",
            g.name,
            actor,
            c,
            w.covers(st, g.parts, actor, log, c),
        )

    def covers(w, st, view, actor, log, c):
        n = {}
        for op, k, t, what, arg in log:
            if op > c or k == "z":
                continue
            p = st.get((actor, k, t))
            if t == "C":
                n.setdefault(k, [0, 0])[what] += 1
            elif t == "G" and not (p and arg in p):
                return op, k, arg
            elif t == "L" and not (p and p[0] >= op):
                return op, k
            elif t in "OU":
                if what == "add" and not (p and p.covered >> op & 1):
                    return op, k, "add", arg
                if what == "removed":
                    if arg[0] == actor and not st.dead(k, t, arg):
                        return op, k, "removal", arg
                    if arg[0] != actor and not (p and arg in p.foreign or view.dead(k, t, arg)):
                        return op, k, "foreign removal", arg
        for k, (a, b) in n.items():
            p = st.get((actor, k, "C"), (0, 0))
            if p[0] < a or p[1] < b:
                return k, (a, b), p

    def shows(w, g):
        """never more than was issued"""
        for k in (
            ("c1", "c2") if w.flavour != "settle" else ()
        ):  # a thief counts until the settlement arrives
            p, n = g.parts.total(k)
            i = w.issued.get(k, (0, 0))
            want(p <= i[0] and n <= i[1], "shows more than was issued", g.name, k, (p, n), i)
        for k in ("s1", "s2"):
            want(
                set(g.parts.visible(k).values()) <= w.adds.get(k, set()),
                "an element nobody added",
                g.name,
                k,
            )
        if w.exact:
            want(not set(g.evidence) - w.settled, "an honest device was convicted", g.evidence)
        want(len({e.hash for e in g.live.values()}) == len(g.live), "one body held twice", g.name)

    def check(w, g):
        """what the disk rebuilds = the join of everything ever committed"""
        st = Parts()
        for e in g.disk_live.values():
            for x in e.entries:
                if x.type in g.known:
                    st.take(e.actor, x)
        a, b = st.digest(), g.ever.digest()
        want(
            a == b, "rebuilt state differs from what was committed", g.name, sorted(a ^ b, key=str)
        )

    def commit(w, g):
        g.commit()
        w.check(g)
        w.shows(g)

    # --- one random step
    def step(w):
        r = w.rnd
        w.now += 1
        x = r.random()
        if w.flavour == "foreign" and r.random() < 0.3:
            g, d = r.choice(w.g), r.choice(w.d)
            if r.random() < 0.6:
                w.gateway_writes(g)
            else:
                w.commit(g)
                w.owner_drops(g, d)
        elif x < 0.24:
            w.write(r.choice(w.d), *(("z", "C") if r.random() < 0.02 else r.choice(w.keys)))
        elif x < 0.40:
            d = r.choice(w.d)
            w.send(d, r.choice(sorted({0, *d.acks.values()})))
        elif x < 0.60 and w.net:
            i = r.randrange(len(w.net))
            g, e = w.net[i]
            if r.random() < 0.8:
                w.net.pop(i)
            w.deliver(g, e)
        elif x < 0.64 and w.history:
            w.deliver(r.choice(w.g), r.choice(w.history))
        elif x < 0.72:
            g = r.choice(w.g)
            w.say("commit", g.name)
            w.commit(g)
        elif x < 0.76:
            g = r.choice(w.g)
            w.say("crash", g.name)
            w.reached["crash with work pending"] += bool(g.pending)
            g.crash()
            w.check(g)
        elif x < 0.83:
            w.ack(r.choice(w.g), r.choice(w.d), r.random() < 0.2)
        elif x < 0.88:
            w.batch(*r.sample(w.g, 2))
        elif x < 0.90:
            g = r.choice(w.g)
            w.say("publish", g.name)
            w.retained[g.name] = g.publish()
        elif x < 0.93 and w.retained:
            g = r.choice(w.g)
            p = r.choice(sorted(w.retained))
            if p != g.name:
                w.say("fetch", g.name, "<-", p)
                w.reached["stale bucket read"] += g.reconcile(w.retained[p])
                w.shows(g)
        elif x < 0.97:
            w.gateway_writes(r.choice(w.g))
        else:
            w.rare()

    def batch(w, a, b):
        for n, es in a.outbox:
            if w.rnd.random() < 0.3:
                continue  # lost: a gap in the numbers
            w.reached["gap"] += b.seen_batch.get(a.incarnation, n - 1) != n - 1
            b.seen_batch[a.incarnation] = n
            for e in es:
                b.take(e)
        w.say("batch", a.name, b.name)
        a.outbox = []
        w.shows(b)

    def gateway_writes(w, g):
        r = w.rnd
        d = g.writer
        w.commit(g)
        k = r.choice(["s1", "s2"])
        seen = [x for x in g.parts.visible(k) if x[0] != d.actor]
        mine = d.sets.get((k, "O"), {}).get("foreign", {})
        gone = [x for x in mine if g.parts.dead(k, "O", x)]
        if gone and r.random() < 0.6:
            d.op(k, "O", "forget", gone)
            w.say("forget", d.actor, d.N, k, gone)
            w.reached["forgotten"] += 1
        elif seen and r.random() < 0.6:
            t = r.choice(sorted(seen))
            d.op(k, "O", "foreign", [t])
            w.say("foreign", d.actor, d.N, k, t)
        elif r.random() < 0.5:
            w.write(d, "c1", "C")
        else:
            w.write(d, k, "O")
        n = len(w.history)
        for e in d.delta(r.choice([0, d.N - 1])):
            w.history.append(e)
            g.take(e)
        w.commit(g)

    def owner_drops(w, g, d):
        """the ack quotes envelopes that removed own adds; the owner checks and retires them"""
        for (k, t), live in d.parts.items():
            if t == "O":
                hit = [
                    q
                    for (a, kk, tt), p in g.parts.items()
                    if kk == k and tt == t
                    for (b, q) in p.foreign
                    if b == d.actor and q in live
                ]
                if hit:
                    d.op(k, t, "remove", hit)
                    w.say("owner drops", d.actor, k, hit)
                    w.reached["owner drop"] += 1

    def rare(w):
        r = w.rnd
        x = r.random()
        g = r.choice(w.g)
        d = r.choice(w.d)
        f = w.flavour
        if x < 0.35:
            w.owner_drops(g, d) if not g.pending else None
        elif x < 0.45 and g.known != "CLGOU":
            w.say("upgrade", g.name)
            g.upgrade()
            w.check(g)
            w.reached["upgrade"] += 1
        elif f == "memoryless" or f == "honest" and x < 0.55:
            w.closed.append((d.actor, d.log))
            w.say("reboot without memory", d.actor)
            d.fresh()
        elif f == "diskloss":
            if x < 0.7:
                w.say("disk lost", g.name)
                w.reached["disk lost"] += 1
                if g.writer.log:
                    w.closed.append((g.writer.actor, g.writer.log))
                g.lose_disk()
            elif g.disk_live:
                g.commit()
                k = r.choice(sorted(g.disk_live))
                w.say("rot", g.name, g.disk_live[k])
                w.reached["rot"] += 1
                a = g.disk_live[k].actor
                if a == g.writer.actor:
                    return
                g.rot(k)
                w.promised.pop((a, g.incarnation), None)
        elif f == "rollback":
            if x < 0.7 or not w.copies:
                w.copies.append(
                    (
                        d,
                        copy.deepcopy(
                            {k: v for k, v in d.__dict__.items() if k not in ("clock", "r")}
                        ),
                    )
                )
            else:
                d, m = r.choice(w.copies)
                if m["actor"] == d.actor:
                    w.say("restored from a copy", d.actor, "at", m["N"], "was", d.N)
                    w.reached["restored"] += 1
                    d.__dict__.update(copy.deepcopy(m))
                    d.loaded = d.N
        elif f == "clone" and len(w.d) < 4:
            c = copy.copy(d)
            c.__dict__.update(
                copy.deepcopy({k: v for k, v in d.__dict__.items() if k not in ("clock", "r")})
            )
            c.loaded = c.N
            w.d.append(c)
            w.say("cloned", d.actor, "at", d.N)
            w.reached["cloned"] += 1
        elif f == "settle" and not w.settled and w.net:
            g.commit()
            a = d.actor
            if not g.contiguous(g.disk_received.get(a, {}))[0]:
                return
            rec = dict(
                live=[e for e in g.disk_live.values() if e.actor == a],
                upto=g.contiguous(g.disk_received[a])[0],
            )
            w.settled.add(a)
            w.record = (
                a,
                rec,
                {k: v for k, v in g.parts.items() if k[0] == a and k[2] in "CGL"},
                d.log,
            )
            w.say("settle", a, "at", g.name)
            w.reached["settled"] += 1
            forged = Envelope(
                a,
                0,
                max(1, rec["upto"] - 1),
                1,
                1,
                "thief",
                0,
                (Entry("c1", "C", 0, max(1, rec["upto"] - 1), (1000, 1000)),),
            )
            w.history.append(forged)
            w.net += [(h, forged) for h in w.g]
            g.settle(a, rec)
            d.fresh()
        elif f == "settle" and w.settled:
            w.say("settlement reaches", g.name)
            g.settle(*w.record[:2])

    # --- the end: messages flow again
    def finish(w):
        if w.settled:
            for g in w.g:
                g.settle(*w.record[:2])
        for g in w.g:
            if g.known != "CLGOU":
                g.upgrade()
        rounds = 0
        while True:
            rounds += 1
            w.now += 1
            for g in w.g:
                w.commit(g)
            for d in w.d:
                for g in w.g:
                    for i in range(4):  # refusals and fresh epochs take an exchange each
                        for e in d.delta(d.acks.get(g.incarnation, 0)):
                            w.history.append(e)
                            w.deliver(g, e)
                        w.commit(g)
                        w.ack(g, d)
                        if d.acks.get(g.incarnation, 0) == d.N:
                            break
                    else:
                        want(not w.exact, "stuck", d.actor, d.acks, d.N)
            fetched = 0
            for a in w.g:
                w.retained[a.name] = a.publish()
                for b in w.g:
                    if a is not b:
                        fetched += b.reconcile(w.retained[a.name])
                        w.commit(b)
            if len({g.parts.digest() for g in w.g}) == 1 and rounds > 1 and not fetched:
                break
            want(
                rounds < 8,
                "no convergence",
                [sorted(w.g[0].parts.digest() ^ g.parts.digest(), key=str) for g in w.g[1:]],
            )
        if not w.exact:  # how often does a copied memory lose what was acknowledged?
            for k in ("c1", "c2"):
                for i in (0, 1):
                    w.reached["ACKNOWLEDGED, NOT COUNTED"] += w.g[0].parts.total(k)[i] < sum(
                        x[:2] == (k, i) for x in w.acked
                    )
            want(
                len(
                    {
                        str({a: [e.hash for e in p] for a, p in sorted(g.evidence.items())})
                        for g in w.g
                    }
                )
                == 1,
                "evidence differs",
            )
        for g in w.g:
            g.crash()
            w.check(g)
        want(len({g.parts.digest() for g in w.g}) == 1, "digests differ after restart")
        if w.settled:
            a, rec, parts, log = w.record
            for k, p in parts.items():
                want(
                    all(join(k[2], g.parts.get(k), p) == g.parts.get(k) == p for g in w.g),
                    "settled parts differ",
                    k,
                    p,
                )
        # bounded: live envelopes against parts
        if w.exact:
            for g in w.g:
                for d in w.d:
                    for i in range(3):
                        live, parts = g.weight(d.actor)
                        if live > 4 * parts + 8:
                            for e in d.delta(0):
                                w.history.append(e)
                                g.take(e)
                            w.commit(g)
                    want(
                        live <= 4 * parts + 8,
                        "unbounded: asked from 0 three times, in vain",
                        g.name,
                        d.actor,
                        live,
                        parts,
                    )
        # exact values of what is alive
        if w.exact:
            for d in w.d:
                for (k, t), p in d.parts.items():
                    if k == "z" or (k, t) in d.muted:
                        continue
                    for g in w.g:
                        q = g.parts.get((d.actor, k, t))
                        q = q.live if t in "OU" and q else q
                        want(
                            q == (frozenset(p) if t == "G" else p),
                            "not exact",
                            g.name,
                            d.actor,
                            k,
                            p,
                            q,
                        )
            alive = {g.incarnation for g in w.g}
            for a, log in w.closed:  # durable: acknowledged by a gateway whose disk survives
                c = max([n for (b, i), n in w.promised.items() if b == a and i in alive], default=0)
                for g in w.g:
                    why = w.covers(g.parts, g.parts, a, log, c)
                    want(a in w.settled or why is None, "acknowledged, then lost", a, c, why)
            for g in w.g:
                if g.writer:
                    want(
                        w.covers(g.parts, g.parts, g.writer.actor, g.writer.log, g.writer.N)
                        is None,
                        "a gateway lost its own",
                    )
        # late duplicates and everything ever sent, in any order: equal again
        for g in w.g:
            for e in w.rnd.sample(w.history, len(w.history)):
                g.take(e)
            w.commit(g)
        want(
            len({g.parts.digest() for g in w.g}) == 1,
            "digests differ after all history",
            [sorted(w.g[0].parts.digest() ^ g.parts.digest(), key=str) for g in w.g[1:]],
        )
        want(
            w.flavour != "settle" or w.g[0].parts.total("c1")[0] < 1000,
            "a backdated forgery counts",
        )

    def run(w):
        for i in range(w.steps):
            w.step()
        w.finish()
