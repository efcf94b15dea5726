#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus with config/alerts.rules.yml, at shortened times, watches real gateways: nothing fires while all is well; then a gateway is
killed, a disk is filled, a device's clock is set wrong, a stranger talks nonsense, and each has its alert.

Usage: prometheus_test.py BINARY SOURCE_DIR; exit 77: Prometheus is not installed"""
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import urllib.request

try:
    from fleet_site import Site, eventually, free_port
except ModuleNotFoundError as missing:
    print(f"skipped: {missing} (Debian: python3-paho-mqtt)")
    sys.exit(77)

ROOT = "tributary/v1/demo"


def shortened(rules):
    """The same conditions; only how long they must hold, and over what is looked back, is less."""
    rules = re.sub(r"for: [1-9]\d*s", "for: 1s", rules)
    rules = re.sub(r"interval: \d+s", "interval: 1s", rules)
    return re.sub(r"\[5m\]", "[10s]", rules)


class Prometheus:
    def __init__(self, site, source, targets):
        self.port = free_port()
        with open(os.path.join(source, "config", "alerts.rules.yml"), encoding="utf8") as f:
            rules = shortened(f.read())
        with open(os.path.join(site.dir, "rules.yml"), "w", encoding="utf8") as f:
            f.write(rules)
        config = os.path.join(site.dir, "prometheus.yml")
        with open(config, "w", encoding="utf8") as f:
            f.write("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n"
                    f"  - job_name: tributary\n    static_configs: [{{targets: {json.dumps(targets)}}}]\n")
        self.process = site.run("prometheus", ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={site.dir}/tsdb",
                                               f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"])
        self.log = os.path.join(site.dir, "prometheus.log")

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=5) as answer:
                return json.loads(answer.read())["data"]
        except OSError:
            if self.process.poll() is not None:
                with open(self.log, encoding="utf8") as f:
                    raise AssertionError(f"Prometheus ended: {f.read()}") from None
            return None

    def up(self):
        targets = self.get("targets")
        return [t["health"] for t in targets["activeTargets"]] if targets else []

    def firing(self):
        """{(alert, severity): instance}"""
        alerts = self.get("alerts") or {"alerts": []}
        return {(a["labels"]["alertname"], a["labels"]["severity"]): a["labels"]["instance"]
                for a in alerts["alerts"] if a["state"] == "firing"}

    def evaluated(self):
        groups = self.get("rules")
        rules = [r for g in groups["groups"] for r in g["rules"]] if groups else []
        assert all(r["health"] != "err" for r in rules), [r for r in rules if r["health"] == "err"]
        return bool(rules) and all(r["health"] == "ok" for r in rules)


def on_a_small_disk(site, name):
    """A program that runs the gateway with 12 MiB for its directory; None where that is not allowed."""
    where = os.path.join(site.dir, name)
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode != 0:
        return None
    path = os.path.join(site.dir, "on-a-small-disk")
    with open(path, "w", encoding="utf8") as f:
        f.write(f"#!/bin/sh\nexec unshare -m sh -c 'mkdir -p {where} && mount -t tmpfs -o size=12m tmpfs {where} && exec {site.binary} \"$@\"' sh \"$@\"\n")
    os.chmod(path, 0o755)
    return path


def from_the_future(seconds):
    """An envelope of device meter-1, counter "parts": the one of docs/protocol.md with another time."""
    hlc = int((time.time() + seconds) * 1000) << 16 | 1
    return (bytes.fromhex("9401c42a9ba464656d6fc2a76d657465722d31070001050101cf") + struct.pack(">Q", hlc)
            + bytes.fromhex("9195a5706172747301000101c400c400"))


def main():
    if not shutil.which("prometheus"):
        print("skipped: prometheus is not installed (Debian: prometheus)")
        return 77
    with Site(sys.argv[1]) as site:
        g1, g2 = site.gateway("g1"), site.gateway("g2")
        small = on_a_small_disk(site, "g3")
        real, site.binary = site.binary, small or site.binary
        g3 = site.gateway("g3")
        site.binary = real
        at = {g.name: f"127.0.0.1:{g.port}" for g in (g1, g2, g3)}
        site.replay("dev-1", "plant/parts,gcounter,add,3")
        prometheus = Prometheus(site, sys.argv[2], list(at.values()))
        eventually(30, "all three are scraped", lambda: prometheus.up() == ["up"] * 3)
        eventually(20, "every rule was evaluated", prometheus.evaluated)
        eventually(20, "nothing fires", lambda: prometheus.firing() == {})

        listener = site.listen(f"{ROOT}/nothing")
        for i in range(40):
            listener.publish(f"{ROOT}/up/stranger", f"nonsense {i}")
        listener.publish(f"{ROOT}/up/meter-1", from_the_future(120))
        site.stop(g2, signal.SIGKILL)
        wanted = {("TributaryGatewayDown", "critical"): at["g2"], ("TributaryDeadLetters", "warning"): None,
                  ("TributaryDeviceClock", "warning"): None, ("TributaryPeerAway", "warning"): None}
        if small:
            # Seen from its own mounts; all that is left is taken.
            with open(f"/proc/{g3.process.pid}/root{site.dir}/g3/filler", "wb", buffering=0) as f:
                try:
                    while f.write(b"x" * 4096):
                        pass
                except OSError:
                    pass
            listener.publish(f"{ROOT}/up/stranger", "one more that is to be kept")
            wanted[("TributaryDisk", "critical")] = at["g3"]
            wanted[("TributaryDatabase", "critical")] = at["g3"]
        else:
            print("left out: no disk can be filled here (unshare -m and mount, as root)")

        def missing():
            fires = prometheus.firing()
            return [f"{name} {severity}" for (name, severity), where in wanted.items()
                    if (name, severity) not in fires or (where and fires[(name, severity)] != where)]
        try:
            eventually(40, "all fire", lambda: not missing())
        except AssertionError:
            raise AssertionError(f"these do not fire: {missing()}; these do: {prometheus.firing()}") from None
        site.gateway("g2", port=g2.port)
        eventually(30, "the alert ends when the gateway is back", lambda: ("TributaryGatewayDown", "critical") not in prometheus.firing())
        print("ok      " + ", ".join(sorted(f"{name} ({severity})" for name, severity in wanted)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
