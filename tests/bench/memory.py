# SPDX-License-Identifier: Apache-2.0
"""What a gateway's core and state take in memory: a part of each type, an element of 16 bytes, a device, a live envelope.

Promise: bytes that are allocated once all has settled, by difference of two states (bench_scale.cc), so what else the machine does
changes only the times; each state was loaded again from its database with the same digest. Used by bench.py.
"""
import json
import subprocess


def measure(programs, effort):
    command = [programs["bench_scale"], "--json", *(["--quick"] if effort.quick else [])]
    said = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=600).stdout)
    for cost in said["costs"]:
        yield {"name": "memory, " + cost["of"], "bytes": cost["bytes"]}
    for state in said["states"]:
        yield {"name": "state, " + state["name"], "memory_mb": round(state["memory_bytes"] / 1e6, 1), "parts": state["parts"],
               "live_envelopes": state["live_envelopes"], "live_mb": round(state["live_bytes"] / 1e6, 1),
               "file_mb": round(state["file_bytes"] / 1e6, 1), "start_s": round(state["start_s"], 2)}
