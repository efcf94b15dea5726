# SPDX-License-Identifier: Apache-2.0
"""The gateway of the executable model: supersession, intake, acknowledgements, reconciliation."""
import copy

from entries import *


class Gateway:
    count = 0

    def __init__(g, name, rules, known="CLGOU", forbidden=()):
        g.name, g.r, g.known, g.forbidden = name, rules, known, set(forbidden)
        g.writer = None  # the gateway as an actor: a Device with its memory on this disk
        g.lose_disk()

    def lose_disk(g):
        Gateway.count += 1
        g.incarnation = f"{g.name}/{Gateway.count}"
        g.disk_live, g.disk_received, g.settled = {}, {}, {}
        g.ever = Parts()  # oracle: the join of everything ever committed here
        g.batch = 0
        g.evidence = {}
        g.acked = {}
        g.boot()
        if g.writer:
            g.writer.fresh()

    def boot(g):
        """rebuild everything from what is on the disk"""
        g.live = {}
        g.index = {}
        g.parts = Parts()
        g.raw = Parts()
        g.pending, g.outbox, g.seen_batch, g.fetched = [], [], {}, set()
        for e in g.disk_live.values():
            g._insert(e)
        g.received = {a: {k: dict(v) for k, v in d.items()} for a, d in g.disk_received.items()}

    def id(g, e):
        return e.hash if g.r["dedupe"] == "body" else (e.hash, e.sig)

    def _insert(g, e):
        g.live[g.id(e)] = e
        for x in e.entries:
            g.index.setdefault((x.key, x.type), {}).setdefault(e.actor, []).append((e, x))
            if x.type in g.known:
                g.parts.take(e.actor, x, g.r["join"])

    def _drop(g, e):
        del g.live[g.id(e)]
        for x in e.entries:
            l = g.index[(x.key, x.type)][e.actor]
            l[:] = [(f, y) for f, y in l if f is not e]

    # --- garbage collection: by supersession only
    def needs_foreign(g, x):
        if x.type not in g.known or x.type not in "OU" or not g.r["foreign_kept"]:
            return ()
        return [d for d in x.payload[2] if not g.parts.dead(x.key, x.type, d)]

    def superseded(g, e, x, newest=None):
        same = [(f, y) for f, y in g.index[(x.key, x.type)][e.actor] if f is not e or y is not x]
        if g.r["gc"] == "join":  # later ones only, in an order that is the same everywhere
            same = [(f, y) for f, y in same if (f.to, f.hash, y.lo) > (e.to, e.hash, x.lo)]
            if not same:
                return False
            if x.type not in g.known:
                cover = [(y.lo, y.hi) for f, y in same]
                return spans(cover, 0 if g.r["unknown_gc"] == "complete" else x.lo, x.hi)
            p, j = part_of(x), None
            if x.type in "OU":
                p = p._replace(foreign=frozenset(g.needs_foreign(x)))
            for f, y in same:
                j = join(x.type, j, part_of(y))
            return join(x.type, j, p) == j
        need = g.needs_foreign(x)  # literal: one entry whose interval contains this one
        for f, y in same:
            if y.lo <= x.lo and y.hi >= x.hi and not set(need) - set(y.payload[2] if need else ()):
                if x.type in g.known and (
                    contradicts(g.r["contradiction"], e, x, f, y)
                    or x.hi == y.hi
                    and contradicts(g.r["contradiction"], f, y, e, x)
                ):
                    continue
                return True
        return False

    def collect(g, keys, newest=None):
        for k in keys:
            for actor, l in list(g.index.get(k, {}).items()):
                order = sorted(l, key=lambda ex: (ex[0] is not newest, ex[0].to, ex[0].hash))
                for e, x in order:  # one at a time
                    if (
                        g.id(e) in g.live
                        and (g.r["gc"] == "join" or e in [f for f, y in l])
                        and g.dead_envelope(e)
                    ):
                        g._drop(e)

    def dead_envelope(g, e):
        return all(g.superseded(e, x) for x in e.entries)

    # --- taking an envelope, from anywhere
    def valid(g, e):
        s = g.settled.get(e.actor)
        if s is None:
            return True
        return e.hash in s["hashes"] if g.r["settle"] == "carry" else e.to <= s["upto"]

    def forbids(g, e):
        return sorted({(x.key, x.type) for x in e.entries if x.key in g.forbidden})

    def take(g, e):
        if not g.valid(e) or g.forbids(e):
            return False
        w = g.writer
        if w and e.actor == w.actor and (e.to > w.N or e.hash not in w.sent.get(e.to, ())):
            w.fresh()
        if g.id(e) not in g.live:
            g.look_for_contradiction(e)
            g._insert(e)
            g.collect({(x.key, x.type) for x in e.entries}, e)
        group = (e.frm, e.to, e.n, e.delta if g.r["group"] == "delta" else 0)
        g.received.setdefault(e.actor, {}).setdefault(group, {})[e.i] = e.hash
        g.pending.append(e)
        return True

    def look_for_contradiction(g, e):
        for x in e.entries:
            if x.type not in g.known:
                continue
            for f, y in g.index.get((x.key, x.type), {}).get(e.actor, ()):
                h = g.r["contradiction"]
                at = (lambda a, b: a.to) if h == "to" else (lambda a, b: b.hi)
                a, b = sorted([(e, x), (f, y)], key=lambda p: at(*p))
                if contradicts(h, *a, *b) or at(*a) == at(*b) and contradicts(h, *b, *a):
                    g.convict(e.actor, e, f)

    def convict(g, actor, e, f):
        pair = tuple(sorted((e, f), key=lambda v: v.hash))
        old = g.evidence.get(actor)
        if old is None or [v.hash for v in pair] < [v.hash for v in old]:
            g.evidence[actor] = pair

    def commit(g):
        """group commit: live envelopes and received intervals in one transaction"""
        new = [e for e in g.pending if not g.ever_has(e)]
        for e in new:
            for x in e.entries:
                if x.type in g.known:
                    g.ever.take(e.actor, x)
        if new:
            g.batch += 1
            g.outbox.append((g.batch, new))
        g.pending = []
        g.disk_live = dict(g.live)
        for a, d in g.received.items():
            g.compact(a, d)
        g.disk_received = {a: {k: dict(v) for k, v in d.items()} for a, d in g.received.items()}

    def ever_has(g, e):
        return g.id(e) in g.disk_live

    # --- acknowledgement
    def whole(g, k, got):
        return len(got) == k[2] if g.r["whole"] == "all" else 1 in got

    def contiguous(g, d):
        c, h = 0, 0
        while True:
            k = max(
                (k for k, got in d.items() if k[0] <= c < k[1] and g.whole(k, got)),
                key=lambda k: k[1],
                default=None,
            )
            if k is None:
                return c, h
            c, h = k[1], max(
                max(got.values()) for q, got in d.items() if q[1] == k[1] and g.whole(q, got)
            )

    def compact(g, a, d):
        """what ends below the contiguous point keeps only its number and hash (for twins):
        bounded by the device's window"""
        c, h = g.contiguous(d)
        for k in [k for k in d if k[1] < c]:
            if not g.whole(k, d[k]):
                del d[k]

    def ack(g, actor):
        """(op, hash, points held): from what is committed"""
        d = (g.disk_received if g.r["ack"] == "commit" else g.received).get(actor, {})
        c, h = g.contiguous(d)
        points = (
            {(k[1], max(got.values())) for k, got in d.items() if g.whole(k, got)}
            if g.r["twin_cut"] == "all"
            else {(c, h)}
            if c
            else set()
        )
        g.acked[actor] = max(c, g.acked.get(actor, 0))
        return c, h, points

    # --- crash, rot, settlement, upgrade
    def crash(g):
        g.boot()

    def rot(g, pick):
        """a live envelope fails its hash at start: quarantined, and what it stood for is no
        longer acknowledged"""
        e = g.disk_live.pop(pick)
        if g.r["rot"] == "forget":
            g.disk_received.pop(e.actor, None)
        else:
            d = g.disk_received.get(e.actor, {})
            for k in [k for k in d if k[1] == e.to]:
                del d[k]
        g.acked.pop(e.actor, None)
        g.boot()
        g.ever = copy.copy(g.parts)

    def settle(g, actor, record):
        """record: the envelopes that are valid for this actor from now on"""
        if actor in g.settled:
            return
        g.commit()
        before = {
            k: (set(g.parts.visible(k)), p.covered)
            for (a, k, t), p in g.parts.items()
            if t == "O" and a == actor
        }
        g.settled[actor] = dict(hashes={e.hash for e in record["live"]}, upto=record["upto"])
        g.disk_live = {i: e for i, e in g.disk_live.items() if g.valid(e)}
        g.boot()
        if g.r["settle"] == "carry":
            for e in record["live"]:
                g.take(e)
        g.collect(list(g.index))
        g.commit()
        g.ever = copy.copy(g.parts)
        if (
            g.r["resettle"] and g.writer
        ):  # a settlement may not revive what this gateway had seen removed
            for k, (was, covered) in before.items():
                back = [
                    d
                    for d in g.parts.visible(k)
                    if d not in was and d[0] == actor and covered >> d[1] & 1
                ]
                if back:
                    g.writer.op(k, "O", "foreign", back)
                    g.write()

    def upgrade(g):
        g.known = "CLGOU"
        g.boot()
        g.ever = copy.copy(g.parts)

    def write(g):
        """commit what this gateway's own actor did"""
        for e in g.writer.delta(g.contiguous(g.received.get(g.writer.actor, {}))[0]):
            g.take(e)
        g.commit()

    # --- reconciliation through retained topics
    def bucket(g, actor):
        return sum(map(ord, actor)) % 4

    def digests(g):
        """per bucket, of known types by part and of unknown types by entry"""
        out = {b: (set(), set()) for b in range(4)}
        for k, v in g.parts.digest():
            out[g.bucket(k[0])][0].add((k, v))
        for (k, t), by in g.index.items():
            if t not in g.known:
                for a, l in by.items():
                    for e, x in l:
                        if not g.superseded(e, x):
                            out[g.bucket(a)][1].add((a, x, e.to))
        return {b: (frozenset(x), frozenset(y)) for b, (x, y) in out.items()}

    def publish(g):
        """(known types, bucket -> (digests as published, live envelopes)): what the broker
        retains"""
        shadow = g
        if g.pending and g.r["published"] == "disk":
            shadow = copy.copy(g)
            shadow.boot()  # the digest of what is published
        d = shadow.digests()
        state = {b: [] for b in d}
        for e in g.disk_live.values():
            state[g.bucket(e.actor)].append(e)
        return g.name, g.known, {b: (d[b], state[b]) for b in d}, dict(g.evidence)

    def reconcile(g, retained):
        """fetch the buckets that differ, each published digest at most once; returns the number
        fetched"""
        peer, known, buckets, evidence = retained
        mine = g.digests()
        n = 0
        for b, (digest, state) in buckets.items():
            mark = (peer, b, hash(digest))
            if mark in g.fetched or known == g.known and digest == mine[b]:
                continue
            if known != g.known and digest == mine[b] and not digest[1]:
                continue
            g.fetched.add(mark)
            n += 1
            for e in state:
                g.take(e)
        for a, pair in evidence.items():
            g.convict(a, *pair)
        return n

    def weight(g, actor):
        live = sum(
            weight_of_entry(x) for e in g.live.values() if e.actor == actor for x in e.entries
        )
        return live, sum(
            weight_of_part(t, g.parts.normal(a, k, t)) for a, k, t in g.parts if a == actor
        )
