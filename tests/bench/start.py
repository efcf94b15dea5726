# SPDX-License-Identifier: Apache-2.0
"""How long a gateway takes to be of use again: on its own database, and empty beside what brokers retain.

Promise: real processes; time runs from the exec. `first ack`: a known device, which says again every 20 ms what it counted
meanwhile, got its acknowledgement; `new ack`: a device that was never heard of did. `full`: the gateway says that it has as many parts
as before, or the digest that it should have. The limits, in the same run: of a start, a program that reads the same file and decodes
and hashes its envelopes; of a bootstrap, a Paho subscriber that counts the same retained messages. Used by bench.py.
"""
import json
import os
import statistics
import subprocess
import time

import ingest
from stage import Site, packets_of, resident_bytes, until
from visitor import ROOT, Visitor


# Room for 10^6 parts, each with a key of its own: the defaults end before.
ROOM = "[limits]\nkeys_max = 2000000\n[memory]\npncounter_max_mb = 4096\ntotal_max_mb = 8192"


def parts(programs, site, count):
    """Fills g1 with so many counter parts, a hundred a device."""
    ingest.load(programs, site, "ack", count // 100, 100, count // 100)


def decoded(programs, site, times=3):
    """Seconds from the exec to the end of a program that only reads and decodes what g1 left, and what it says of them."""
    database = os.path.join(site.directory.name, "g1", "gateway.db")
    took, said = [], None
    for _ in range(times):
        began = time.monotonic()
        said = json.loads(subprocess.run([programs["start_limit"], database], capture_output=True, check=True, timeout=120).stdout)
        took.append(time.monotonic() - began)
    return statistics.median(took), said


def counted(programs, site, visitor, times=3):
    """Seconds from the exec of a Paho subscriber until it has all that g1 retained of its state, and how many messages and bytes."""
    visitor.subscribe(ROOT + "gw/g1/state/#")
    sizes = []
    while got := visitor.take(1.0):
        sizes += [size for *_, size, retained in got if retained]
    visitor.subscribe("bench/done")
    took = []
    for _ in range(times):
        began = time.monotonic()
        noop = site.start([programs["paho_noop"], str(site.port), str(len(sizes)), ROOT + "gw/g1/state/#"])
        if not any(topic == "bench/done" for topic, *_ in visitor.take(60)):
            raise RuntimeError("Paho did not get what is retained in 60 s")
        took.append(time.monotonic() - began)
        site.stop(noop)
    return statistics.median(took), len(sizes), sum(sizes)


def again(programs, count):
    """Start on a database with so many parts."""
    with Site() as site, Visitor(site.port) as visitor:
        gateway = site.gateway(programs["tributary"], more=ROOM)
        before, later = packets_of(programs, "known", 1, 2)
        for device in ("known", "new"):
            visitor.subscribe(ROOT + "ack/" + device)
        visitor.publish(ROOT + "up/known", before)
        until(lambda: any(topic.endswith("ack/known") for topic, *_ in visitor.take(0.02)), "the known device's first acknowledgement")
        parts(programs, site, count)
        had = visitor.status("g1")["parts"]
        site.stop(gateway)
        limit, said = decoded(programs, site)
        packets = {"known": later, "new": packets_of(programs, "new", 1, 1)[0]}
        visitor.take(0.2)
        began = time.monotonic()
        gateway = site.launch(programs["tributary"], more=ROOM)
        at = {}
        while time.monotonic() - began < 120 and at.keys() != {"known", "new", "full"}:
            for device, packet in packets.items():
                visitor.publish(ROOT + "up/" + device, packet)
            status = visitor.ask("g1", "status", 0.02) if "full" not in at else None
            now = time.monotonic() - began
            if status and status["parts"] >= had:
                at["full"] = now
            for topic, *_ in visitor.take(0.02):
                if topic.startswith(ROOT + "ack/"):
                    at.setdefault(topic.rpartition("/")[2], now)
        if len(at) < 3:
            raise RuntimeError(f"the gateway did not come back in 120 s: {at}")
        return {"name": f"start, {count:,} parts", "first_ack_s": round(at["known"], 2), "new_ack_s": round(at["new"], 2),
                "full_s": round(at["full"], 2), "limit_s": round(limit, 3), "ratio": round(at["full"] / limit, 2), **said,
                "resident_mb": round(resident_bytes(gateway.pid) / 1e6)}


def bootstrap(programs, count):
    """An empty gateway beside the retained state of one that is off."""
    with Site() as site, Visitor(site.port) as visitor:
        first = site.gateway(programs["tributary"])
        parts(programs, site, count)
        digest = visitor.until_quiet("g1")["digest"]
        site.stop(first)
        limit, messages, size = counted(programs, site, visitor)
        began = time.monotonic()
        site.launch(programs["tributary"], "g2", hears="nobody")
        visitor.until_status("g2", lambda status: status["digest"] == digest, "equal digest", 120)
        took = time.monotonic() - began
        return {"name": f"bootstrap, {count:,} parts", "seconds": round(took, 2), "limit_s": round(limit, 3),
                "ratio": round(took / limit, 2), "messages": messages, "bytes": size}


def measure(programs, effort):
    counts = (10_000,) if effort.quick else (100_000, 1_000_000) if effort.thorough else (1_000_000,)
    for count in counts:
        yield again(programs, count)
    yield bootstrap(programs, 10_000 if effort.quick else 100_000)
