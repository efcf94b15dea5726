#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The model against the shipping code: both execute the same random schedules, and must show the
same.

    differential.py DRIVER [--seed 1] [--count 400] [--rule NAME=VALUE ...] [--trace]

Compared: after every commit, crash and fetch the values of every key on that gateway and the
operations that it acknowledges of every actor; every delta that a shipping device makes against
the model's device; every operation number; what is acknowledged to a device; what an operator
sees of a set; at the end everything, against what the devices did. --rule breaks a rule of the
model: then only a difference found is a success. TRIBUTARY_SEED=n tries one schedule,
TRIBUTARY_SEEDS=n so many. Python 3.9, standard library only.
"""
import argparse
import collections
import json
import os
import subprocess
import sys

from protocol import *
from schedule import *

BUNCH = 50  # schedules of one run of the driver
PARTIALS_MAX = 8  # incomplete deltas of one actor that a gateway keeps


class Differs(Exception):
    pass


def same(what, ours, model):
    if ours != model:
        raise Differs(f"{what}: shipping {ours}, model {model}")


class Node(Gateway):
    """A gateway of the model that knows what it ever committed."""

    def __init__(g, name, rules):
        super().__init__(name, rules, "CLGO")
        g.committed, g.overflowed = set(), set()

    def boot(g):
        super().boot()
        g.evidence = dict(g.disk_evidence)  # what was found and not committed is found again

    def lose_disk(g):
        g.disk_evidence = {}
        super().lose_disk()

    def take(g, e):
        if not super().take(e):
            return False
        gaps = [k for k, got in g.received[e.actor].items() if len(got) < k[2]]
        if len(gaps) > PARTIALS_MAX:
            g.overflowed.add(e.actor)  # the shipping one forgets the oldest: acknowledges less
        return True

    def commit(g):
        g.committed |= {e.hash for e in g.pending}
        super().commit()
        g.disk_evidence = dict(g.evidence)
        g.outbox.clear()

    def values(g, parts):
        out = {}
        for key, kind in KINDS.items():
            held = {a: p for (a, k, t), p in parts.items() if k == key and t == LETTERS[kind]}
            if kind in (1, 2):
                out[key] = sum(p - n for p, n in held.values())
            elif kind == 3:
                out[key] = sorted(set().union(*held.values()))
            elif kind == 4:
                out[key] = sorted(set(parts.visible(key).values()))
            elif held:
                out[key] = max((p[1], actor(a), p[2]) for a, p in held.items())[2]
        return {k: v for k, v in out.items() if v}

    def acknowledged(g):
        heard = {a: g.ack(a)[0] for a in set(g.received) | set(g.disk_received)}
        return {a: n for a, n in heard.items() if n}


class Replay:
    """One schedule, executed by the model and compared with what the driver answered."""

    def __init__(self, commands, answers, rules, schedule):
        self.rules, self.played, self.stamp = rules, schedule.played, 0
        self.twin, self.closed = schedule.twin, schedule.closed
        self.nodes = [Node(f"g{i}", rules) for i in range(commands[0][1])]
        self.pool = collections.defaultdict(list)
        self.by_hash, self.writers, self.history, self.reached = {}, {}, {}, collections.Counter()
        for number, name in enumerate(commands[0][2], 1):
            self.writers[name] = Device(name, rules, lambda: self.stamp)
            self.begin(name, number)
        self.commands, self.answers = commands[1:], answers[1:]

    def begin(self, name, epoch):
        self.writers[name].actor = f"{name}.{epoch}"
        self.history[name] = {0: {}}

    def run(self):
        for number, (command, answer) in enumerate(zip(self.commands, self.answers)):
            try:
                if "error" in answer:
                    raise Differs(answer["error"])
                getattr(self, "do_" + command[0])(answer, *command[1:])
            except Differs as x:
                return f"command {number} {json.dumps(command)}: {x}"
        try:
            self.exact()
        except Differs as x:
            return f"at the end: {x}"
        return ""

    # --- devices
    def do_op(self, answer, name, *op):
        d = self.writers[name]
        execute(d, op, self)
        self.numbered(name, answer["op"])

    def numbered(self, name, op):
        d = self.writers[name]
        same(f"last operation of {name}", op, d.N)
        state = {}
        for (key, letter), p in d.parts.items():
            if letter == "O":
                state[key] = (dict(p), frozenset(d.sets[(key, "O")]["foreign"]))
            else:
                state[key] = frozenset(p) if letter == "G" else p
        self.history[name][d.N] = state

    def do_send(self, answer, name):
        groups = collections.defaultdict(list)
        for made in answer["made"]:
            e = from_wire(made)
            self.note(e)
            groups[(e.frm, e.to, e.delta, e.n)].append(e)
        for (frm, to, _, n), parts in groups.items():
            if len(parts) == n:
                self.says(name, frm, to, [x for e in parts for x in e.entries])
        self.reached["delta in parts"] += any(len(p) > 1 for p in groups.values())

    def note(self, e):
        self.by_hash[e.hash] = e
        self.pool[actor(e.actor)[0]].append(e)

    def says(self, name, frm, to, entries):
        """A delta (frm, to] takes the device's state at `frm` to that at `to`."""
        before, after = self.history[name][frm], self.history[name][to]
        for key in set(before) | set(after) | {x.key for x in entries}:
            letter = LETTERS[KINDS[key]]
            of_key = [x for x in entries if x.key == key]
            if letter in "CL":
                said = of_key[0].payload if of_key else before.get(key)
            elif letter == "G":
                said = before.get(key, frozenset()).union(*[x.payload for x in of_key])
            else:
                live, foreign = before.get(key, ({}, frozenset()))
                p = OrSet(mask(0, frm), live, foreign)
                for x in of_key:
                    p = join("O", p, part_of(x))
                said = p.live, p.foreign & after[key][1]
            same(f"delta ({frm}, {to}] of {name} on {key}", said, after.get(key))

    def do_made(self, answer, name, envelopes):
        for ours, made in zip(answer["made"], envelopes):
            same("an envelope, there and back", {k: ours[k] for k in made}, made)
            self.note(from_wire(ours))

    def do_reopen(self, answer, name, memory, *_):
        d = self.writers[name]
        if not memory:
            d.fresh()
            self.begin(name, answer["epoch"])
            self.reached["memory lost"] += 1
        same("epoch", f"{name}.{answer['epoch']}", d.actor)
        self.numbered(name, answer["op"])

    def do_ack(self, answer, g, name):
        d, node = self.writers[name], self.nodes[g]
        op, hash = answer.get("said", (0, ""))
        if op > node.contiguous(node.disk_received.get(d.actor, {}))[0]:
            raise Differs(f"g{g} acknowledged {op} of {d.actor}; the model's disk has less")
        if op and int(hash, 16) not in {e.hash for e in self.pool[name] if e.to == op}:
            raise Differs(f"g{g} quotes a hash that {name} did not send")
        for key, element, number in answer.get("removed", []):
            mine = [n for n, e in d.parts[(key, "O")].items() if e == element]
            gone = set().union(*[p.foreign for k, p in self.disk(g).items() if k[1] == key])
            same("removed by another", [(d.actor, n) in gone for n in mine], [True])
            d.op(key, "O", "remove", mine)
            self.numbered(name, number)
            self.reached["removal confirmed"] += 1

    # --- somebody beside a gateway
    def do_unlist(self, answer, name, g, key, _):
        d, element = self.writers[name], answer.get("element")
        dots = [(f"{o}.{e}", n) for o, e, n in answer["dots"]]
        seen = [dot for dot, e in self.disk(g).visible(key).items() if e == element]
        same("dots", sorted(dots), sorted(x for x in seen if actor(x[0])[0] != name))
        execute(d, ["erase", key, element], self)  # None: nothing is shown
        for dot in dots:
            if dot not in d.sets.get((key, "O"), {}).get("foreign", {}):
                d.parts.setdefault((key, "O"), {})
                d.op(key, "O", "foreign", [dot])
                self.reached["removed by another"] += 1
        self.numbered(name, answer["op"])

    def do_forget(self, answer, name, g, key):
        for owner, epoch, n in answer["dots"]:
            dot = (f"{owner}.{epoch}", n)
            same(f"{dot} is dead", True, bool(self.disk(g).dead(key, "O", dot)))
            self.writers[name].op(key, "O", "forget", [dot])
            self.reached["forgotten"] += 1
        self.numbered(name, answer["op"])

    # --- gateways
    def disk(self, g):
        parts = Parts()
        for e in self.nodes[g].disk_live.values():
            for x in e.entries:
                parts.take(e.actor, x, self.rules["join"])
        return parts

    def compare(self, g, answer):
        node = self.nodes[g]
        values = {k: v for k, v in answer["values"].items() if v}
        same(f"values of g{g}", values, node.values(node.parts))
        told = {a: [int(h, 16) for h in pair] for a, pair in answer["evidence"].items()}
        same(f"evidence of g{g}", told, {a: [e.hash for e in p] for a, p in node.evidence.items()})
        self.reached["two stories"] += bool(told)
        self.acknowledges(g, answer["acked"])

    def acknowledges(self, g, acked):
        model = self.nodes[g].acknowledged()
        for a in set(acked) | set(model):
            if a in self.nodes[g].settled:
                continue  # what is settled is not acknowledged
            ours, theirs = acked.get(a, 0), model.get(a, 0)
            if a in self.nodes[g].overflowed and ours <= theirs:
                self.reached["a gap forgotten"] += ours < theirs
                continue
            same(f"g{g} acknowledges of {a}", ours, theirs)

    def do_deliver(self, answer, g, name, number):
        if "heard" not in answer:
            return
        e = self.pool[name][-1 - number % len(self.pool[name])]
        same("envelope", int(answer["heard"], 16), e.hash)
        refused = not self.nodes[g].take(e)
        self.reached["refused, for it is settled"] += refused
        if "acked" in answer:
            self.acknowledges(g, answer["acked"])

    def do_flood(self, answer, g):
        for hash in answer["heard"]:
            self.nodes[g].take(self.by_hash[int(hash, 16)])

    def do_commit(self, answer, g):
        self.nodes[g].commit()
        self.compare(g, answer)

    def do_join(self, answer, g):
        self.joined = bool(self.nodes[g].pending)

    def do_fail(self, answer, g):
        pass

    def do_crash(self, answer, g):
        self.reached["crash with work pending"] += bool(self.nodes[g].pending)
        self.nodes[g].crash()
        self.compare(g, answer)

    def do_lose(self, answer, g):
        self.nodes[g].lose_disk()
        self.reached["disk lost"] += 1
        self.compare(g, answer)

    def do_settle(self, answer, g, name, epoch):
        closed = f"{name}.{epoch}"
        live = [self.by_hash[int(h, 16)] for h in answer["list"]]
        held = Parts()
        for e in live:
            if e.hash not in self.nodes[g].committed or e.actor != closed:
                raise Differs(f"the list names what g{g} does not hold of {closed}")
            for x in e.entries:
                held.take(e.actor, x, self.rules["join"])
        mine = {k: p for k, p in self.disk(g).items() if k[0] == closed}
        same("what is settled", dict(held), mine)
        upto = self.nodes[g].contiguous(self.nodes[g].disk_received.get(closed, {}))[0]
        self.record, self.list = held, dict(live=live, upto=upto)
        self.reached["settled"] += 1
        self.do_settled(answer, g)

    def do_settled(self, answer, g):
        self.nodes[g].settle(self.closed, self.list)
        self.compare(g, answer)

    def hear(self, a, b, answer):
        for actor, *pair in answer["stories"]:
            if actor not in self.nodes[a].disk_evidence:
                raise Differs(f"g{a} passes on two stories that it never committed")
            self.nodes[b].convict(actor, *[self.by_hash[int(h, 16)] for h in pair])
            self.reached["two stories passed on"] += 1
        for hash in answer["given"]:
            if int(hash, 16) not in self.nodes[a].committed:
                raise Differs(f"g{a} passes on what it never committed")
            self.nodes[b].take(self.by_hash[int(hash, 16)])

    def do_relay(self, answer, a, b, lost):
        self.hear(a, b, answer)
        self.reached["relayed"] += bool(answer["given"])

    def do_fetch(self, answer, a, b):
        self.nodes[a].commit()
        self.hear(a, b, answer)
        self.nodes[b].commit()
        self.compare(a, answer["from"])
        self.compare(b, answer["to"])
        ours, theirs = Parts(self.nodes[b].parts), self.nodes[a].parts
        for k, p in theirs.items():
            if k[0] not in self.nodes[b].settled:
                ours[k] = join(k[2], ours.get(k), p)
        same("after a fetch nothing is missing", self.nodes[b].parts.digest(), ours.digest())
        self.reached["fetched"] += bool(answer["given"])

    # --- the end: everybody heard everything
    def exact(self):
        digests = {g.parts.digest() for g in self.nodes}
        same("different states at the end", len(digests), 1)
        if self.closed:
            for g in self.nodes:
                mine = {k: p for k, p in g.parts.items() if k[0] == self.closed}
                same("what was settled", mine, dict(self.record))
        copied = self.twin and not self.closed
        for d in [*self.writers.values(), *([] if copied else [self.played])]:
            for g in self.nodes:
                same(f"acknowledged of {d.actor}", g.acknowledged().get(d.actor, 0), d.N)
                for (key, letter), p in d.parts.items():
                    q = g.parts.get((d.actor, key, letter))
                    held = q.live if letter == "O" and q else q
                    if p or held:
                        same(f"{key} of {d.actor}", held, frozenset(p) if letter == "G" else p)


