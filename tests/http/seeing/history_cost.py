#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What history costs: CPU of its thread as a share of the gateway's, while a fleet sends as fast as it is told.
Usage: history_cost.py BINARY [--seconds 30] [--devices 200] [--rate 20]; exits 1 above 5 %"""
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fleet_site import Site  # noqa: E402  (its own folder)


def figure(text, name):
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--rate", type=float, default=20)
    a = parser.parse_args()
    with Site(a.binary) as site:
        # The defaults of the product, not those of the tests.
        g1 = site.gateway("g1", "store.values_interval_ms=5000", "history.interval_ms=5000")
        before = site.ask(g1, "/metrics")[2]
        fleet = site.run("fleet", [site.binary, "simulate", "--broker", site.uri, "--devices", str(a.devices),
                                   "--places", str(a.devices), "--rate", str(a.rate),
                                   "--loss", "0", "--gateways", "g1", "--seconds", str(a.seconds)])
        fleet.wait(a.seconds + 120)
        after = site.ask(g1, "/metrics")[2]
    used = figure(after, "process_cpu_seconds_total") - figure(before, "process_cpu_seconds_total")
    history = figure(after, "tributary_history_cpu_seconds_total") - figure(before, "tributary_history_cpu_seconds_total")
    operations = figure(after, "tributary_operations_total")
    print(f"{operations:.0f} operations in {a.seconds} s; {figure(after, 'tributary_history_series'):.0f} keys with history, "
          f"{figure(after, 'tributary_history_rows_total'):.0f} rows; CPU of the gateway {used:.2f} s, of history {history:.3f} s: "
          f"{100 * history / used:.1f} %")
    return 0 if history <= 0.05 * used else 1


if __name__ == "__main__":
    sys.exit(main())
