# SPDX-License-Identifier: Apache-2.0
"""Whether an operation costs more when the fleet is larger, when it has run for long, or when a device has rebooted often.

Promise: in the core (growth.cc) sizes take turns and the row has medians; the devices are known, so every packet is an update.
Whole processes are measured with the same packets, distinct devices against few. Used by bench.py.
"""
import json
import statistics
import subprocess

import ingest


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


def in_process(programs, sizes, packets, rounds):
    runs = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            runs[size].append(ingest.with_gateway(programs, packets, 1, size))
    base = None
    for size in sizes:
        us = ingest.median_of(runs[size], "cpu_us")
        base = base or us
        yield {"name": f"growth, process, {size:,} devices", "cpu_us": round(us, 1), f"of_{sizes[0]}": round(us / base, 2),
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
    yield from in_process(programs, sizes, 1_000 if effort.quick else 100_000, 1 if effort.quick else 2)
