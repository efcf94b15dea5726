# SPDX-License-Identifier: Apache-2.0
"""A device, from docs/protocol.md alone: sections 4, 6 and 11.

Promise: it forgets an operation only when a gateway has acknowledged it, or says so.

    device = Device("demo", "door-1")
    device.actor.count("hall/people", 1, device.stamp(now))
    for payload in device.due(now):                   # to be published on up/door-1
        ...
    device.heard(payload_of_an_ack, now)
"""

import copy

from actor import ENTRIES_BYTES, Actor
from canonical import Refused
from gateway_messages import GZIP, encode_pack
from messages import ORSET, decode_ack, decode_envelope, seal, sha256

PAIRS_MAX = 64
RESEND_MIN_S, RESEND_MAX_S = 0.25, 1.0  # the page advises 1 s and 60 s: the test is in a hurry
SILENCE_S = 2.0  # likewise: minutes
BEHIND_S = 1.0  # likewise: 5 s
FROM_ZERO_S = 10.0
AHEAD_MAX = 5000 << 16


class Point:
    """How far one gateway has acknowledged."""

    def __init__(self, incarnation):
        self.incarnation, self.op, self.hlc = incarnation, 0, 0
        self.behind_since, self.pause = None, BEHIND_S


class Device:
    def __init__(self, fleet, name, rng, safe_at=1, has_clock=True, pack_of=1,
                 part_bytes=ENTRIES_BYTES):
        self.fleet, self.name, self.rng = fleet, name, rng
        self.safe_at, self.has_clock, self.pack_of = safe_at, has_clock, pack_of
        self.part_bytes = part_bytes
        self.clock = 0  # the last stamp
        self.reports = []  # what the application is told
        self.from_zero_at, self.from_zero_pause = 0.0, FROM_ZERO_S
        self._fresh_epoch()

    def _fresh_epoch(self):
        """Rules 1 and 6 of section 4: nothing is carried over, the clock apart."""
        self.actor = Actor(self.fleet, self.name, self.rng.getrandbits(64), self.part_bytes)
        self.points = {}  # gateway -> Point
        self.pairs, self.forgotten = [], 0
        self.made, self.payloads = None, []  # (from, to) of the newest delta; its packets
        self.next_send, self.pause, self.from_zero = 0.0, RESEND_MIN_S, False

    def reboot_without_memory(self):
        self.clock = 0
        self._fresh_epoch()

    def backup(self):
        return copy.deepcopy((self.actor, self.points, self.pairs, self.forgotten))

    def restore(self, backup):
        """A device rolled back to an old backup. It speaks before it counts on."""
        self.actor, self.points, self.pairs, self.forgotten = copy.deepcopy(backup)
        self.made, self.next_send, self.pause = None, 0.0, RESEND_MIN_S

    def stamp(self, now):
        own = int(now * 1000) << 16 if self.has_clock else 0
        self.clock = max(own, self.clock + 1)
        return self.clock

    # --- what it is sure of -----------------------------------------------------------------

    def acknowledged(self):
        """The k-th largest point: all up to there is safe."""
        points = sorted((point.op for point in self.points.values()), reverse=True)
        return points[self.safe_at - 1] if len(points) >= self.safe_at else 0

    def is_safe(self):
        return self.acknowledged() >= self.actor.last

    # --- sending ----------------------------------------------------------------------------

    def due(self, now):
        """The packets to send now: news at once, the rest by the resend timer."""
        if self.actor.last == 0:
            return []
        news = self.made is None or self.made[1] != self.actor.last
        late = self._late_gateway(now)
        if not (news or late or self.from_zero) and now < self.next_send:
            return []
        if self.is_safe() and not (news or late or self.from_zero):
            self.next_send = now + SILENCE_S
            return self.payloads  # to hear how the gateways are
        start = late.op if late else self.acknowledged()
        start = 0 if self.from_zero else min(start, self.actor.last - 1)
        self.pause = RESEND_MIN_S if news else self.pause
        self.from_zero = False
        return self._send(start, now)

    def _late_gateway(self, now):
        for point in self.points.values():
            if point.op >= self.acknowledged():
                point.behind_since, point.pause = None, BEHIND_S
            elif point.behind_since is None:
                point.behind_since = now
            elif now - point.behind_since > point.pause:
                point.behind_since, point.pause = now, point.pause * 2
                return point
        return None

    def _send(self, start, now):
        self.next_send = now + self.pause * self.rng.uniform(1.0, 1.25)
        self.pause = min(self.pause * 2, RESEND_MAX_S)
        if self.made != (start, self.actor.last):  # else: the same bytes again
            bodies = self.actor.delta(start, self.rng.getrandbits(64))
            self._remember(self.actor.last, sha256(bodies[-1]))
            envelopes = [seal(body) for body in bodies]
            self.made, self.payloads = (start, self.actor.last), self._packets(envelopes)
        return self.payloads

    def _packets(self, envelopes):
        if self.pack_of == 1:
            return envelopes
        groups = range(0, len(envelopes), self.pack_of)
        return [encode_pack(envelopes[at : at + self.pack_of], GZIP) for at in groups]

    def _remember(self, to, digest):
        self.pairs.append((to, digest))
        while len(self.pairs) > PAIRS_MAX:
            self.forgotten = max(self.forgotten, self.pairs.pop(0)[0])

    # --- hearing: section 6, in its order ---------------------------------------------------

    def heard(self, payload, now):
        try:
            ack = decode_ack(payload)
        except Refused as refusal:
            self.reports.append(("unreadable ack", str(refusal)))
            return
        if ack.fleet != self.fleet or ack.device != self.name:
            return
        for actor in ack.actors:
            if actor.epoch == self.actor.epoch:
                self._read(ack, actor, now)

    def _is_twins(self, point):
        return point not in self.pairs and point[0] > self.forgotten

    def _read(self, ack, actor, now):
        points = [(actor.op, actor.hash)] if actor.op else []
        if any(map(self._is_twins, points + actor.points)):
            lost = (self.acknowledged(), self.actor.last)
            self.reports.append(("twin: uncertain after, up to", self.actor.epoch, *lost))
            self._fresh_epoch()
            return
        was_safe = self.is_safe()
        if not self._take_point(ack, actor):
            return
        if self.is_safe() and not was_safe:
            self.next_send = now + SILENCE_S
        if not self.has_clock or ack.hlc <= (int(now * 1000) << 16) + AHEAD_MAX:
            self.clock = max(self.clock, ack.hlc)
        if actor.flags & 1 and now >= self.from_zero_at:
            self.from_zero = True
            self.next_send, self.from_zero_at = now, now + self.from_zero_pause
            self.from_zero_pause *= 2
        for removal in actor.removals:
            self._retire(removal, now)
        for to, keys, rule in actor.refusals:
            self._leave_out(to, keys, rule)

    def _take_point(self, ack, actor):
        point = self.points.get(ack.gateway)
        overtaken = point is not None and ack.hlc < point.hlc
        if point is None or point.incarnation != ack.incarnation:
            if overtaken:
                return False  # from before the disk was lost
            point = self.points[ack.gateway] = Point(ack.incarnation)
        if not overtaken or actor.op > point.op:
            point.op = actor.op
        point.hlc = max(point.hlc, ack.hlc)
        return True

    def _retire(self, removal, now):
        """Somebody removed adds of ours: an operation of our own makes that final."""
        try:
            delta = decode_envelope(removal).delta
        except Refused as refusal:
            self.reports.append(("unreadable removal", str(refusal)))
            return
        me = (self.name, self.actor.epoch)
        for entry in delta.entries:
            if entry.type == ORSET:
                named = {op for *owner, op in entry.payload.foreign if tuple(owner) == me}
                mine = sorted(named & set(self.actor.live_adds(entry.key)))
                if mine:
                    self.actor.remove(entry.key, mine, [], self.stamp(now))
                    self.reports.append(("retired", entry.key, mine))

    def _leave_out(self, to, keys, rule):
        new = set(keys) - self.actor.left_out
        if new:
            self.actor.left_out |= new
            self.reports.append(("refused", to, sorted(new), rule))
            self.made, self.next_send = None, 0.0
