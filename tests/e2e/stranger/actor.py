# SPDX-License-Identifier: Apache-2.0
"""One actor: the state of a device in one epoch, and the deltas that describe it.

Promise: whatever `from_` a delta starts at and however it is cut, it says the same of the state.

    actor = Actor("demo", "door-1", epoch=7)
    actor.count("hall/people", 2, stamp)              # operation 1
    bodies = actor.delta(from_=0, number=99)          # one body for each part
"""

from messages import GCOUNTER, GSET, LWW, ORSET, PNCOUNTER
from messages import Delta, Entry, OrSet, Register, encode_delta

ENTRIES_BYTES = 1100  # of one part; with the frame around them, one packet of a lossy link


class OrSetPart:
    """What this actor did to one OR-Set."""

    def __init__(self):
        self.live = {}  # op -> element
        self.retired = []  # (op of the removal, op of the own add that it removed)
        self.foreign = []  # (op of the removal, (device, epoch, op) of the add)

    def retire(self, op, dead):
        for add in dead:
            del self.live[add]
            self.retired.append((op, add))

    def between(self, lo, hi):
        adds = [(op, element) for op, element in sorted(self.live.items()) if lo < op <= hi]
        removed = [add for op, add in self.retired if lo < op <= hi and add <= lo]
        foreign = {dot for op, dot in self.foreign if lo < op <= hi}
        return OrSet(adds, sorted(removed), sorted(foreign))


class Actor:
    def __init__(self, fleet, device, epoch, part_bytes=ENTRIES_BYTES):
        self.fleet, self.device, self.epoch = fleet, device, epoch
        self.part_bytes = part_bytes
        self.last = 0  # the number of the last operation
        self.hlc = 0  # its time
        self.touched = {}  # (key, type) -> the last operation that touched it
        self.parts = {}  # (key, type) -> what the actor holds of it
        self.left_out = set()  # (key, type) that a gateway refused

    def _operation(self, key, kind, hlc, empty):
        self.last += 1
        self.hlc = hlc
        self.touched[key, kind] = self.last
        return self.parts.setdefault((key, kind), empty)

    # --- what an application does: each change takes a number -------------------------------

    def count(self, key, amount, hlc):
        self._operation(key, GCOUNTER, hlc, [0])[0] += amount

    def adjust(self, key, amount, hlc):
        part = self._operation(key, PNCOUNTER, hlc, [0, 0])
        part[amount < 0] += abs(amount)

    def put(self, key, element, hlc):
        """An element of a G-Set. One that is there already changes nothing: no number."""
        if element in self.parts.get((key, GSET), {}):
            return False
        part = self._operation(key, GSET, hlc, {})
        part[element] = self.last
        return True

    def add(self, key, element, hlc):
        """A new number, also for an element that is there: it retires the older add."""
        part = self._operation(key, ORSET, hlc, OrSetPart())
        part.retire(self.last, [op for op, held in part.live.items() if held == element])
        part.live[self.last] = element

    def remove(self, key, own, foreign, hlc):
        """Removes own adds, by number, and those of others, as (device, epoch, op)."""
        part = self._operation(key, ORSET, hlc, OrSetPart())
        part.retire(self.last, own)
        part.foreign += [(self.last, dot) for dot in foreign]

    def write(self, key, value, hlc):
        part = self._operation(key, LWW, hlc, [])
        part[:] = [Register(self.last, hlc, value)]

    def live_adds(self, key, element=None):
        part = self.parts.get((key, ORSET), OrSetPart())
        return [op for op, held in part.live.items() if element in (None, held)]

    # --- deltas ------------------------------------------------------------------------------

    def _payload(self, key, kind, lo, hi):
        part = self.parts[key, kind]
        if kind == GCOUNTER:
            return part[0]
        if kind == PNCOUNTER:
            return list(part)
        if kind == GSET:
            return sorted(element for element, op in part.items() if lo < op <= hi)
        if kind == ORSET:
            return part.between(lo, hi)
        return list(part[0])

    def _pieces(self, key, kind, lo, hi):
        """One entry, or a set's sub-intervals (lo, m], (m, hi], each small enough: section 3."""
        entry = Entry(key, kind, lo, hi, self._payload(key, kind, lo, hi))
        size = len(encode_delta(self._envelope(lo, 0, 1, 1, [entry])))
        if kind not in (GSET, ORSET) or size <= self.part_bytes or hi - lo == 1:
            return [(size, entry)]
        middle = (lo + hi) // 2
        return self._pieces(key, kind, lo, middle) + self._pieces(key, kind, middle, hi)

    def _envelope(self, from_, number, part, parts, entries):
        return Delta(self.fleet, False, self.device, self.epoch, from_, self.last, number, part,
                     parts, self.hlc, entries)

    def _cut(self, from_):
        """The entries of (from_, last], filled into parts. A key once in each part."""
        parts, room, previous = [], 0, None
        for key, kind in sorted(self.touched, key=lambda name: (name[0].encode(), name[1])):
            if self.touched[key, kind] <= from_ or (key, kind) in self.left_out:
                continue
            lo = from_ if kind in (GSET, ORSET) else 0
            for size, entry in self._pieces(key, kind, lo, self.last):
                if size > room or previous == (key, kind):
                    parts.append([])
                    room = self.part_bytes
                parts[-1].append(entry)
                room -= size
                previous = (key, kind)
        return parts or [[]]

    def delta(self, from_, number):
        """The bodies of the delta from `from_` to the last operation."""
        cut = self._cut(from_)
        return [
            encode_delta(self._envelope(from_, number, index, len(cut), entries))
            for index, entries in enumerate(cut, start=1)
        ]
