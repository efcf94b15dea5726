# SPDX-License-Identifier: Apache-2.0
"""From a device's operation to where people see it: its value on the view topics of the gateway that heard it and of another.

Promise: every operation counts, also those that a view skips because a later one overtook them: they are visible when a value
that contains them is. Two shipping gateways on one broker; only the first hears devices. Used by bench.py.
"""
import json
import random
import subprocess
import time

from stage import Site, packets_of
from visitor import ROOT, Visitor

DEVICES = 20  # with the 400 of the load fewer keys than a gateway has views (view.topics_max)


def percentile(values, share):
    values = sorted(values)
    return round(values[min(len(values) - 1, int(share * len(values)))] * 1000, 1)


def value_after(rounds):
    return 1000 * rounds - (rounds - 1)  # packets.h: p - n


class Watch:
    """What was sent when, and when a gateway showed it."""

    def __init__(self):
        self.sent = {}  # device -> times of its operations
        self.seen = {}  # (gateway, device) -> how many are visible
        self.took = {"g1": [], "g2": []}

    def send(self, device):
        self.sent.setdefault(device, []).append(time.monotonic())

    def view(self, topic, payload):
        _, gateway, _, device, _ = topic[len(ROOT):].split("/")
        value, now = json.loads(payload)["value"], time.monotonic()
        seen, sent = self.seen.get((gateway, device), 0), self.sent.get(device, [])
        while seen < len(sent) and value_after(seen + 1) <= value:
            self.took[gateway].append(now - sent[seen])
            seen += 1
        self.seen[(gateway, device)] = seen

    def missing(self):
        return sum(len(s) for s in self.sent.values()) * 2 - sum(map(len, self.took.values()))


def run(programs, seconds, rate, load):
    with Site() as site, Visitor(site.port) as visitor:
        for gateway, hears in (("g1", "*"), ("g2", "nobody")):
            site.gateway(programs["tributary"], gateway, hears=hears)
        rounds = int(seconds * rate / DEVICES * 2) + 10
        packets = {f"eye-{d}": packets_of(programs, f"eye-{d}", 1, rounds) for d in range(DEVICES)}
        visitor.subscribe(ROOT + "view/+/pncounter/+/key-1000")
        busy = None
        if load:
            busy = site.start([programs["ingest_load"], str(site.port), "ack", str(int(load * (seconds + 2))), "1", "400", "2000",
                               str(load)])
        watch, chance = Watch(), random.Random(7)
        begin = time.monotonic()
        next_at, limit = begin + (1 if load else 0), begin + seconds + 60
        end = next_at + seconds
        while time.monotonic() < limit and (time.monotonic() < end or watch.missing()):
            for topic, payload, *_ in visitor.take(max(0.0, min(next_at - time.monotonic(), 0.5))):
                if topic.startswith(ROOT + "view/") and "/eye-" in topic:
                    watch.view(topic, payload)
            while next_at <= time.monotonic() and next_at < end:
                device = f"eye-{chance.randrange(DEVICES)}"
                done = len(watch.sent.get(device, []))
                if done < rounds:
                    watch.send(device)
                    visitor.publish(ROOT + "up/" + device, packets[device][done])
                next_at += chance.expovariate(rate)
            if time.monotonic() >= end:
                next_at = time.monotonic() + 0.5
        if watch.missing():
            raise RuntimeError(f"{watch.missing()} operations never became visible")
        if busy:
            try:
                busy.wait(60)
            except subprocess.TimeoutExpired as late:
                raise RuntimeError("the load was not acknowledged") from late
        for gateway, where in (("g1", "the gateway that hears"), ("g2", "another gateway")):
            took = watch.took[gateway]
            yield {"name": f"across, {where}", "load_packets_per_s": load, "operations": len(took),
                   "p50_ms": percentile(took, 0.5), "p95_ms": percentile(took, 0.95), "p99_ms": percentile(took, 0.99)}


def measure(programs, quick):
    for load in (0, 2_000):
        yield from run(programs, 2 if quick else 15, 40, load)
