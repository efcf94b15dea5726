# SPDX-License-Identifier: Apache-2.0
"""Durable ingest beside the disk alone: the same packets appended to a file, with an fdatasync at the gateway's batch size.

Promise: file and gateway got the same packets in this run, taking turns, on the same file system; the file has as many packets before
an fdatasync as the gateway had acknowledged a commit in the run just before it. Used by bench.py.
"""
import ingest


def measure(programs, effort):
    sizes = ((100_000, 1, 100_000), (50_000, 10, 10_000), (10_000, 100, 100))
    for packets, operations, devices in sizes if effort.thorough else sizes[:1]:
        if effort.quick:
            packets //= 20
            devices = min(devices, packets)
        ours, file = [], []
        for _ in range(effort.rounds):
            ours.append(ingest.with_gateway(programs, packets, operations, devices))
            file.append(ingest.with_file(programs, packets, operations, devices, max(1, round(ours[-1]["batch"]))))
        reached = packets / ingest.median_of(ours, "seconds")
        limit = packets / ingest.median_of(file, "seconds")
        yield {"name": f"file, {operations} op a packet", "packets_per_s": round(reached), "file_packets_per_s": round(limit),
               "ratio": round(reached / limit, 4), "packets_a_commit": round(ingest.median_of(ours, "batch"), 1),
               "file_mb_per_s": round(limit * file[0]["bytes"] / packets / 1e6, 1)}
