# SPDX-License-Identifier: Apache-2.0
"""A stranger's devices against three real gateways: one line for each check.

    run.py PROGRAM VECTORS [--seed N] [--seconds S] [--keep]

PROGRAM is the built `tributary`, VECTORS the folder tests/vectors. The devices are written
from docs/protocol.md and the vectors alone and share no code with the project. A failed run is
repeated with the seed that it printed; the network's timing stays its own.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from fleet import Fleet
from observer import Observer
from vectors import check_all
from world import World

GATEWAYS = ["g1", "g2", "g3"]
START_S, SETTLE_S, AGREE_S = 20, 40, 40


class Checks:
    def __init__(self):
        self.failed = 0

    def check(self, good, text, details=()):
        print(f"{'ok  ' if good else 'FAIL'} {text}", flush=True)
        if not good:
            self.failed += 1
            for line in details:
                print(f"     {line}", flush=True)
        return good


def differences(expected, shown):
    if shown is None:
        return ["no answer"]
    lines = []
    for name in sorted(expected.keys() | shown.keys()):
        want, have = expected.get(name), shown.get(name)
        if want != have:
            lines.append(f"{name}: expected {str(want)[:300]}, shown {str(have)[:300]}")
    return lines[:20]


def run_vectors(checks, folder):
    count, failures = check_all(folder)
    text = f"vectors: {count} checks through a codec written from the page"
    checks.check(count > 0 and not failures, text, failures)


def events(fleet, world, lost):
    return [
        (0.3, fleet.burst),
        (1.0, lambda: lost.append(fleet.amnesia())),
        (1.2, fleet.tie),
        (1.5, lambda: fleet.reserved()),
        (2.0, lambda: lost.append(fleet.amnesia())),
        (2.5, lambda: world.lose_disk("g3")),
        (3.5, lambda: lost.append(fleet.amnesia())),
    ]


def restore_old_backup(checks, fleet):
    """A device whose memory is rolled back sees from an ack that it lived on: section 4, rule 6."""
    member = fleet.members["py-restored"]
    backup = member.device.backup()
    fleet.count(member.device)
    fleet.count(member.device)
    checks.check(not fleet.settle(time.monotonic() + SETTLE_S), "py-restored: two more are safe")
    old_epoch, chores, member.chores = backup[0].epoch, member.chores, []
    member.device.restore(backup)
    deadline = time.monotonic() + SETTLE_S
    while member.device.actor.epoch == old_epoch and time.monotonic() < deadline:
        fleet.tick()
    fresh = member.device.actor.epoch != old_epoch
    checks.check(fresh, "py-restored: rolled back, it takes a fresh epoch", member.device.reports)
    member.chores = chores
    for _ in range(5):
        fleet.count(member.device)


def check_reports(checks, fleet):
    for name, member in fleet.members.items():
        kinds = {report[0] for report in member.device.reports}
        wanted = set()
        if name == "py-restored":
            wanted = {"twin: uncertain after, up to"}
        if name == "py-reserved":
            wanted = {"refused"}
        good = kinds - {"retired"} == wanted
        told = ", ".join(sorted(wanted)) or "nothing lost"
        checks.check(good, f"{name}: reports {told}", member.device.reports)


def check_values(checks, fleet, world):
    deadline = time.monotonic() + AGREE_S
    expected = fleet.journal.expected()
    for gateway in GATEWAYS:
        shown = world.values(gateway)
        while shown != expected and time.monotonic() < deadline:
            fleet.tick()
            shown = world.values(gateway)
        text = f"{gateway} shows all {len(expected)} values exactly"
        checks.check(shown == expected, text, differences(expected, shown))


def check_broker(checks, fleet, world, deadline):
    """What gateways publish for everybody: views, heads, and all envelopes."""
    observer = Observer(world.port, world.root)
    try:
        expected = fleet.journal.expected()
        for gateway in GATEWAYS:
            while observer.views(gateway) != expected and time.monotonic() < deadline:
                fleet.tick()
            wrong = differences(expected, observer.views(gateway))
            checks.check(not wrong, f"{gateway}'s views show the same", wrong)
        for gateway in GATEWAYS:
            wrong = observer.complaints(gateway)
            while wrong and time.monotonic() < deadline:
                for _ in range(30):
                    fleet.tick()
                wrong = observer.complaints(gateway)
            live = sum(bucket.live for bucket in observer.head(gateway).buckets.values())
            text = f"{gateway}'s head has the digests of the {live} envelopes it publishes"
            checks.check(not wrong, text, wrong)
    finally:
        observer.close()


def check_gateways(checks, world):
    for gateway in GATEWAYS:
        status = world.ask(gateway, "status")[0]
        rejected = {name: n for name, n in status["counters"]["rejected"].items() if n}
        rejected.pop("reserved-key", None)
        checks.check(not rejected, f"{gateway} could read and take every packet", [rejected])


def run_fleet(checks, world, options):
    fleet = Fleet(world.port, world.root, options.seed)
    lost = []
    try:
        fleet.live(options.seconds, events(fleet, world, lost))
        checks.check(not fleet.settle(time.monotonic() + SETTLE_S), "all operations are safe",
                     fleet.unsafe())
        fleet.second_burst()
        restore_old_backup(checks, fleet)
        unsafe = fleet.settle(time.monotonic() + SETTLE_S)
        checks.check(not unsafe, "all operations are safe again", unsafe)
        checks.check(all(lost), f"py-amnesia lost {lost} operations with its memory")
        check_reports(checks, fleet)
        check_values(checks, fleet, world)
        check_broker(checks, fleet, world, time.monotonic() + AGREE_S)
        check_gateways(checks, world)
        for name, member in fleet.members.items():
            print(f"     {name}: {member.link.count}, last {member.device.actor.last}")
    finally:
        fleet.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--keep", action="store_true", help="keep the folder of the run")
    options = parser.parse_args()
    print(f"     seed {options.seed}", flush=True)
    checks = Checks()
    run_vectors(checks, options.vectors)
    folder = Path(tempfile.mkdtemp(prefix="tributary-stranger-"))
    world = World(options.program.resolve(), folder, GATEWAYS)
    try:
        world.start(time.monotonic() + START_S)
        run_fleet(checks, world, options)
        checks.check(all(world.alive().values()), "broker and gateways are alive", [world.alive()])
    except (RuntimeError, OSError) as error:
        checks.check(False, f"the run broke off: {error}")
    finally:
        if checks.failed:
            print(world.logs())
        statuses = world.stop()
        clean = all(status == 0 for status in statuses.values())
        checks.check(clean, "everything ended when asked to", [statuses])
        if options.keep:
            print(f"     kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
