# SPDX-License-Identifier: Apache-2.0
"""A writer of the executable model, without a log: its parts, and per set the removals since its
last complete entry."""
from entries import *


class Device:
    """a writer: keeps its parts, per key the last operation, per set the removals since its last
    complete entry"""

    epochs = {}

    def __init__(d, name, rules, clock, small=2, packet=4):
        d.name, d.r, d.clock, d.small, d.packet = name, rules, clock, small, packet
        d.fresh()

    def fresh(d):
        Device.epochs[d.name] = n = Device.epochs.get(d.name, 0) + 1
        d.actor = f"{d.name}.{n}"
        d.N = 0
        d.parts = {}
        d.last = {}
        d.sets = {}
        d.acks = {}
        d.sent = {}
        d.muted = set()
        d.deltas = 0
        d.sent_to = 0
        d.loaded = 0
        d.counted = []
        d.log = []  # oracle only

    def op(d, key, type, what, arg=None):
        if key in {k for k, t in d.muted} and what != "mute":
            return
        n = d.N + 1
        pk = (key, type)
        if what == "mute":
            d.muted.add(pk)
        elif type == "C":
            p = list(d.parts.get(pk, (0, 0)))
            p[what] += arg or 1
            d.parts[pk] = tuple(p)
        elif type == "L":
            d.parts[pk] = (n, d.clock(), arg)
        elif type == "G":
            if arg in d.parts.setdefault(pk, {}):
                return  # what changes nothing takes no number
            d.parts[pk][arg] = n
        else:
            live = d.parts.setdefault(pk, {})
            s = d.sets.setdefault(pk, dict(removed=[], foreign={}, complete=0, since=0))
            s["since"] += 1
            kill = (
                [q for q, e in live.items() if e == arg]
                if what == "add"
                else arg
                if what == "remove"
                else []
            )
            for q in kill:
                if q in live:
                    del live[q]
                    s["removed"].append((q, n))
                    d.log.append((n, key, type, "removed", (d.actor, q)))
            if what == "add":
                live[n] = arg
            if what == "foreign":
                for dot in arg:
                    s["foreign"][dot] = n
                    d.log.append((n, key, type, "removed", dot))
            if what == "forget":
                for dot in arg:
                    s["foreign"].pop(dot, None)
        d.N = n
        if what != "mute":
            d.last[pk] = n
        if what not in ("remove", "foreign", "forget", "mute"):
            d.log.append((n, key, type, what, arg))

    def delta(d, f):
        """everything since f, as n envelopes"""
        if f >= d.N:
            return []
        entries = []
        for (k, t), last in sorted(d.last.items()):
            if last <= f or (k, t) in d.muted:
                continue
            p = d.parts[(k, t)]
            if t in "CL":
                entries.append(Entry(k, t, 0, d.N, p))
            elif t == "G":
                entries += d.cut(
                    k, t, f, d.N, sorted((n, e) for e, n in p.items() if n > f), [], []
                )
            else:
                s = d.sets[(k, t)]
                complete = (
                    len(p) <= d.small
                    or s["since"] > 2 * len(p)
                    or d.r["horizon"]
                    and f < s["complete"]
                )
                lo = 0 if complete else f
                entries += d.cut(
                    k,
                    t,
                    lo,
                    d.N,
                    sorted((n, e) for n, e in p.items() if n > lo),
                    [(q, n) for q, n in s["removed"] if n > lo],
                    sorted((dot, n) for dot, n in s["foreign"].items() if n > lo),
                )
                if complete:
                    s.update(since=0, removed=[], complete=d.N)
        boxes, size = [[]], 0
        for x in entries:  # two pieces of one key never share an envelope
            if boxes[-1] and (
                size + weight_of_entry(x) > d.packet
                or any(y.key == x.key and y.type == x.type for y in boxes[-1])
            ):
                boxes.append([])
                size = 0
            boxes[-1].append(x)
            size += weight_of_entry(x)
        d.deltas += 1
        id = (d.actor, d.clock(), d.deltas) if d.r["group"] == "delta" else 0
        out = [
            Envelope(d.actor, f, d.N, i + 1, len(boxes), id, d.clock(), tuple(b))
            for i, b in enumerate(boxes)
        ]
        d.sent.setdefault(d.N, set()).update(e.hash for e in out)
        d.sent_to = d.N
        return out

    def repack(d):
        d.packet = {2: 3, 3: 5, 4: 2, 5: 2}[d.packet]

    def cut(d, k, t, lo, hi, adds, removed, foreign):
        """one entry, or sub-intervals (lo, m], (m, hi] each sufficient by itself, when it is too
        large for a packet"""
        size = len(adds) + len(removed) + len(foreign)
        if size < d.packet or hi - lo < 2:
            if t == "G":
                return [Entry(k, t, lo, hi, tuple(e for n, e in adds))]
            return [
                Entry(
                    k,
                    t,
                    lo,
                    hi,
                    (
                        tuple(adds),
                        tuple(q for q, n in removed if q <= lo),
                        tuple(x for x, n in foreign),
                    ),
                )
            ]
        ops = sorted([n for n, e in adds] + [n for q, n in removed] + [n for x, n in foreign])
        m = ops[len(ops) // 2 - 1]
        if not lo < m < hi:
            m = (lo + hi) // 2
        if d.r["split"] == "same":  # planted bug: two pieces with the same interval
            h = len(adds) // 2
            return [
                Entry(
                    k,
                    t,
                    lo,
                    hi,
                    tuple(e for n, e in a)
                    if t == "G"
                    else (
                        tuple(a),
                        tuple(q for q, n in removed if q <= lo),
                        tuple(x for x, n in foreign),
                    ),
                )
                for a in (adds[:h], adds[h:])
            ]
        low = lambda l: [x for x in l if x[0] <= m]
        high = lambda l: [x for x in l if x[0] > m]
        by = lambda l, low: [x for x in l if (x[1] <= m) == low]
        return d.cut(k, t, lo, m, low(adds), by(removed, True), by(foreign, True)) + d.cut(
            k, t, m, hi, high(adds), by(removed, False), by(foreign, False)
        )

    def on_ack(d, incarnation, actor, c, h, points):
        """returns 'twin' when the ack names what this memory never sent"""
        if actor != d.actor:
            return
        if d.r["ack_hash"] and any(
            hh not in d.sent.get(op, ()) for op, hh in points | ({(c, h)} if c else set())
        ):
            d.twin()
            return "twin"
        d.acks[incarnation] = min(c, d.N)

    def safe(d, k=1):
        """the highest operation that k gateways hold"""
        a = sorted(d.acks.values(), reverse=True)
        return a[k - 1] if len(a) >= k else 0

    def twin(d):
        """a fresh epoch, carrying over what the rule says"""
        base = {
            "none": d.N,
            "unsent": d.sent_to,
            "booted": max(d.sent_to, d.loaded),
            "unacked": d.safe(),
        }[d.r["carry"]]
        old, oldactor, muted = d.log, d.actor, d.muted
        d.fresh()
        moved = {}
        for n, k, t, what, arg in old:
            if n <= base or (k, t) in muted:
                continue
            if what == "removed":
                if arg[0] != oldactor or arg[1] <= base:
                    d.op(k, t, "foreign", [arg])
                else:
                    d.op(k, t, "remove", [moved.get((k, t, arg[1]))])
            else:
                d.op(k, t, what, arg)
                if t in "OU":
                    moved[(k, t, n)] = d.N

    def on_refusal(d, actor, keys):
        if actor != d.actor:
            return
        for pk in keys:
            if pk not in d.muted:
                d.op(pk[0], pk[1], "mute")
