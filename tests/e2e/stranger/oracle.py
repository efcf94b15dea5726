# SPDX-License-Identifier: Apache-2.0
"""What every gateway must show in the end, computed naively from what was done.

Promise: it shares no code with the devices' deltas; it replays a journal of operations.

    journal = Journal()
    journal.did("door-1", 7, 1, "hall/people", "gcounter", 2)
    journal.expected()   # {("hall/people", "gcounter"): {"value": 2, "contributors": 1}}
"""

import math
from base64 import b64encode
from collections import defaultdict


def shown(value):
    """A value as JSON shows it: section 7 of the page."""
    if type(value) is bytes:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return {"base64": b64encode(value).decode()}
    return shown_number(value)


def shown_number(value):
    if type(value) is float and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if type(value) is int and abs(value) > 2**53:
        return str(value)
    return value


def shown_register(value):
    """Unlike an element, bytes are never shown as text."""
    if type(value) is bytes:
        return {"base64": b64encode(value).decode()}
    return shown_number(value)


class Journal:
    def __init__(self):
        self.actors = {}  # (device, epoch) -> [(number, key, kind, what), …]
        self.ends = {}  # actors that ended: up to which operation they count
        self.refused = set()  # (key, kind)

    def did(self, device, epoch, number, key, kind, *what):
        self.actors.setdefault((device, epoch), []).append((number, key, kind, what))

    def ended(self, device, epoch, number):
        self.ends[device, epoch] = number

    def counted(self):
        """All operations that count: (actor, number, key, kind, what)."""
        for actor, operations in self.actors.items():
            for number, key, kind, what in operations:
                if number <= self.ends.get(actor, number) and (key, kind) not in self.refused:
                    yield actor, number, key, kind, what

    def live_adds(self):
        """{key: {(device, epoch, number): element}} of all OR-Sets."""
        live, removed = defaultdict(dict), set()
        for (device, epoch), number, key, kind, what in self.counted():
            if kind != "orset":
                continue
            action, argument = what
            if action == "remove":
                removed |= argument
                continue
            removed |= {
                dot
                for dot, element in live[key].items()
                if dot[:2] == (device, epoch) and element == argument
            }
            live[key][device, epoch, number] = argument
        return {
            key: {dot: element for dot, element in adds.items() if dot not in removed}
            for key, adds in live.items()
        }

    def expected(self):
        numbers, sets, registers = defaultdict(int), defaultdict(set), {}
        contributors = defaultdict(set)
        for actor, number, key, kind, what in self.counted():
            contributors[key, kind].add(actor)
            if kind in ("gcounter", "pncounter"):
                numbers[key, kind] += what[0]
            elif kind == "gset":
                sets[key, kind].add(what[0])
            elif kind == "orset":
                sets[key, kind] |= set()
            else:
                registers.setdefault((key, kind), {})[actor] = (what[1], *actor, what[0])
        for key, adds in self.live_adds().items():
            sets[key, "orset"] |= set(adds.values())
        values = {name: shown_number(total) for name, total in numbers.items()}
        values |= {name: list(map(shown, sorted(found))) for name, found in sets.items()}
        for name, writes in registers.items():
            values[name] = shown_register(max(writes.values(), key=lambda write: write[:3])[3])
        return {
            name: {"value": value, "contributors": len(contributors[name])}
            for name, value in values.items()
        }
