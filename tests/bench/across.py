# SPDX-License-Identifier: Apache-2.0
"""From a device's operation to where people see it: its value on the view topics of the gateway that heard it and of another.

Promise: every operation counts, also those that a view skips because a later one overtook them: they are visible when a value
that contains them is. Two shipping gateways on one broker; only the first hears devices. The limit, in the same run: what is
published at the same moments under the same load and comes back from the broker alone, which an operation passes twice, or three
times to another gateway. Used by bench.py.
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
    return round(values[min(len(values) - 1, int(share * len(values)))] * 1000, 2)


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


def trip(programs, seconds, rate, load):
    """From publish to subscriber, nothing between but the broker; a Paho subscriber takes the load."""
    with Site() as site, Visitor(site.port) as visitor:
        visitor.subscribe("bench/trip")
        if load:
            packets = int(load * (seconds + 2))
            site.ready([programs["paho_noop"], str(site.port), str(packets)])
            site.start([programs["ingest_load"], str(site.port), "count", str(packets), "1", "400", "2000", str(load)])
        chance, sent, took = random.Random(7), [], []
        next_at = time.monotonic() + (1 if load else 0)
        end = next_at + seconds
        while (now := time.monotonic()) < end or len(took) < len(sent) and now < end + 10:
            for topic, payload, *_ in visitor.take(max(0.0, min(next_at - now, 0.5))):
                if topic == "bench/trip":
                    took.append(time.monotonic() - sent[int(payload)])
            while next_at <= time.monotonic() and next_at < end:
                sent.append(time.monotonic())
                visitor.publish("bench/trip", str(len(sent) - 1).encode())
                next_at += chance.expovariate(rate)
            if time.monotonic() >= end:
                next_at = time.monotonic() + 0.5
        if len(took) < len(sent):
            raise RuntimeError("the broker lost what was published")
        return took


def run(programs, seconds, rate, load):
    bare = trip(programs, seconds, rate, load)
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
            row = {"name": f"across, {where}", "load_packets_per_s": load, "operations": len(took)}
            for p in (50, 95, 99):
                row[f"p{p}_ms"], row[f"broker_p{p}_ms"] = percentile(took, p / 100), percentile(bare, p / 100)
            yield row


def measure(programs, effort):
    for load in (0, 2_000) if effort.every_size else (2_000,):
        yield from run(programs, 2 if effort.quick else 15, 40, load)
