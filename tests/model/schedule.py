# SPDX-License-Identifier: Apache-2.0
"""Random schedules for the differential test: commands that the shipping driver and the model
both execute.

Devices d0, d1 and op-g0 are the shipping device library; m0 is played by the model's device,
whose envelopes stand in the schedule. Of one in three schedules m0 is copied, and both go on; of
another one in three the admin settles what one gateway holds of it, it begins a fresh epoch, and a
copy of it goes on with the closed one. See replayer.h for what each command does.
"""
import copy
import random

from protocol import *

KEYS = ["k", "c1", "c2", "g", "r", "s1", "s2"]
KINDS = {"k": 1, "c1": 2, "c2": 2, "g": 3, "s1": 4, "s2": 4, "r": 5}  # wire types
LETTERS = {1: "C", 2: "C", 3: "G", 4: "O", 5: "L"}
STAMP = 1_600_000_000_000  # ms; long ago: nothing is held


def element(letter):
    return letter * 24  # so long that sets are cut


class Schedule:
    def __init__(self, seed, rules, steps=80):
        self.random = r = random.Random(seed)
        self.gateways, self.devices, self.operators = r.choice([2, 3]), ["d0", "d1"], ["op-g0"]
        self.commands = [["begin", self.gateways, self.devices + self.operators]]
        self.stamp = 0
        self.keys = r.choice([KEYS + ["s1", "s2"], ["s1", "s2"], ["s1"]])
        self.played = Device("m0", rules, lambda: self.stamp, r.choice([0, 1, 3]), r.choice([2, 3]))
        self.played.actor = "m0.1"
        self.twin, self.closed, self.settled = None, "", set()
        turn = r.choice(["honest", "twin", "settle"])
        at = r.randrange(steps)
        for number in range(steps):
            if turn != "honest" and number >= at and self.played.N and not self.twin:
                self.divide(turn)
            self.step()
        self.finish()

    def say(self, *command):
        self.commands.append(list(command))

    def gateway(self):
        return self.random.randrange(self.gateways)

    def divide(self, turn):
        """The played device is copied, or closed and stolen."""
        p = self.played
        self.twin = copy.deepcopy(p)
        self.twin.deltas += 1000  # its deltas have names of their own
        if turn != "settle":
            return
        g = self.gateway()
        self.say("commit", g)
        self.say("settle", g, "m0", 1)
        self.settled.add(g)
        self.closed = "m0.1"
        p.fresh()
        p.actor = "m0.2"

    def settle(self, g):
        if self.closed and g not in self.settled:
            self.say("settled", g)
            self.settled.add(g)

    def step(self):
        r, x = self.random, self.random.random()
        writer = r.choice(self.devices + ["m0"])
        if x < 0.30:
            for _ in range(r.randint(1, 4)):
                self.write(writer)
        elif x < 0.42:
            self.make(r.choice([self.played, self.twin or self.played]))
            self.say("send", r.choice(self.devices + self.operators))
        elif x < 0.66:
            name = r.choice(self.devices + self.operators + ["m0"])
            self.say("deliver", self.gateway(), name, r.choice([0, 1, 2, r.randrange(1000)]))
        elif x < 0.74:
            self.say("commit", self.gateway())
        elif x < 0.78:
            self.say("join", self.gateway())
        elif x < 0.80:
            self.say("fail", self.gateway())
        elif x < 0.83:
            self.say("crash", self.gateway())
        elif x < 0.87:
            self.say("ack", self.gateway(), r.choice(self.devices + self.operators))
        elif x < 0.91:
            a, b = r.sample(range(self.gateways), 2)
            self.meet(a, b)
            self.say("commit", a)
            self.say("relay", a, b, r.choice([0, 0, 1, 2]))
        elif x < 0.97:
            self.operate(r.choice(["unlist", "unlist", "forget"]))
        elif x < 0.98:
            a, b = r.sample(range(self.gateways), 2)
            self.meet(a, b)
            self.say("fetch", a, b)
        elif x < 0.985:
            self.settle(self.gateway())
        elif x < 0.99:
            g = self.gateway()
            self.say("lose", g)
            self.settled.discard(g)
        else:
            name = r.choice(self.devices)
            self.say("reopen", name, r.random() < 0.6, r.choice([256, 288, 320]), r.choice([0, 64]))

    def meet(self, a, b):
        """Peers pass on what the admin said: who hears of one that is settled is settled, too."""
        if a in self.settled:
            self.settle(b)

    def write(self, name):
        r = self.random
        key = r.choice(self.keys)
        if key == "k":
            op = ["count", key, r.randint(1, 9)]
        elif KINDS[key] == 2:
            op = [r.choice(["up", "up", "down"]), key, r.randint(1, 9)]
        elif key == "g":
            op = ["grow", key, element(r.choice("abcdefgh"))]
        elif key == "r":
            op = ["set", key, STAMP + r.randrange(1000), str(r.randrange(100))]
        else:
            op = [r.choice(["insert", "insert", "erase"]), key, element(r.choice("uvwxyz"))]
        if name == "m0":
            execute(r.choice([self.played, self.twin or self.played]), op, self)
        else:
            self.say("op", name, *op)

    def operate(self, what):
        g, key, name = self.gateway(), self.random.choice(["s1", "s2"]), self.operators[0]
        self.say("commit", g)
        if what == "unlist":
            self.say("unlist", name, g, key, self.random.randrange(1000))
        else:
            self.say("forget", name, g, key)
        self.say("send", name)
        if self.random.random() < 0.6:  # the owners hear of it, and may confirm
            self.say("deliver", g, name, 0)
            self.say("commit", g)
            for owner in self.devices:
                self.say("ack", g, owner)
                self.say("send", owner)
                self.say("deliver", g, owner, 0)

    def make(self, device, whole=False):
        """A delta of the model's device, in the words of the wire."""
        begin = self.random.choice([0, max(0, device.N - self.random.randint(1, 4))])
        made = device.delta(0 if whole else begin)
        if made:
            self.say("made", "m0", [in_wire(e, device.deltas) for e in made])

    def finish(self):
        writers = self.devices + self.operators
        for name in writers:  # a reboot: a delta of now, and not the one on its way again
            self.say("reopen", name, True, 256, 0)
            self.say("send", name)
        for device in [self.played, self.twin or self.played]:
            self.make(device, whole=True)
        for g in range(self.gateways):
            self.settle(g)
        for g in range(self.gateways):
            self.say("flood", g)
            self.say("commit", g)


