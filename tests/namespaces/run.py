#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real packet loss: brokers, gateways and devices in network namespaces, whose router drops packets.

    run.py build/release/gateway/app/tributary [--seconds 120] [--loss 30] [--seed N] [--devices 48]

Promise: exit 0 only if every gateway shows exactly what was issued, with equal digests, within 60 s
after the last operation, and the kernel's counters say that the loss was real. Exit 77, with a line
that says what lacks, where the kernel or the privileges do not allow it. Nothing stays behind.
"""
import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import network as net
import programs as prog
import report

SKIPPED = 77
START_S = 60
END_S = 60  # after the fleet's deadline, to say its verdict
Cut = collections.namedtuple("Cut", "begin end ways")


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the tributary program")
    parser.add_argument("--seconds", type=int, default=120, help="how long operations are issued")
    parser.add_argument("--loss", type=int, default=30, help="percent of packets, each way of every link")
    parser.add_argument("--devices", type=int, default=48)
    parser.add_argument("--rate", type=float, default=1, help="operations a second of each device")
    parser.add_argument("--sessions", type=int, default=16, help="the devices' connections to each site's broker")
    parser.add_argument("--uplinks", type=int, default=1, help="each gateway's connections to each broker (broker.sessions)")
    parser.add_argument("--seed", type=int, default=0, help="of the devices and the partitions; 0: a new one")
    parser.add_argument("--link-rate", default="2mbit", help="tbf, each way of every host")
    parser.add_argument("--within", type=int, default=60, help="seconds from the last operation to exact")
    parser.add_argument("--deadline", type=int, default=180, help="seconds after which it gives up; more than "
                        "--within, so that a late end is seen as late")
    parser.add_argument("--stock", action="store_true", help="leave the kernel's TCP timers as they come")
    parser.add_argument("--keep", help="a new directory for logs and databases, kept")
    options = parser.parse_args(arguments)
    options.seed = options.seed or random.SystemRandom().randrange(1, 1 << 32)
    return options


def partitions(seconds, seed):
    """In the middle third: both ways, then one way, then a device link one way; each heals."""
    dice = random.Random(seed)
    length = seconds / 9
    ways = [[("g1", "bs"), ("bs", "g1")], [dice.choice([("bs", "g2"), ("g2", "bs")])],
            [dice.choice([("f1", "b1"), ("b1", "f1"), ("f2", "b2"), ("b2", "f2")])]]
    dice.shuffle(ways)
    begins = [seconds / 4 + i * seconds / 6 + dice.random() * seconds / 36 for i in range(len(ways))]
    return [Cut(begin, begin + length, way) for begin, way in zip(begins, ways)]


def wait_until(process, moment):
    """False: it ended before."""
    try:
        process.wait(max(0, moment - time.monotonic()))
        return False
    except subprocess.TimeoutExpired:
        return True


def run_partitions(network, fleet, plan, began):
    for cut in plan:
        if not wait_until(fleet, began + cut.begin):
            return
        for source, target in cut.ways:
            network.cut(source, target)
        print(f"{time.monotonic() - began:6.1f} s  cut " + ", ".join(f"{a} to {b}" for a, b in cut.ways), flush=True)
        wait_until(fleet, began + cut.end)
        network.heal()
        print(f"{time.monotonic() - began:6.1f} s  healed", flush=True)


def run(options, network, directory):
    programs = prog.Programs(network, options.binary, directory, options.uplinks)
    plan = partitions(options.seconds, options.seed)
    print(report.load_model(network, options))
    print(report.partition_words(plan), flush=True)
    programs.start_brokers()
    programs.start_gateways()
    programs.await_gateways(START_S)
    began = time.monotonic()
    fleet = programs.start_fleet(options)
    run_partitions(network, fleet, plan, began)
    if wait_until(fleet, began + options.seconds + options.deadline + END_S):
        raise RuntimeError("the fleet did not end in time; its log:\n" + programs.tail("fleet"))
    verdict, traffic, cut_packets = programs.verdict(), network.traffic(), network.cut_packets()
    if not verdict:
        raise RuntimeError("the fleet ended without a verdict; its log:\n" + programs.tail("fleet"))
    print(report.traffic_table(traffic, cut_packets))
    print(report.gateway_table({name: programs.status(name) for name in prog.GATEWAYS}))
    print(report.result_table(verdict))
    print(report.connects_line(verdict, programs.connects()), flush=True)
    faults = list(report.faults(verdict, traffic, cut_packets, options))
    faults += [f"{name} ended: {programs.tail(name)}" for name in programs.ended_early()]
    for fault in faults:
        print("FAILED: " + fault)
    if not verdict["exact"]:
        for name in ("fleet", *prog.GATEWAYS):
            print(f"--- {name}\n{programs.tail(name)}")
    return 1 if faults else 0


def missing():
    needed = (("ip", "iproute2"), ("nft", "nftables"), ("tc", "iproute2"), ("sysctl", "procps"),
              ("setpriv", "util-linux"))
    for name, package in needed:
        if not shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin"):
            yield f"{name} (Debian: {package})"
    if not prog.find_mosquitto():
        yield "mosquitto (Debian: mosquitto)"


def main():
    options = options_of(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda n, _: sys.exit(128 + n))  # through every `with`
    try:
        lacking = list(missing())
        if lacking:
            raise net.Lacking(", ".join(lacking))
        has_tbf = net.probe()
    except net.Lacking as lacks:
        print(f"SKIPPED: real packet loss was not tried; it needs {lacks}")
        return SKIPPED
    seed = [] if "--seed" in sys.argv else ["--seed", str(options.seed)]
    again = " ".join([*sys.argv, *seed])
    places = tempfile.gettempdir()
    for name in list(net.leftovers(places)):
        shutil.rmtree(os.path.join(places, name), ignore_errors=True)
    directory = options.keep or tempfile.mkdtemp(prefix=f"{net.PREFIX}-{os.getpid()}-")
    os.makedirs(directory, exist_ok=True)
    try:
        with net.Network(options.loss, options.link_rate if has_tbf else None, not options.stock) as network:
            status = run(options, network, directory)
    except RuntimeError as error:
        print(f"FAILED: {error}")
        status = 1
    finally:
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    print("passed" if status == 0 else f"again, but for the kernel's dice: {again}")
    return status


if __name__ == "__main__":
    sys.exit(main())
