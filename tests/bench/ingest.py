# SPDX-License-Identifier: Apache-2.0
"""Durable ingest against its limits: real Mosquitto, the shipping gateway, a Paho C++ subscriber that only counts.

Promise: every figure of one row was measured in this run, taking turns, and the gateway acknowledged every packet after its
commit. Latency stands beside Paho alone and the disk alone at the same load; what is signed beside what is not. Used by bench.py;
`measure(programs, effort)` gives rows for its table.
"""
import json
import os
import statistics
import subprocess
import tempfile

from stage import Site, cpu_seconds
from visitor import Visitor


def load(programs, site, mode, packets, operations, devices, rate=0, seconds=180, first_round=0, first_device=0, fleet=""):
    command = [programs["ingest_load"], str(site.port), mode, str(packets), str(operations), str(devices), "2000", str(rate),
               str(first_round), str(first_device), *([fleet] if fleet else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


def with_subscriber(programs, command, mode, packets, operations, devices, rate=0):
    """With a program instead of the gateway; it says that it is ready."""
    with Site() as site:
        child = site.ready([programs[command[0]], str(site.port), *command[1:]])
        return measured(programs, site, child, mode, packets, operations, devices, rate)


def measured(programs, site, child, mode, packets, operations, devices, rate=0, fleet=""):
    before, broker_before = cpu_seconds(child.pid), cpu_seconds(site.broker.pid)
    result = load(programs, site, mode, packets, operations, devices, rate, fleet=fleet)
    result["cpu_us"] = (cpu_seconds(child.pid) - before) / packets * 1e6
    result["broker_us"] = (cpu_seconds(site.broker.pid) - broker_before) / packets * 1e6  # it has one thread
    return result


def with_noop(programs, packets, operations, devices, qos=1):
    command = ["paho_noop", str(packets), "tributary/v1/bench/up/+", str(qos)]
    return with_subscriber(programs, command, "count", packets, operations, devices)


def with_answer(programs, packets, operations, devices):
    """Our session alone: what Paho and the acknowledgements cost, without decoding, joining and storing."""
    return with_subscriber(programs, ["session_answer"], "answer", packets, operations, devices)


def with_bare_answer(programs, packets, operations, devices, rate=0, batch=1):
    """Paho's C library alone, which answers: what is there to reach with that library. After so many packets at once, each device."""
    return with_subscriber(programs, ["paho_answer", str(batch)], "answer", packets, operations, devices, rate)


def with_parts(programs, packets, operations, devices, batch, rate=0):
    """Paho's C library, msgpack-c, OpenSSL and SQLite alone: what is there to reach with these, without joining."""
    with tempfile.TemporaryDirectory(prefix="tributary-bench-") as directory:
        command = ["parts_answer", str(batch), os.path.join(directory, "live.db")]
        return with_subscriber(programs, command, "answer", packets, operations, devices, rate)


def with_gateway(programs, packets, operations, devices, rate=0, fleet=""):
    """With `fleet`, a directory of enrolled devices, it takes nothing that is not signed."""
    place = os.path.join(fleet, "gateways/g1/")
    more = (f'[security]\nsignatures = "require"\nadmin_key_file = "{place}admin.pub"\nsigning_key_file = "{place}sign.key"\n'
            f'registry_file = "{place}registry"') if fleet else ""
    with Site() as site, Visitor(site.port) as visitor:
        gateway = site.gateway(programs["tributary"], more=more)
        before = visitor.status("g1")["counters"]["commits"]
        result = measured(programs, site, gateway, "ack", packets, operations, devices, rate, fleet)
        status = visitor.status("g1")
        result["batch"] = packets / max(1, status["counters"]["commits"] - before)
        result["longest_commit_ms"] = status["database"]["commit_max_us"] / 1e3
        return result


def with_file(programs, packets, operations, devices, batch):
    """The disk alone: the same packets appended to a file, so many before each fdatasync."""
    with tempfile.TemporaryDirectory(prefix="tributary-bench-") as directory:
        command = [programs["file_append"], os.path.join(directory, "log"), *map(str, (packets, operations, devices, batch))]
        return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=180).stdout)


