# SPDX-License-Identifier: Apache-2.0
"""Whether an operation costs more when the fleet is larger, when it has run for long, or when a device has rebooted often.

Promise: sizes take turns and rows have medians. The devices are known, so every packet is an update; and of every size each packet is
joined by itself and has an acknowledgement of its own: in the core (growth.cc) by 100 packets a commit, in whole processes by a
load at which 100 devices, too, say one thing each while a batch fills. At full load few devices cost less, for what waits of one device is
joined and acknowledged at once: rows of their own, which no goal judges. Used by bench.py.
"""
import json
import statistics
import subprocess

import ingest
from stage import Site, cpu_seconds
from visitor import Visitor


def core(programs, *arguments):
    done = subprocess.run([programs["growth"], *map(str, arguments)], capture_output=True, check=True, timeout=400)
    return json.loads(done.stdout)


def in_core(programs, sizes, packets, rounds):
    runs = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            runs[size].append(core(programs, "devices", size, max(packets, size)))
    base = None
    for size in sizes:
        us = statistics.median(r["mean_us"] for r in runs[size])
        base = base or us
        yield {"name": f"growth, core, {size:,} devices", "packet_us": round(us, 2), f"of_{sizes[0]}": round(us / base, 2),
               "resident_mb": runs[size][0]["resident_mb"]}


def updates(programs, packets, devices, rate):
    """What a packet of a known device costs a gateway at this load: CPU, and how many were acknowledged by themselves."""
    with Site() as site, Visitor(site.port) as visitor:
        gateway = site.gateway(programs["tributary"])
        ingest.load(programs, site, "ack", devices, 1, devices)
        visitor.until_quiet("g1")
        acks, cpu = visitor.status("g1")["counters"]["acks"], cpu_seconds(gateway.pid)
        ingest.load(programs, site, "ack", packets, 1, devices, rate, first_round=1)
        return {"cpu_us": (cpu_seconds(gateway.pid) - cpu) / packets * 1e6,
                "acks": (visitor.status("g1")["counters"]["acks"] - acks) / packets}


def in_process(programs, sizes, packets, rounds):
    rate = 20 * sizes[0]  # a device, 20 a second: one while a batch fills
    runs = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            runs[size].append(updates(programs, packets, size, rate))
    base = None
    for size in sizes:
        us = ingest.median_of(runs[size], "cpu_us")
        base = base or us
        yield {"name": f"growth, process, {size:,} devices", "cpu_us": round(us, 1), f"of_{sizes[0]}": round(us / base, 2),
               "acks_a_packet": round(ingest.median_of(runs[size], "acks"), 2), "packets_per_s": rate}


def at_full_load(programs, sizes, packets, rounds):
    runs = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            runs[size].append(ingest.with_gateway(programs, packets, 1, size))
    for size in sizes:
        yield {"name": f"growth, full load, {size:,} devices", "cpu_us": round(ingest.median_of(runs[size], "cpu_us"), 1),
               "packets_per_s": round(packets / ingest.median_of(runs[size], "seconds"))}


def long_run(name, result, each):
    return {"name": name, "first_us": round(result["first_us"] / each, 3), "last_us": round(result["last_us"] / each, 3),
            "ratio": round(result["last_us"] / result["first_us"], 2), "grown_mb": result["grown_mb"], "actors": result["actors"],
            "parts": result["parts"], "live_envelopes": result["live_envelopes"]}


def measure(programs, effort):
    sizes = (100, 1_000) if effort.quick else (100, 1_000, 10_000, 100_000)
    yield from in_core(programs, sizes, 2_000 if effort.quick else 200_000, 1 if effort.quick else 3)
    operations, reboots = (100_000, 500) if effort.quick else (10_000_000, 10_000)
    yield long_run(f"growth, core, {operations:,} operations", core(programs, "constant", operations), 100)
    yield long_run(f"growth, core, {reboots:,} reboots", core(programs, "reboots", reboots), 1)
    yield from in_process(programs, sizes, 500 if effort.quick else 12_000, 1 if effort.quick else 3)
    yield from at_full_load(programs, sizes, 1_000 if effort.quick else 100_000, 1 if effort.quick else 2)
