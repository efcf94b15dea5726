# SPDX-License-Identifier: Apache-2.0
"""How long a gateway takes to be of use again: on its own database, and empty beside what brokers retain.

Promise: real processes; time runs from the exec. `first ack`: a device that sends a new operation every 20 ms got its
acknowledgement. `full`: the gateway says that it has as many parts as before, or the digest that it should have. Used by bench.py.
"""
import time

import ingest
from stage import Site, packets_of, resident_bytes
from visitor import ROOT, Visitor


# Room for 10^6 parts, each with a key of its own: the defaults end before.
ROOM = "[limits]\nkeys_max = 2000000\n[memory]\npncounter_max_mb = 4096\ntotal_max_mb = 8192"


def parts(programs, site, count):
    """Fills g1 with so many counter parts, a hundred a device."""
    ingest.load(programs, site, "ack", count // 100, 100, count // 100)


def again(programs, count):
    """Start on a database with so many parts."""
    with Site() as site, Visitor(site.port) as visitor:
        gateway = site.gateway(programs["tributary"], more=ROOM)
        parts(programs, site, count)
        before = visitor.status("g1")["parts"]
        site.stop(gateway)
        probe = packets_of(programs, "probe", 1, 1)[0]
        visitor.subscribe(ROOT + "ack/probe")
        visitor.take(0.2)
        began = time.monotonic()
        gateway = site.launch(programs["tributary"], more=ROOM)
        acked = full = None
        while time.monotonic() - began < 120 and not (acked and full):
            visitor.publish(ROOT + "up/probe", probe)
            if not full:
                status = visitor.ask("g1", "status", 0.02)
                full = time.monotonic() - began if status and status["parts"] >= before else None
            if any(topic.endswith("ack/probe") for topic, *_ in visitor.take(0.02)):
                acked = acked or time.monotonic() - began
        if not (acked and full):
            raise RuntimeError("the gateway did not come back in 120 s")
        return {"name": f"start, {count:,} parts", "first_ack_s": round(acked, 2), "full_s": round(full, 2),
                "resident_mb": round(resident_bytes(gateway.pid) / 1e6)}


def bootstrap(programs, count):
    """An empty gateway beside the retained state of one that is off."""
    with Site() as site, Visitor(site.port) as visitor:
        first = site.gateway(programs["tributary"])
        parts(programs, site, count)
        digest = visitor.until_quiet("g1")["digest"]
        site.stop(first)
        began = time.monotonic()
        site.launch(programs["tributary"], "g2", hears="nobody")
        visitor.until_status("g2", lambda status: status["digest"] == digest, "equal digest", 120)
        return {"name": f"bootstrap, {count:,} parts", "seconds": round(time.monotonic() - began, 2)}


def measure(programs, quick):
    for count in ((10_000,) if quick else (100_000, 1_000_000)):
        yield again(programs, count)
    yield bootstrap(programs, 10_000 if quick else 100_000)
