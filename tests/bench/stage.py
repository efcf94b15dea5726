# SPDX-License-Identifier: Apache-2.0
"""What the whole-process benchmarks stand on: a broker and gateways of their own, and what the kernel says of a process.

Promise: all of it is gone when the `with` ends; every wait has a deadline.

    with Site() as site:
        gateway = site.gateway(programs["tributary"])
        before = cpu_seconds(gateway.pid)
"""
import dataclasses
import os
import signal
import socket
import subprocess
import tempfile
import time


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much is measured: what a few minutes allow, unless it is one of these."""
    quick: bool = False  # seconds: that it runs; its figures mean nothing
    thorough: bool = False  # what is recorded: every size, medians of three rounds

    @property
    def every_size(self):
        return self.quick or self.thorough

    @property
    def rounds(self):
        return 3 if self.thorough else 1


class Skipped(Exception):
    """What this part compares with is not on this machine; the text says what."""


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


def _number(pid, file, name):
    with open(f"/proc/{pid}/{file}", encoding="ascii") as lines:
        for line in lines:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise RuntimeError(f"/proc/{pid}/{file} has no {name}")


def resident_bytes(pid):
    return _number(pid, "status", "VmRSS") * 1024


def written_bytes(pid):
    """What it caused to be written to disks."""
    return _number(pid, "io", "write_bytes")


def until(condition, what, seconds=20, pause=0.02):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(pause)


def packets_of(programs, device, operations, rounds):
    """A device's packets, one a round."""
    command = [programs["packets_of"], "counters", device, str(operations), str(rounds)]
    lines = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout.split()
    return [bytes.fromhex(line) for line in lines]


class Site:
    """A broker of its own for each measurement, in a directory that goes away with it. What measurements before it wrote is on the
    disk: otherwise a commit waits for that, too."""

    def __init__(self):
        os.sync()
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

    def ready(self, command):
        """Starts a program that says when it is ready."""
        child = self.start(command, stdout=subprocess.PIPE, text=True)
        if child.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{' '.join(command)}: did not start")
        return child

    def stop(self, child):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def launch(self, program, name="g1", hears="*", port=None, more=""):
        """Starts a gateway, on the data that it left here before, without waiting for it."""
        config = os.path.join(self.directory.name, name + ".toml")
        with open(config, "w", encoding="utf-8") as out:
            out.write(f'[gateway]\nid = "{name}"\nfleet = "bench"\ndata_dir = "{os.path.join(self.directory.name, name)}"\n'
                      f'[[broker]]\nname = "local"\nuri = "mqtt://127.0.0.1:{port or self.port}"\nhears = ["{hears}"]\n'
                      f'{more}\n[http]\nlisten = ""\n[log]\nlevel = "warn"\n')
        return self.start([program, "gateway", "--config", config])

    def gateway(self, program, name="g1", **more):
        child = self.launch(program, name, **more)
        status = [program, "status", "--broker", f"mqtt://127.0.0.1:{self.port}", "--fleet", "bench", "-g", name]
        until(lambda: child.poll() is not None or subprocess.run(status, capture_output=True, check=False).returncode == 0,
              "gateway")
        if child.poll() is not None:
            raise RuntimeError("the gateway did not start")
        return child

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            self.stop(child)
        self.directory.cleanup()
