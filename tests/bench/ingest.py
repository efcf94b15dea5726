# SPDX-License-Identifier: Apache-2.0
"""Durable ingest against its limits: real Mosquitto, the shipping gateway, a Paho C++ subscriber that only counts.

Promise: every figure of one row was measured in this run, taking turns, and the gateway acknowledged every packet after its
commit. Used by bench.py; `measure(programs, quick)` gives rows for its table.
"""
import json
import os
import signal
import socket
import statistics
import subprocess
import tempfile
import time

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    """Of all its threads that live, to the nanosecond (the kernel's utime counts in hundredths)."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


def until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


class Site:
    """A broker of its own for each measurement, in a directory that goes away with it."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="tributary-bench-")
        self.port = free_port()
        self.children = []
        config = os.path.join(self.directory.name, "mosquitto.conf")
        with open(config, "w", encoding="utf-8") as out:
            out.write(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
                      "max_inflight_messages 1000\nmessage_size_limit 1048576\nlog_type error\n")
        self.broker = self.start(["mosquitto", "-c", config])
        until(self.listens, "mosquitto")

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self, command, **more):
        child = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=more.pop("stdout", subprocess.DEVNULL), **more)
        self.children.append(child)
        return child

    def gateway(self, program):
        data = os.path.join(self.directory.name, "data")
        config = os.path.join(self.directory.name, "gateway.toml")
        with open(config, "w", encoding="utf-8") as out:
            out.write(f'[gateway]\nid = "g1"\nfleet = "bench"\ndata_dir = "{data}"\n[[broker]]\nname = "local"\n'
                      f'uri = "mqtt://127.0.0.1:{self.port}"\n[http]\nlisten = ""\n[log]\nlevel = "warn"\n')
        child = self.start([program, "gateway", "--config", config])
        status = [program, "status", "--broker", f"mqtt://127.0.0.1:{self.port}", "--fleet", "bench"]
        until(lambda: child.poll() is not None or subprocess.run(status, capture_output=True, check=False).returncode == 0,
              "gateway")
        if child.poll() is not None:
            raise RuntimeError("the gateway did not start")
        return child

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.directory.cleanup()


def load(programs, site, mode, packets, operations, devices, rate=0, seconds=180):
    command = [programs["ingest_load"], str(site.port), mode, str(packets), str(operations), str(devices), "2000", str(rate)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


def with_subscriber(programs, command, mode, packets, operations, devices):
    """With a program instead of the gateway; it says that it is ready."""
    with Site() as site:
        child = site.start([programs[command[0]], str(site.port), *command[1:]], stdout=subprocess.PIPE, text=True)
        if child.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{command[0]} did not start")
        return measured(programs, site, child, mode, packets, operations, devices)


def measured(programs, site, child, mode, packets, operations, devices, rate=0):
    before = cpu_seconds(child.pid)
    result = load(programs, site, mode, packets, operations, devices, rate)
    result["cpu_us"] = (cpu_seconds(child.pid) - before) / packets * 1e6
    return result


def with_noop(programs, packets, operations, devices):
    return with_subscriber(programs, ["paho_noop", str(packets)], "count", packets, operations, devices)


def with_answer(programs, packets, operations, devices):
    """Our session alone: what Paho and the acknowledgements cost, without decoding, joining and storing."""
    return with_subscriber(programs, ["session_answer"], "answer", packets, operations, devices)


def with_gateway(programs, packets, operations, devices, rate=0):
    with Site() as site:
        gateway = site.gateway(programs["tributary"])
        return measured(programs, site, gateway, "ack", packets, operations, devices, rate)


def median_of(results, key):
    return statistics.median(r[key] for r in results)


def throughput(programs, quick, packets, operations, devices):
    """One row: packets a second, durable and counted only, taking turns."""
    rounds = 1 if quick else 3
    if quick:
        packets //= 10
        devices = min(devices, packets)
    noop, answer, durable = [], [], []
    for _ in range(rounds):
        noop.append(with_noop(programs, packets, operations, devices))
        answer.append(with_answer(programs, packets, operations, devices))
        durable.append(with_gateway(programs, packets, operations, devices))
    limit = packets / median_of(noop, "seconds")
    answered = packets / median_of(answer, "seconds")
    reached = packets / median_of(durable, "seconds")
    return {"name": f"ingest, {operations} op a packet", "packets_per_s": round(reached),
            "operations_per_s": round(reached * operations), "noop_packets_per_s": round(limit),
            "ratio": round(reached / limit, 3), "answering_packets_per_s": round(answered),
            "ratio_answering": round(reached / answered, 3),
            "cpu_us": round(median_of(durable, "cpu_us"), 1), "noop_cpu_us": round(median_of(noop, "cpu_us"), 1),
            "answering_cpu_us": round(median_of(answer, "cpu_us"), 1),
            "cpu_ratio": round(median_of(durable, "cpu_us") / median_of(noop, "cpu_us"), 2)}


def latency(programs, quick, most):
    """Rows: publish to durable acknowledgement at shares of the measured maximum, one operation a packet."""
    rows = []
    for share in (0.1, 0.5, 0.9):
        rate = most * share
        packets = int(rate * (1 if quick else 4))
        result = with_gateway(programs, packets, 1, packets, rate)
        rows.append({"name": f"latency at {share:.0%} of the maximum", "packets_per_s": round(rate),
                     "p50_ms": result["p50_ms"], "p95_ms": result["p95_ms"], "p99_ms": result["p99_ms"]})
    return rows


def measure(programs, quick):
    rows = [throughput(programs, quick, 100_000, 1, 100_000), throughput(programs, quick, 50_000, 10, 10_000),
            throughput(programs, quick, 10_000, 100, 100)]
    return rows + latency(programs, quick, rows[0]["packets_per_s"])
