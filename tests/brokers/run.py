#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same trial with any broker: three gateways and devices, kill -9 of a gateway, an empty one, the broker; exact at the end.

    run.py build/release/gateway/app/tributary rabbitmq aedes aedes-5 rabbitmq-cluster mosquitto [--seconds 24] [--seed N]

Promise: exit 0 only if with each broker every gateway shows exactly what was issued, with equal digests; an emptied gateway is in step
again while nobody says anything new (not in a cluster, where only devices fill it); and questions asked over that broker are answered. A broker that is not here is skipped, loudly;
77 when all are.
"""
import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import brokers

SKIPPED = 77
GATEWAYS = ("g1", "g2", "g3")
IN_STEP_S = 60


class Trial:
    def __init__(self, binary, broker, directory, options):
        self.binary, self.broker, self.directory, self.options = os.path.abspath(binary), broker, directory, options
        self.running = {}
        self.began = time.monotonic()

    def uri(self, gateway):  # of a cluster, each gateway has its own node
        return self.broker.uris[GATEWAYS.index(gateway) % len(self.broker.uris)]

    def spawn(self, name, words, **options):
        with open(os.path.join(self.directory, name + ".log"), "a", encoding="utf8") as log:
            self.running[name] = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", self.binary, *words], stderr=log, **options)

    def start(self, gateway):
        home = os.path.join(self.directory, gateway)
        os.makedirs(home, exist_ok=True)
        conf = os.path.join(self.directory, gateway + ".toml")
        with open(conf, "w", encoding="utf8") as f:
            f.write(f'[gateway]\nid = "{gateway}"\ndata_dir = "{home}"\n[http]\nlisten = ""\n[[broker]]\nname = "b"\n'
                    f'uri = "{self.uri(gateway)}"\nreconnect_max_ms = 2000\n')
        self.spawn(gateway, ["gateway", "--config", conf])

    def kill(self, name):
        self.running[name].kill()
        self.running.pop(name).wait()

    def empty(self, gateway):
        self.kill(gateway)
        shutil.rmtree(os.path.join(self.directory, gateway))
        self.start(gateway)

    def status(self, gateway):
        asked = subprocess.run([self.binary, "status", "--json", "--broker", self.uri(gateway), "--gateway", gateway, "--timeout-ms", "5000"],
                               capture_output=True, text=True, check=False)
        return json.loads(asked.stdout)[0] if asked.returncode == 0 else None

    def await_all(self, what, seconds):
        """Seconds until `what` is true of all gateways' statuses."""
        begin = time.monotonic()
        while True:
            shown = [self.status(g) for g in GATEWAYS]
            if all(shown) and what(shown):
                return time.monotonic() - begin
            if time.monotonic() - begin > seconds:
                raise RuntimeError("not in time: " + ", ".join(s["digest"][:8] if s else "no answer" for s in shown))

    def fleet(self):
        words = ["simulate", "--broker", self.broker.uris[0], "--gateways", ",".join(GATEWAYS), "--json", "--deadline", "150"]
        for name in ("devices", "rate", "seconds", "seed"):
            words += ["--" + name, str(getattr(self.options, name))]
        for uri in self.broker.uris[:2]:
            words += ["--site", uri]
        words += ["--reboot", "0.01"]
        with open(os.path.join(self.directory, "verdict.json"), "w", encoding="utf8") as out:
            self.spawn("fleet", words, stdout=out)

    def until(self, part):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.running["fleet"].wait(max(0, self.began + part * self.options.seconds - time.monotonic()))
            raise RuntimeError("the fleet ended early")

    def run(self):
        for gateway in GATEWAYS:
            self.start(gateway)
        self.await_all(lambda _: True, 60)
        self.began = time.monotonic()
        self.fleet()
        self.until(0.25)
        self.kill("g2")
        self.start("g2")
        self.until(0.45)
        self.empty("g3")
        self.until(0.65)
        self.broker.kill(len(self.broker.uris) - 1)
        if len(self.broker.uris) == 1:  # of a cluster the others go on without it, and its gateway waits
            self.broker.start(0)
        else:
            self.until(0.9)
            self.broker.start(len(self.broker.uris) - 1)
        self.running["fleet"].wait(self.options.seconds + 300)
        with open(os.path.join(self.directory, "verdict.json"), encoding="utf8") as f:
            verdict = json.loads(f.read() or "null")
        if not verdict or not (verdict["exact"] and verdict["settled"]):
            raise RuntimeError(f"not exact: {json.dumps(verdict)[:1500]}")
        if len(self.broker.uris) > 1:  # what peers retained is at their nodes alone: docs/fleet.md
            return verdict, None
        self.empty("g1")
        again = self.await_all(lambda shown: len({s["digest"] for s in shown}) == 1, IN_STEP_S)
        return verdict, again

    def end(self):
        for name in list(self.running):
            self.kill(name)


def trial(binary, kind, options):
    make, nodes = brokers.KINDS[kind]
    directory = tempfile.mkdtemp(prefix="tributary-brokers-")
    try:
        with make(directory, nodes) as broker:
            one = Trial(binary, broker, directory, options)
            try:
                verdict, again = one.run()
            finally:
                one.end()
        print(f"{kind:<17} EXACT: {verdict['issued']:,} operations; equal {verdict['verdict_after_ms'] / 1000:.1f} s after the last"
              + (f"; an emptied gateway in step after {again:.1f} s" if again else ""), flush=True)
        return 0
    except brokers.Lacking as lacks:
        print(f"SKIPPED {kind}: it was not tried; it needs {lacks}", flush=True)
        return SKIPPED
    except RuntimeError as error:
        print(f"FAILED {kind}: {error}\nagain: {sys.argv[0]} {binary} {kind} --seed {options.seed}", flush=True)
        for gateway in GATEWAYS:
            with contextlib.suppress(FileNotFoundError), open(os.path.join(directory, gateway + ".log"), encoding="utf8") as log:
                print(f"--- {gateway}\n" + "".join(log.readlines()[-12:]))
        return 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("kinds", nargs="+", choices=sorted(brokers.KINDS))
    parser.add_argument("--seconds", type=int, default=24)
    parser.add_argument("--devices", type=int, default=45)
    parser.add_argument("--rate", type=float, default=2)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1 << 32))
    options = parser.parse_args()
    codes = [trial(options.binary, kind, options) for kind in options.kinds]
    return 1 if 1 in codes else SKIPPED if set(codes) == {SKIPPED} else 0


if __name__ == "__main__":
    sys.exit(main())
