# SPDX-License-Identifier: Apache-2.0
"""Ten thousand devices at one packet a second, for minutes: is the gateway's memory flat?

Promise: every packet was acknowledged after its commit, minute by minute; memory is the gateway's resident set, sampled each
second. Between two minutes the load generator makes its next packets, for a second or so. Used by bench.py.
"""
import json
import subprocess
import time

from stage import Site, cpu_seconds, resident_bytes



def minute(programs, site, gateway, number, devices, seconds):
    """One run of the load generator; samples meanwhile."""
    command = [programs["ingest_load"], str(site.port), "ack", str(devices * seconds), "1", str(devices), "2000", str(devices),
               str(number * seconds), "0"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    samples, end = [], time.monotonic() + seconds + 300
    while child.poll() is None:
        if time.monotonic() > end:
            child.kill()
            raise RuntimeError("the load was not acknowledged in time")
        samples.append(resident_bytes(gateway.pid))
        time.sleep(1)
    out, wrong = child.communicate()
    if child.returncode != 0:
        raise RuntimeError(wrong.strip())
    return samples, out


def measure(programs, effort, minutes=1):
    devices, seconds = (1_000, 3) if effort.quick else (10_000, 60)
    minutes = 2 if effort.quick else max(1, minutes)
    with Site() as site:
        gateway = site.gateway(programs["tributary"])
        before = cpu_seconds(gateway.pid)
        first = None
        for number in range(minutes):
            samples, out = minute(programs, site, gateway, number, devices, seconds)
            result = json.loads(out)
            middle = sorted(samples)[len(samples) // 2]
            first = first or middle
            now = cpu_seconds(gateway.pid)
            yield {"name": f"fleet, minute {number + 1}", "devices": devices, "packets": result["packets"],
                   "seconds": round(result["seconds"], 1), "p50_ms": result["p50_ms"], "p99_ms": result["p99_ms"],
                   "resident_mb": round(middle / 1e6, 1), "most_mb": round(max(samples) / 1e6, 1),
                   "of_first_minute": round(middle / first, 3), "cpu_cores": round((now - before) / result["seconds"], 2)}
            before = now
