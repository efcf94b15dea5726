# SPDX-License-Identifier: Apache-2.0
"""Durable ingest beside what a user would write instead: a Node.js script with mqtt.js and better-sqlite3.

Promise: script and gateway got the same packets in this run, taking turns. The script stores each message as it came and
decodes nothing, and where it commits each message it gets a tenth of them, lest it take minutes; its acknowledgement is MQTT's own, ours is a message of its own after the commit. So it does less. Used by
bench.py.
"""
import os
import shutil
import statistics

import ingest
from stage import Site, Skipped

HERE = os.path.dirname(os.path.abspath(__file__))


def modules_with(programs, *packages):
    """Where npm has put the packages; Skipped when it has not."""
    modules = os.path.join(programs["javascript"], "node_modules")
    missing = [p for p in packages if not os.path.isdir(os.path.join(modules, p))]
    if shutil.which("node") is None or missing:
        raise Skipped(f"node or npm's {' '.join(missing or packages)} is not here: `./run bench` installs them")
    return modules


def with_node(programs, modules, packets, order):
    with Site() as site:
        child = site.ready(["node", os.path.join(HERE, "javascript/node_gateway.js"), str(site.port), modules, str(packets), order,
                            os.path.join(site.directory.name, "readings.db")])
        return ingest.measured(programs, site, child, "count", packets, 1, packets)


def measure(programs, effort):
    modules = modules_with(programs, "mqtt", "better-sqlite3")
    packets = 2_000 if effort.quick else 50_000
    ours, bare, parts, commit_first, ack_first, noop = [], [], [], [], [], []
    for _ in range(effort.rounds if effort.quick else max(3, effort.rounds)):  # each takes two seconds, and the machine changes
        noop.append(ingest.with_noop(programs, packets, 1, packets))
        bare.append(ingest.with_bare_answer(programs, packets, 1, packets))
        ours.append(ingest.with_gateway(programs, packets, 1, packets))
        parts.append(ingest.with_parts(programs, packets, 1, packets, max(1, round(ours[-1]["batch"]))))
        commit_first.append(with_node(programs, modules, packets // 10, "commit-first"))
        ack_first.append(with_node(programs, modules, packets, "ack-first"))
    reached, cpu_us = packets / ingest.median_of(ours, "seconds"), ingest.median_of(ours, "cpu_us")

    def ratio(runs, theirs):
        """Of each round, whose programs took turns."""
        return round(statistics.median(packets / a["seconds"] / (b["packets"] / b["seconds"]) for a, b in zip(runs, theirs)), 2)
    for name, runs in (("commits, then acknowledges", commit_first), ("acknowledges, then commits", ack_first)):
        theirs = runs[0]["packets"] / ingest.median_of(runs, "seconds")
        yield {"name": "node, " + name, "packets_per_s": round(reached), "node_packets_per_s": round(theirs), "ratio": ratio(ours, runs),
               "bare_of_node": ratio(bare, runs), "parts_of_node": ratio(parts, runs), "cpu_us": round(cpu_us, 1),
               "node_cpu_us": round(ingest.median_of(runs, "cpu_us"), 1)}
    # What the library that is given can take in at all: the script's own client is another one.
    limit = packets / ingest.median_of(noop, "seconds")
    theirs = packets / ingest.median_of(ack_first, "seconds")
    yield {"name": "Paho no-op beside the latter", "packets_per_s": round(limit),
           "node_packets_per_s": round(theirs), "ratio": round(limit / theirs, 2),
           "cpu_us": round(ingest.median_of(noop, "cpu_us"), 1), "node_cpu_us": round(ingest.median_of(ack_first, "cpu_us"), 1)}
