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

from crafted import Voice, digests_follow_an_owner, wrong_topic
from fleet import Fleet
from observer import Observer
from vectors import check_all
from world import World

GATEWAYS = ["g1", "g2", "g3"]
ALL_S = 100  # the whole run: CTest waits for 120


class Checks:
    def __init__(self):
        self.failed, self.deadline = 0, time.monotonic() + ALL_S

    def check(self, good, text, details=()):
        print(f"{'ok  ' if good else 'FAIL'} {text}", flush=True)
        if not good:
            self.failed += 1
            for line in details:
                print(f"     {line}", flush=True)
        return good

    def at_most(self, seconds):
        """A deadline for one step that leaves the whole run its own."""
        return min(self.deadline, time.monotonic() + seconds)


def differences(expected, shown):
    if shown is None:
        return ["no answer"]
    lines = []
    for name in sorted(expected.keys() | shown.keys()):
        want, have = expected.get(name), shown.get(name)
        if want != have:
            lines.append(f"{name}: expected {str(want)[:300]}, shown {str(have)[:300]}")
    return lines[:20]


def check_vectors(checks, folder):
    count, failures = check_all(folder)
    text = f"vectors: {count} checks through a codec written from the page"
    checks.check(count > 0 and not failures, text, failures)


# --- a fleet at work ------------------------------------------------------------------------


def check_safe(checks, fleet, text):
    unsafe = fleet.settle(checks.at_most(40))
    checks.check(not unsafe, text, unsafe)


def work(checks, fleet, world, seconds):
    lost = []
    events = [
        (0.3, fleet.burst),
        (1.0, lambda: lost.append(fleet.amnesia())),
        (1.2, fleet.tie),
        (1.5, fleet.reserved),
        (2.0, lambda: lost.append(fleet.amnesia())),
        (2.5, lambda: world.lose_disk("g3")),
        (3.5, lambda: lost.append(fleet.amnesia())),
    ]
    fleet.live(seconds, events)
    check_safe(checks, fleet, "all operations are safe")
    checks.check(all(lost), f"py-amnesia lost {lost} operations with its memory")


def restore_old_backup(checks, fleet):
    """A device whose memory is rolled back sees from an ack that it lived on: section 4, rule 6."""
    member = fleet.members["py-restored"]
    backup = member.device.backup()
    fleet.count(member.device)
    fleet.count(member.device)
    check_safe(checks, fleet, "py-restored: two more are safe")
    old_epoch, chores, member.chores = backup[0].epoch, member.chores, []
    member.device.restore(backup)
    deadline = checks.at_most(40)
    while member.device.actor.epoch == old_epoch and time.monotonic() < deadline:
        fleet.tick()
    fresh = member.device.actor.epoch != old_epoch
    checks.check(fresh, "py-restored: rolled back, it takes a fresh epoch", member.device.reports)
    member.chores = chores
    for _ in range(5):
        fleet.count(member.device)


def check_reports(checks, fleet):
    told = {"py-restored": {"twin: uncertain after, up to"}, "py-reserved": {"refused"}}
    for name, member in fleet.members.items():
        kinds = {report[0] for report in member.device.reports} - {"retired"}
        text = ", ".join(sorted(told.get(name, {"nothing"})))
        checks.check(kinds == told.get(name, set()), f"{name}: reports {text}",
                     member.device.reports)


# --- what gateways show and publish ---------------------------------------------------------


def wait_for(fleet, deadline, wrong):
    """Lets the fleet go on until nothing is wrong, or time is up: what is wrong then."""
    found = wrong()
    while found and time.monotonic() < deadline:
        for _ in range(10):
            fleet.tick()
        found = wrong()
    return found


def check_shown(checks, fleet, world, observer):
    expected, deadline = fleet.journal.expected(), checks.at_most(40)
    for name in GATEWAYS:
        wrong = wait_for(fleet, deadline, lambda g=name: differences(expected, world.values(g)))
        checks.check(not wrong, f"{name} shows all {len(expected)} values exactly", wrong)
    for name in GATEWAYS:
        wrong = wait_for(fleet, deadline, lambda g=name: differences(expected, observer.views(g)))
        checks.check(not wrong, f"{name}'s views show the same", wrong)


def check_published(checks, fleet, observer):
    deadline = checks.at_most(20)
    for name in GATEWAYS:
        wrong = wait_for(fleet, deadline, lambda g=name: observer.complaints(g))
        head = observer.head(name)
        live = sum(bucket.live for bucket in head.buckets.values()) if head else 0
        text = f"{name}'s head has the digests of the {live} envelopes that it publishes"
        checks.check(not wrong, text, wrong)


def check_rejected(checks, world):
    allowed = {"reserved-key", "wrong-device"}
    for name in GATEWAYS:
        answer = world.ask(name, "status")
        counts = answer[0]["counters"]["rejected"] if answer else {"no answer": 1}
        rejected = {why: n for why, n in counts.items() if n and why not in allowed}
        checks.check(not rejected, f"{name} could read and take every packet", [rejected])


def run_fleet(checks, world, fleet, observer, seconds):
    voice = Voice(world.port, world.root)
    try:
        wrong_topic(voice)
        wrong = digests_follow_an_owner(observer, voice, fleet.journal, "g1", checks.at_most(12))
        text = "a digest follows when the owner of a removed add retires it"
        checks.check(not wrong, text, wrong)
    finally:
        voice.close()
    work(checks, fleet, world, seconds)
    fleet.second_burst()
    restore_old_backup(checks, fleet)
    check_safe(checks, fleet, "all operations are safe again")
    check_reports(checks, fleet)
    check_shown(checks, fleet, world, observer)
    check_published(checks, fleet, observer)
    check_rejected(checks, world)
    for name, member in fleet.members.items():
        print(f"     {name}: {member.link.count}, last {member.device.actor.last}")


def run_world(checks, world, options):
    world.start(checks.at_most(30))
    observer = Observer(world.port, world.root)
    fleet = Fleet(world.port, world.root, options.seed)
    try:
        run_fleet(checks, world, fleet, observer, options.seconds)
    finally:
        fleet.close()
        observer.close()
    alive = world.alive()
    checks.check(all(alive.values()), "broker and gateways are alive", [alive])


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
    check_vectors(checks, options.vectors)
    folder = Path(tempfile.mkdtemp(prefix="tributary-stranger-"))
    world = World(options.program.resolve(), folder, GATEWAYS)
    try:
        run_world(checks, world, options)
    except (RuntimeError, OSError) as error:
        checks.check(False, f"the run broke off: {error}")
    finally:
        if checks.failed:
            print(world.logs())
        statuses = world.stop()
        clean = all(status == 0 for status in statuses.values())
        checks.check(clean, "everything ended when asked to", [statuses])
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.keep:
        print(f"     kept {folder}")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