MUST_REACH = (
    "delta in parts",
    "memory lost",
    "removal confirmed",
    "removed by another",
    "forgotten",
    "crash with work pending",
    "disk lost",
    "relayed",
    "fetched",
    "two stories",
    "settled",
    "refused, for it is settled",
)


def schedules(seeds, rules):
    for seed in seeds:
        Device.epochs, Gateway.count = {}, 0
        Envelope.bodies = {}
        yield seed, Schedule(seed, rules)


def bunch(driver, seeds, rules, reached):
    """(seed, what differs) of the first schedule that differs, or None."""
    all_of_them = list(schedules(seeds, rules))
    lines = [json.dumps(c) for _, s in all_of_them for c in s.commands]
    ran = subprocess.run(
        [driver], input="\n".join(lines) + "\n", stdout=subprocess.PIPE, text=True, check=False
    )
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    if ran.returncode != 0 or len(answers) != len(lines):
        sys.exit(f"{driver} ended with {ran.returncode} after {len(answers)} of {len(lines)}")
    at = 0
    for seed, s in all_of_them:
        mine = answers[at : at + len(s.commands)]
        at += len(s.commands)
        replay = Replay(s.commands, mine, rules, s)
        wrong = replay.run()
        reached.update(replay.reached)
        if wrong:
            return (
                seed,
                wrong,
                [f"{json.dumps(c)} -> {json.dumps(a)}" for c, a in zip(s.commands, mine)],
            )
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("driver")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--rule", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--trace", action="store_true", help="show the schedule that differs")
    a = parser.parse_args()
    a.count = int(os.environ.get("TRIBUTARY_SEEDS", a.count))
    if "TRIBUTARY_SEED" in os.environ:
        a.seed, a.count = int(os.environ["TRIBUTARY_SEED"]), 1
    rules = dict(FIXED)
    for rule in a.rule:
        name, value = rule.split("=")
        if name not in FIXED:
            sys.exit(f"no such rule: {name}; there are {', '.join(FIXED)}")
        rules[name] = {"False": False, "True": True}.get(value, value)
    reached = collections.Counter()
    for first in range(a.seed, a.seed + a.count, BUNCH):
        last = min(first + BUNCH, a.seed + a.count)
        found = bunch(a.driver, range(first, last), rules, reached)
        if not found:
            continue
        seed, wrong, trace = found
        if a.trace:
            print("\n".join(trace))
        print(f"seed {seed}: {wrong}")
        if a.rule:
            print(f"found, as it must be: {' '.join(a.rule)}, schedule {seed - a.seed + 1}")
            return 0
        print(f"replay: {sys.argv[0]} {a.driver} --seed {seed} --count 1 --trace")
        return 1
    print(f"{a.count} schedules: equal;", ", ".join(f"{k} {v}" for k, v in sorted(reached.items())))
    missed = [what for what in MUST_REACH if a.count >= 100 and not reached[what]]
    if missed:
        print("never reached:", ", ".join(missed))
    if a.rule:
        print(f"not found: {' '.join(a.rule)}")
    return 1 if a.rule or missed else 0


if __name__ == "__main__":
    sys.exit(main())
