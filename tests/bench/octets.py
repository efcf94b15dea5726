# SPDX-License-Identifier: Apache-2.0
"""What an operation costs on the wire and on the disk, against a JSON message for each event and against Sparkplug B.

Promise: our packets are those of the shipping device library, counted with MQTT's own bytes (topic, header, QoS 1), like the
others'. What gateways say to each other, what is retained and what goes to the disk is counted at a real gateway while it takes
a load. Sparkplug B is encoded by hand here (Tahu's sparkplug_b.proto, field numbers beside the code). Used by bench.py.
"""
import json
import subprocess
import time

import ingest
from stage import Site, until, written_bytes
from visitor import ROOT, Visitor, publish_bytes, varint

AT_MS = 1_700_000_000_000


def key(k):
    return f"hall/counter-{100 + k}"


def ours(programs, operations, keys):
    lines = subprocess.run([programs["packets_of"], "library", str(operations), str(keys)], capture_output=True, check=True,
                           text=True, timeout=60).stdout.split()
    return sum(len(publish_bytes(ROOT + "up/dev-7", bytes.fromhex(line), qos=1)) for line in lines)


def as_json(operations, keys):
    """A message for each event, as dashboards and scripts publish them."""
    total = 0
    for i in range(operations):
        event = {"device": "dev-7", "key": key(i % keys), "add": 1, "at": AT_MS + i}
        total += len(publish_bytes("site/bench/dev-7/" + key(i % keys), json.dumps(event, separators=(",", ":")).encode(), qos=1))
    return total


def _field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def sparkplug(operations, keys, names):
    """One DDATA with a metric for each reading; with aliases (agreed on in a birth message) or with names."""
    metrics = b""
    for i in range(operations):
        name = _field(1, key(i % keys).encode()) if names else _field(2, 1 + i % keys)  # Metric: name = 1, alias = 2
        value = 10_001 + i // keys
        # timestamp = 3, datatype = 4 (8: UInt64), long_value = 11
        metrics += _field(2, name + _field(3, AT_MS + i) + _field(4, 8) + _field(11, value))
    payload = _field(1, AT_MS) + metrics + _field(3, 77)  # Payload: timestamp = 1, metrics = 2, seq = 3
    return len(publish_bytes("spBv1.0/bench/DDATA/edge-1/dev-7", payload, qos=1))


def up(programs):
    for operations, keys in ((1, 1), (10, 10), (100, 100), (100, 10), (100, 1)):
        mine, text = ours(programs, operations, keys), as_json(operations, keys)
        alias, named = sparkplug(operations, keys, False), sparkplug(operations, keys, True)
        yield {"name": f"bytes, {operations} op a packet, {keys} keys", "per_op": round(mine / operations, 2),
               "json_per_op": round(text / operations, 2), "ratio_json": round(mine / text, 3),
               "sparkplug_alias_per_op": round(alias / operations, 2), "ratio_sparkplug_alias": round(mine / alias, 3),
               "sparkplug_names_per_op": round(named / operations, 2), "ratio_sparkplug_names": round(mine / named, 3)}


def between(programs, packets, operations, devices):
    """Of a gateway under load: what it says to peers, what it retains, what it writes until all of that is published."""
    with Site() as site, Visitor(site.port) as visitor:
        gateway = site.gateway(programs["tributary"])
        visitor.subscribe(ROOT + "gw/g1/#")
        before, commits = written_bytes(gateway.pid), visitor.status("g1")["counters"]["commits"]
        loaded = ingest.load(programs, site, "ack", packets, operations, devices)
        commits = visitor.status("g1")["counters"]["commits"] - commits
        said = {"delta": 0, "head": 0, "state": 0, "status": 0}
        retained = {}
        since = time.monotonic()

        def quiet():
            nonlocal since
            for topic, _, size, _ in visitor.take(0.5):
                what = topic[len(ROOT + "gw/g1/"):].split("/")[0]
                said[what] += size
                if what == "state":
                    retained[topic] = size
                if what in ("delta", "state"):
                    since = time.monotonic()
            return time.monotonic() - since > 5

        until(quiet, "the end of what the gateway publishes", 120, 0)
        written = written_bytes(gateway.pid) - before
    count = packets * operations
    return {"name": f"bytes, gateway, {operations} op a packet", "received_per_op": round(loaded["bytes"] / count, 2),
            "to_peers_per_op": round(said["delta"] / count, 2), "heads_per_op": round(said["head"] / count, 2),
            "state_published_per_op": round(said["state"] / count, 2),
            "retained_per_part": round(sum(retained.values()) / (devices * operations), 2),
            "packets_a_commit": round(packets / max(1, commits), 1), "disk_per_op": round(written / count, 2), "disk_per_byte_received": round(written / loaded["bytes"], 2)}


def measure(programs, effort):
    yield from up(programs)
    less = 20 if effort.quick else 1
    sizes = ((20_000, 100, 1_000), (100_000, 1, 10_000), (50_000, 10, 5_000))
    for packets, operations, devices in sizes if effort.every_size else sizes[:1]:
        yield between(programs, packets // less, operations, devices // less)
