#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What several sessions per uplink gain: one gateway's link to the shared broker loses packets, and carries
all that its devices say to two others.

    uplink.py build/release/gateway/app/tributary [--sessions 1,2,4,8] [--timers stock,tuned] [--seconds 40]

Prints, for each number of sessions and each kind of TCP timers: how long after the last operation all gateways
were exact; readings a second: all operations, over the time from the first until then; and how often gateways
reconciled. Devices speak with their gateway without loss: the links between the gateways and the
shared broker alone are what is measured, and each reading passes two of them.

Promise: exit 0 only if every run was exact within --within seconds, at the loss that was asked for. Exit 77
where the kernel or the privileges do not allow it.
"""
import argparse
import collections
import os
import random
import shutil
import signal
import sys
import tempfile
import time

import network as net
import programs as prog
import run as real_loss

SOUND = (("f1", "b1"), ("f2", "b2"), ("g1", "b1"), ("g2", "b2"))
Row = collections.namedtuple("Row", "timers sessions offered arrived exact_s gaps fetches asks share")


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the tributary program")
    parser.add_argument("--sessions", default="1,2,4,8", dest="uplinks", help="connections of each uplink, in turn")
    parser.add_argument("--timers", default="stock,tuned", help="TCP timers: as the kernel has them, and as docs/fleet.md says")
    parser.add_argument("--seconds", type=int, default=40, help="how long operations are issued, each time")
    parser.add_argument("--loss", type=int, default=30, help="percent of packets, each way of every uplink")
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--rate", type=float, default=30, help="operations a second of each device")
    parser.add_argument("--seed", type=int, default=0, help="of the devices; 0: a new one")
    parser.add_argument("--within", type=int, default=60, help="seconds from the last operation to exact")
    parser.add_argument("--least", type=int, default=0, help="readings/s that the best must reach")
    parser.add_argument("--deadline", type=int, default=180, help="seconds after which a run gives up")
    options = parser.parse_args(arguments)
    options.uplinks = [int(word) for word in options.uplinks.split(",")]
    options.timers = options.timers.split(",")
    options.seed = options.seed or random.SystemRandom().randrange(1, 1 << 32)
    return options


def measure(options, timers, sessions, directory):
    with net.Network(options.loss, None, timers == "tuned", SOUND) as network:
        programs = prog.Programs(network, options.binary, directory, sessions)
        programs.start_brokers()
        programs.start_gateways()
        programs.await_gateways(real_loss.START_S)
        began = time.monotonic()
        options.sessions = 4  # of the fleet
        fleet = programs.start_fleet(options, sites=("b1",))
        real_loss.wait_until(fleet, began + options.seconds + options.deadline + real_loss.END_S)
        verdict = programs.verdict()
        if fleet.poll() is None or not verdict:
            raise RuntimeError("the fleet came to no verdict; its log:\n" + programs.tail("fleet"))
        counters = [programs.status(name)["counters"] for name in ("g2", "g3")]
        uplinks = [t for t in network.traffic() if (t.source, t.target) not in SOUND and (t.target, t.source) not in SOUND]
        share = sum(t.lost for t in uplinks) / max(1, sum(t.packets for t in uplinks))
        exact_s = verdict["verdict_after_ms"] / 1000 if verdict["exact"] and verdict["settled"] else None
        arrived = verdict["issued"] / (options.seconds + exact_s) if exact_s is not None else 0
        return Row(timers, sessions, verdict["issued"] / options.seconds, arrived, exact_s,
                   sum(c["gaps"] for c in counters), sum(c["fetches"] for c in counters),
                   sum(c["asks_out"] for c in counters), share)


def words(row):
    exact = f"{row.exact_s:7.1f} s" if row.exact_s is not None else "    NEVER"
    return (f"{row.timers:<6} {row.sessions:8} {row.offered:11,.0f} {row.arrived:11,.0f} {exact:>10} "
            f"{row.gaps:5} {row.asks:5} {row.fetches:7} {row.share:8.1%}")


def faults(row, options):
    name = f"{row.timers}, {row.sessions} sessions: "
    if row.exact_s is None:
        yield name + f"not exact {options.deadline} s after the last operation"
    elif row.exact_s > options.within:
        yield name + f"exact after {row.exact_s:.1f} s, not {options.within}"
    if abs(row.share - options.loss / 100) > 0.03:
        yield name + f"{row.share:.1%} of the packets were lost, not {options.loss} %"


def main():
    options = options_of(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    try:
        lacking = list(real_loss.missing())
        if lacking:
            raise net.Lacking(", ".join(lacking))
        net.probe()
    except net.Lacking as lacks:
        print(f"SKIPPED: real packet loss was not tried; it needs {lacks}")
        return real_loss.SKIPPED
    print(f"{options.devices} devices at one gateway, {options.rate:g} operations/s each for {options.seconds} s; "
          f"{options.loss} % of the packets lost, each way, between the gateways and their shared broker; seed {options.seed}")
    print("timers sessions   offered/s  readings/s   exact in  gaps  asks fetches     lost", flush=True)
    wrong, best = [], 0
    for timers in options.timers:
        for sessions in options.uplinks:
            directory = tempfile.mkdtemp(prefix=f"{net.PREFIX}-{os.getpid()}-")
            try:
                row = measure(options, timers, sessions, directory)
                print(words(row), flush=True)
                wrong += faults(row, options)
                best = max(best, row.arrived)
            except RuntimeError as error:
                wrong.append(f"{timers}, {sessions} sessions: {error}")
            finally:
                shutil.rmtree(directory, ignore_errors=True)
    if best < options.least:
        wrong.append(f"{best:,.0f} readings/s at best, not {options.least:,}")
    for fault in wrong:
        print("FAILED: " + fault)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