def median_of(results, key):
    return statistics.median(r[key] for r in results)


def ratio_of(results, others, key):
    return statistics.median(a[key] / b[key] for a, b in zip(results, others))


def throughput(programs, effort, packets, operations, devices, rounds):
    """One row: packets a second, durable and counted only, taking turns. Ratios are medians of each round's, for the machine may change
    from one to the next; the rest are medians by themselves."""
    if effort.quick:
        packets //= 10
        devices = min(devices, packets)
    noop, noop_qos0, bare, parts, answer, durable = [], [], [], [], [], []
    for _ in range(rounds):
        noop.append(with_noop(programs, packets, operations, devices))
        noop_qos0.append(with_noop(programs, packets, operations, devices, qos=0))  # as a gateway subscribes
        durable.append(with_gateway(programs, packets, operations, devices))
        # Of few devices several packets share an acknowledgement: as many as the gateway had in a commit.
        batch = max(1, round(durable[-1]["batch"]))
        bare.append(with_bare_answer(programs, packets, operations, devices, batch=batch if devices < packets else 1))
        parts.append(with_parts(programs, packets, operations, devices, batch))
        answer.append(with_answer(programs, packets, operations, devices))
    reached = packets / median_of(durable, "seconds")
    return {"name": f"ingest, {operations} op a packet, {devices:,} devices", "packets_per_s": round(reached),
            "operations_per_s": round(reached * operations), "noop_packets_per_s": round(packets / median_of(noop, "seconds")),
            "noop_qos0_packets_per_s": round(packets / median_of(noop_qos0, "seconds")),
            "noop_qos0_cpu_us": round(median_of(noop_qos0, "cpu_us"), 1), "noop_qos0_broker_us": round(median_of(noop_qos0, "broker_us"), 1),
            "ratio": round(ratio_of(noop, durable, "seconds"), 3), "answering_packets_per_s": round(packets / median_of(answer, "seconds")),
            "ratio_answering": round(ratio_of(answer, durable, "seconds"), 3), "bare_packets_per_s": round(packets / median_of(bare, "seconds")),
            "ratio_bare": round(ratio_of(bare, durable, "seconds"), 3), "bare_of_noop": round(ratio_of(noop, bare, "seconds"), 3),
            "parts_packets_per_s": round(packets / median_of(parts, "seconds")), "parts_of_noop": round(ratio_of(noop, parts, "seconds"), 3),
            "parts_cpu_us": round(median_of(parts, "cpu_us"), 1),
            "parts_cpu_ratio": round(ratio_of(parts, noop, "cpu_us"), 2),
            "cpu_us": round(median_of(durable, "cpu_us"), 1), "noop_cpu_us": round(median_of(noop, "cpu_us"), 1),
            "answering_cpu_us": round(median_of(answer, "cpu_us"), 1), "bare_cpu_us": round(median_of(bare, "cpu_us"), 1),
            "packets_a_commit": round(median_of(durable, "batch"), 1), "cpu_ratio": round(ratio_of(durable, noop, "cpu_us"), 2),
            "bare_cpu_ratio": round(ratio_of(bare, noop, "cpu_us"), 2),
            # What the broker's one thread could do at most, of acknowledged packets and of those only counted.
            "broker_us": round(median_of(durable, "broker_us"), 1), "noop_broker_us": round(median_of(noop, "broker_us"), 1),
            "bare_broker_us": round(median_of(bare, "broker_us"), 1),
            "broker_ratio": round(ratio_of(noop, bare, "broker_us"), 2),
            "rounds": rounds, "cpu_ratios": [round(a["cpu_us"] / b["cpu_us"], 2) for a, b in zip(durable, noop)]}


