# SPDX-License-Identifier: Apache-2.0
"""Several devices in one process, what they do, and the journal of it.

Promise: every operation that a device numbers stands in the journal, unless it changes nothing.

    fleet = Fleet(port, root, seed)
    fleet.live(seconds=5, at={2.5: something_drastic})
    fleet.settle(deadline)
    fleet.journal.expected()
"""

import random
import time

from device import Device
from link import Link
from messages import decode_envelope
from oracle import Journal
from world import FLEET

TICK_S = 0.03
ELEMENTS = [b"", b"anna", b"bert", "übung".encode(), b"\xff\x00", b"door", b"smoke", b"x" * 900]
VALUES = [None, True, False, 0, -1, -(2**63), 2**53, 2**53 + 1, 2**64 - 1, 21.5, 2.0, 0.1,
          float("inf"), float("-inf"), "", "text \u20ac \"q\"", b"", b"\x00\xff", "s" * 300]


class Member:
    """A device, its link, and what the test knows of it."""

    def __init__(self, device, link, chores):
        self.device, self.link, self.chores = device, link, chores
        self.delivered = 0  # up to which operation the network has the present actor's deltas


class Fleet:
    def __init__(self, port, root, seed):
        self.port, self.root = port, root
        self.rng, self.journal, self.members = random.Random(seed), Journal(), {}
        mixed = [self.count, self.adjust, self.put, self.add, self.add, self.remove, self.write]
        self._join("py-counter", [self.count, self.adjust])
        self._join("py-mixed-1", mixed)
        self._join("py-mixed-2", mixed, safe_at=2)
        self._join("py-mixed-3", mixed, has_clock=False)
        self._join("py-packs", mixed, pack_of=4)
        self._join("py-big", [])
        self._join("py-amnesia", mixed, part_bytes=100_000)
        self._join("py-restored", [self.count, self.adjust])
        self._join("py-reserved", [self.count])

    def _join(self, name, chores, **options):
        rng = random.Random(self.rng.random())
        device = Device(FLEET, name, rng, **options)
        self.members[name] = Member(device, Link(self.port, self.root, name, rng), chores)

    # --- operations, each with its line in the journal ---------------------------------------

    def _did(self, device, key, kind, *what):
        actor = device.actor
        self.journal.did(device.name, actor.epoch, actor.last, key, kind, *what)

    def count(self, device, key=None):
        key, amount = key or self.rng.choice(["hall/people", f"{device.name}/parts"]), 3
        device.actor.count(key, amount, device.stamp(time.time()))
        self._did(device, key, "gcounter", amount)

    def adjust(self, device):
        amount = self.rng.choice([-7, -2, 1, 5])
        device.actor.adjust("hall/balance", amount, device.stamp(time.time()))
        self._did(device, "hall/balance", "pncounter", amount)

    def put(self, device, key="hall/badges", element=None):
        element = self.rng.choice(ELEMENTS) if element is None else element
        if device.actor.put(key, element, device.stamp(time.time())):
            self._did(device, key, "gset", element)

    def add(self, device, key="hall/alarms", element=None):
        element = self.rng.choice(ELEMENTS) if element is None else element
        device.actor.add(key, element, device.stamp(time.time()))
        self._did(device, key, "orset", "add", element)

    def remove(self, device, key="hall/alarms", element=None):
        """Removes an element as the whole fleet sees it: own adds and others', dead actors' too."""
        adds = self.journal.live_adds().get(key, {})
        seen = sorted(set(adds.values())) if element is None else [element]
        if not seen:
            return
        element = self.rng.choice(seen)
        dots = {dot for dot, held in adds.items() if held == element}
        me = (device.name, device.actor.epoch)
        foreign = sorted(dot for dot in dots if dot[:2] != me)
        own = device.actor.live_adds(key, element)
        if own or foreign:
            device.actor.remove(key, own, foreign, device.stamp(time.time()))
            self._did(device, key, "orset", "remove", dots)

    def write(self, device, key=None, value=None, stamp=None):
        key = key or self.rng.choice(["hall/mode", f"{device.name}/state"])
        value = self.rng.choice(VALUES) if value is None else value
        stamp = stamp or device.stamp(time.time())
        device.actor.write(key, value, stamp)
        self._did(device, key, "lww", value, stamp)

    # --- drastic events ----------------------------------------------------------------------

    def burst(self):
        """Sets that fit no packet: they go out in sub-intervals."""
        device = self.members["py-big"].device
        for number in range(400):
            self.put(device, "big/badges", b"a badge of some length, number %05d" % number)
        for number in range(250):
            self.add(device, "big/alarms", b"a longer name of an alarm-%04d" % (number % 220))
        for number in range(0, 220, 7):
            self.remove(device, "big/alarms", b"a longer name of an alarm-%04d" % number)

    def second_burst(self):
        """The big sets change after they were acknowledged: old adds stand in `removed`."""
        device = self.members["py-big"].device
        for number in range(0, 220, 5):
            self.remove(device, "big/alarms", b"a longer name of an alarm-%04d" % number)
        for number in range(0, 220, 10):
            self.add(device, "big/alarms", b"a longer name of an alarm-%04d" % number)

    def amnesia(self):
        """Loses power and memory in mid-sentence. What the network had taken still counts."""
        member = self.members["py-amnesia"]
        actor = member.device.actor
        self.count(member.device)  # an operation that nobody ever hears of
        self.journal.ended(member.device.name, actor.epoch, member.delivered)
        lost, member.delivered = actor.last - member.delivered, 0
        member.device.reboot_without_memory()
        return lost

    def tie(self):
        """Two writers with one stamp: the page's order decides."""
        stamp = int(time.time() * 1000) << 16
        for name, value in (("py-mixed-2", "second"), ("py-mixed-1", "first")):
            self.write(self.members[name].device, "hall/tie", value, stamp)

    def reserved(self):
        """An application's mistake: the gateway refuses the key, the device leaves it out."""
        self.journal.refused.add(("$fleet/mine", "gcounter"))
        self.count(self.members["py-reserved"].device, "$fleet/mine")

    # --- the loop ----------------------------------------------------------------------------

    def tick(self):
        for member in self.members.values():
            now = time.time()
            for payload in member.link.heard():
                member.device.heard(payload, now)
            for packet in member.device.due(now):
                if member.link.send(packet, now) and member is self.members["py-amnesia"]:
                    delta = decode_envelope(packet).delta
                    assert delta.parts == 1, "this device sends whole deltas"
                    member.delivered = max(member.delivered, delta.to)
            member.link.pump(now)
        time.sleep(TICK_S)

    def live(self, seconds, events):
        """Devices at work. `events`: [(seconds from the start, what happens)], ascending."""
        start, waiting = time.monotonic(), list(events)
        while time.monotonic() < start + seconds or waiting:
            while waiting and time.monotonic() > start + waiting[0][0]:
                waiting.pop(0)[1]()
            for member in self.members.values():
                if member.chores and self.rng.random() < 0.3:
                    self.rng.choice(member.chores)(member.device)
            self.tick()

    def unsafe(self):
        return [m.device.name for m in self.members.values() if not m.device.is_safe()]

    def settle(self, deadline):
        """Until all is acknowledged and nothing is on its way; who is not, when time is up."""
        while time.monotonic() < deadline:
            if not self.unsafe() and all(m.link.idle() for m in self.members.values()):
                return []
            self.tick()
        return self.unsafe() or ["a link"]

    def close(self):
        for member in self.members.values():
            member.link.close()
