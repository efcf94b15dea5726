# SPDX-License-Identifier: Apache-2.0
"""Scenarios: text files of steps and expectations.

    title 30 % loss            what it shows, in words
    needs image NAME           skipped, loudly, where there is none; also: needs memory-gib N
    any command of docker/fleet                                 loss 30, partition site-a broker-shared, verdict go-on, …
    run SECONDS                the fleet goes on; it fails when a gateway or the devices end
    memory NAME                remembers the largest gateway's memory beside its state as memory_NAME_mib
    log GATEWAY TEXT           its log must hold that
    expect exact               a figure that must be true …
    expect converged_s <= 60   … or within a bound

    figures = Scenario("scenarios/loss.txt").play(fleet, COMMANDS)

Promise: passed only if every line did what it says; figures are printed with their bounds; the fleet is gone afterwards.
"""
import operator
import os
import re
import time

from engine import Trouble
from commands import DEVICES, GATEWAYS

COMPARE = {"<=": operator.le, ">=": operator.ge, "==": operator.eq, "<": operator.lt, ">": operator.gt}
OWN = {"title", "needs", "run", "memory", "log", "expect"}


class Skipped(Exception):
    pass


class Scenario:
    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf8") as f:
            lines = [(n, line.split("#")[0].split()) for n, line in enumerate(f, 1)]
        self.steps = [(n, words) for n, words in lines if words]
        self.title = " ".join(next((w[1:] for _, w in self.steps if w[0] == "title"), [self.name]))

    def check(self, commands):
        """What is wrong with the text, before anything runs."""
        for n, words in self.steps:
            if words[0] not in OWN and words[0] not in commands:
                yield f"{self.name}:{n}: no such step: {words[0]}"
            if words[0] == "expect" and not (len(words) == 2 or (len(words) == 4 and words[2] in COMPARE)):
                yield f"{self.name}:{n}: expect NAME, or expect NAME <= NUMBER"
        if not any(words[0] == "expect" for _, words in self.steps):
            yield f"{self.name}: expects nothing, so it cannot fail"

    def play(self, fleet, commands):
        """Figures with what was expected of them. Raises Trouble at the first line that fails, Skipped."""
        began = time.monotonic()
        results = []
        for n, words in self.steps:
            if words[0] == "title":
                continue
            fleet.say(f"[{time.monotonic() - began:6.1f} s] {' '.join(words)}")
            try:
                if words[0] in OWN:
                    results += getattr(self, words[0])(fleet, words[1:]) or []
                else:
                    commands[words[0]](fleet, words[1:])
            except Trouble as trouble:
                raise Trouble(f"{self.name}:{n}: {' '.join(words)}: {trouble}") from trouble
        return results

    def needs(self, fleet, words):
        if words[0] == "image":
            if fleet.engine.run("inspect", "--type", "image", words[1], check=False).returncode != 0:
                raise Skipped(f"no image {words[1]}; docs/fleet.md says how to make it")
        elif words[0] == "memory-gib":
            gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
            if gib < float(words[1]):
                raise Skipped(f"{words[1]} GiB of memory; here are {gib:.0f}")
        else:
            raise Trouble(f"needs what? {' '.join(words)}")

    def run(self, fleet, words):
        end = time.monotonic() + float(words[0])
        while True:
            boxes = fleet.engine.boxes()
            ended = [s for s in (*GATEWAYS, *DEVICES) if s in boxes and boxes[s].state in ("exited", "dead") and s not in fleet.memory.killed]
            if ended:
                tails = [fleet.engine.run("logs", "--tail", "5", boxes[s].id).stderr for s in ended]
                raise Trouble("ended: " + ", ".join(f"{s} ({boxes[s].exit_code})" for s in ended) + "\n" + "\n".join(tails))
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 5))

    def memory(self, fleet, words):
        each = fleet.memory_mib()
        fleet.say("           " + ", ".join(f"{g} {whole:.1f} MiB, {state:.1f} of it state" for g, (whole, state) in each.items()))
        fleet.figures[f"memory_{words[0]}_mib"] = max(whole - state for whole, state in each.values())
        if len(words) == 1 and "memory_early_mib" in fleet.figures:
            fleet.figures["memory_growth"] = fleet.figures[f"memory_{words[0]}_mib"] / fleet.figures["memory_early_mib"]

    def log(self, fleet, words):
        done = fleet.engine.run("logs", fleet.engine.box(words[0]).id)
        if not re.search(" ".join(words[1:]), done.stderr + done.stdout):
            raise Trouble("not in its log")

    def expect(self, fleet, words):
        name = words[0]
        if name not in fleet.figures:
            raise Trouble("was never measured")
        value = fleet.figures[name]
        good = bool(value) if len(words) == 1 else COMPARE[words[1]](value, float(words[2]))
        shown = str(value) if isinstance(value, bool) else f"{value:,.1f}"
        fleet.say(f"           {name} = {shown}" + ("" if good else "   FAILED"))
        if not good:
            raise Trouble(f"{name} is {shown}")
        return [(name, shown, " ".join(words[1:]))]