def signed(programs, effort, packets, devices):
    """One row: packets that are signed, taken by a gateway that requires that and signs its acknowledgements, beside such that are
    not, taking turns. The generator signs beforehand."""
    if effort.quick:
        packets, devices = packets // 20, devices // 10
    names = [argument for d in range(devices) for argument in ("--device", f"dev-{d}")]
    plain, ours = [], []
    with tempfile.TemporaryDirectory(prefix="tributary-bench-") as directory:
        fleet = os.path.join(directory, "fleet")
        command = [programs["tributary"], "fleet", "init", fleet, "--fleet", "bench", "--host", "localhost", "--gateway", "g1", *names]
        subprocess.run(command, capture_output=True, check=True, timeout=120)
        for _ in range(effort.rounds):
            plain.append(with_gateway(programs, packets, 1, devices))
            ours.append(with_gateway(programs, packets, 1, devices, fleet=fleet))
    reached, unsigned = packets / median_of(ours, "seconds"), packets / median_of(plain, "seconds")
    return {"name": f"signed, 1 op a packet, {devices:,} devices", "packets_per_s": round(reached), "unsigned_packets_per_s": round(unsigned),
            "ratio": round(reached / unsigned, 3), "cpu_us": round(median_of(ours, "cpu_us"), 1),
            "unsigned_cpu_us": round(median_of(plain, "cpu_us"), 1),
            "cpu_ratio": round(median_of(ours, "cpu_us") / median_of(plain, "cpu_us"), 2)}


def latency(programs, effort, most):
    """Rows: publish to durable acknowledgement at shares of the measured maximum, one operation a packet; beside it, at the same
    load, publish to answer of Paho alone and of the parts alone, and one append with its fdatasync of as many packets as the gateway's
    commits had."""
    for share in (0.1, 0.5, 0.9) if effort.every_size else (0.5,):
        rate = most * share
        packets = int(rate * (1 if effort.quick else 4))
        ours, bare, parts, disk = [], [], [], []
        for _ in range(effort.rounds if effort.quick else max(3, effort.rounds)):  # one wait of 50 ms in four seconds is a p99
            bare.append(with_bare_answer(programs, packets, 1, packets, rate))
            ours.append(with_gateway(programs, packets, 1, packets, rate))
            batch = max(1, round(ours[-1]["batch"]))
            parts.append(with_parts(programs, packets, 1, packets, batch, rate))
            disk.append(with_file(programs, min(packets, 200 * batch), 1, packets, batch))
        row = {"name": f"latency at {share:.0%} of the maximum", "packets_per_s": round(rate),
               **{p: median_of(ours, p) for p in ("p50_ms", "p95_ms", "p99_ms")}, "worst_p99_ms": max(r["p99_ms"] for r in ours),
               "longest_commit_ms": max(r["longest_commit_ms"] for r in ours), "packets_a_commit": round(median_of(ours, "batch"), 1)}
        for p in ("p50_ms", "p99_ms"):
            row["bare_" + p], row["parts_" + p], row["fdatasync_" + p] = median_of(bare, p), median_of(parts, p), median_of(disk, p)
            row[p[:3] + "_ratio"] = round(row[p] / max(row["bare_" + p] + row["fdatasync_" + p], 1e-3), 2)
        yield row


def measure(programs, effort):
    # Of devices that say one thing each, every packet has an acknowledgement of its own; of few, several share one.
    # And all of it is the cost of each packet, which other work on the machine changes most: more rounds.
    first = throughput(programs, effort, 100_000, 1, 100_000, effort.rounds if effort.quick else 2 * effort.rounds + 3)
    yield first
    others = ((40_000, 100, 100), (100_000, 1, 100), (50_000, 10, 10_000))
    for packets, operations, devices in others if effort.every_size else others[:1]:
        yield throughput(programs, effort, packets, operations, devices, effort.rounds)
    yield signed(programs, effort, 50_000, 100)
    yield from latency(programs, effort, first["packets_per_s"])