def execute(device, op, clock):
    """One operation on a device of the model; `clock.stamp` becomes the stamp of a register."""
    kind, key, *args = op
    live = device.parts.get((key, "O"), {})
    if kind in ("count", "up"):
        device.op(key, "C", 0, args[0])
    elif kind == "down":
        device.op(key, "C", 1, args[0])
    elif kind == "grow":
        device.op(key, "G", "add", args[0])
    elif kind == "insert":
        device.op(key, "O", "add", args[0])
    elif kind == "erase":
        mine = [n for n, e in live.items() if e == args[0]]
        if mine:
            device.op(key, "O", "remove", mine)
    elif kind == "set":
        clock.stamp = args[0] << 16
        device.op(key, "L", "set", args[1])


def in_wire(e, delta):
    def payload(x):
        if x.type == "G":
            return sorted(x.payload)
        if x.type != "O":
            return list(x.payload)
        adds, removed, foreign = x.payload
        return [
            [list(a) for a in adds],
            sorted(removed),
            [[*actor(a), n] for a, n in sorted(foreign)],
        ]

    entries = sorted([x.key, KINDS[x.key], x.lo, x.hi, payload(x)] for x in e.entries)
    device, epoch = actor(e.actor)
    return {
        "device": device,
        "epoch": epoch,
        "from": e.frm,
        "to": e.to,
        "id": delta,
        "part": e.i,
        "parts": e.n,
        "entries": entries,
    }


def from_wire(made):
    """An envelope of the model, ordered by the hash that it has on the wire."""

    def payload(letter, p):
        if letter == "O":
            adds, removed, foreign = p
            return (
                tuple((n, e) for n, e in adds),
                tuple(removed),
                tuple((f"{d}.{e}", n) for d, e, n in foreign),
            )
        return tuple(p)

    entries = []
    for key, kind, lo, hi, p in made["entries"]:
        entries.append(Entry(key, LETTERS[kind], lo, hi, payload(LETTERS[kind], p)))
    name = f"{made['device']}.{made['epoch']}"
    head = (name, made["from"], made["to"], made["part"], made["parts"], made["id"])
    e = Envelope(*head, 0, tuple(entries))
    e.hash = int(made["hash"], 16)
    return e


def actor(name):
    device, epoch = name.rsplit(".", 1)
    return device, int(epoch)
