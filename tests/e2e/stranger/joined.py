# SPDX-License-Identifier: Apache-2.0
"""Envelopes joined as a gateway of another make would join them: sections 3 and 8.

Promise: the order of the envelopes does not matter, nor how often one is joined.

    joined = Joined()
    joined.take(decode_envelope(data).delta)
    [pack(atom) for atom in joined.atoms("meter-1", 7)]
"""

from canonical import pack
from messages import GCOUNTER, GSET, LWW, ORSET, PNCOUNTER


class OrSetPart:
    """What one actor did to one OR-Set, as far as it is known."""

    def __init__(self):
        self.covered, self.adds, self.dead, self.foreign = set(), {}, set(), set()

    def join(self, entry):
        adds = dict(entry.payload.adds)
        fate_known = set(range(entry.lo + 1, entry.hi + 1)) | set(entry.payload.removed)
        self.covered |= fate_known
        self.dead |= fate_known - adds.keys()
        self.adds |= adds
        self.foreign |= set(entry.payload.foreign)

    def live(self):
        return {op: element for op, element in self.adds.items() if op not in self.dead}

    def intervals(self):
        """The covered operations as [lo, hi], each lo < n ≤ hi."""
        found = []
        for op in sorted(self.covered):
            if found and found[-1][1] == op - 1:
                found[-1][1] = op
            else:
                found.append([op - 1, op])
        return found


class Joined:
    def __init__(self):
        self.actors = {}  # (device, epoch) -> {(key, type): part}

    def take(self, delta):
        parts = self.actors.setdefault((delta.device, delta.epoch), {})
        for entry in delta.entries:
            name, old = (entry.key, entry.type), parts.get((entry.key, entry.type))
            if entry.type == GCOUNTER:
                parts[name] = max(old or 0, entry.payload)
            elif entry.type == PNCOUNTER:
                parts[name] = tuple(map(max, old or (0, 0), entry.payload))
            elif entry.type == GSET:
                parts[name] = (old or set()) | set(entry.payload)
            elif entry.type == ORSET:
                parts.setdefault(name, OrSetPart()).join(entry)
            elif entry.type == LWW:
                parts[name] = max(old or entry.payload, entry.payload, key=lambda one: one.op)

    def _is_dead(self, key, dot):
        device, epoch, op = dot
        part = self.actors.get((device, epoch), {}).get((key, ORSET))
        return part is not None and op in part.covered and op not in part.live()

    def atoms(self, device, epoch):
        """Of known types only."""
        for (key, kind), part in self.actors[device, epoch].items():
            head = [kind, device, epoch, key]
            if kind == GCOUNTER:
                yield [*head, part]
            elif kind == PNCOUNTER:
                yield [*head, *part]
            elif kind == GSET:
                yield from ([*head, element] for element in part)
            elif kind == LWW:
                yield [*head, part.op, part.hlc, pack(part.value)]
            elif kind == ORSET:
                yield from ([*head, "live", *add] for add in part.live().items())
                yield [*head, "covered", part.intervals()]
                for dot in part.foreign:
                    if not self._is_dead(key, dot):
                        yield [*head, "foreign", *dot]
