#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every scenario can be read, and everything in which one can fail, fails; no container is needed."""
import os
import sys
import tempfile
import unittest

DOCKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docker")
sys.path.insert(0, os.path.join(DOCKER, "lib"))
import engine  # noqa: E402
import scenario  # noqa: E402

STEPS = {name: None for name in ("up", "loss", "verdict", "wipe", "kill", "partition", "heal", "packets", "clock", "upgrade", "pause",
                                 "in-step", "start", "disk-full", "disk-free", "degraded", "bad-gateway", "bulk")}


class FakeFleet:
    """Does nothing; measures what it was told."""

    def __init__(self, **figures):
        self.figures = figures
        self.said = []

    def say(self, text):
        self.said.append(text)


def play(text, commands=None, **figures):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf8") as f:
        f.write(text)
        f.flush()
        return scenario.Scenario(f.name).play(FakeFleet(**figures), commands or {})


def wrong(text):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf8") as f:
        f.write(text)
        f.flush()
        return list(scenario.Scenario(f.name).check(STEPS))


class Scenarios(unittest.TestCase):
    def test_all_can_be_read(self):
        folder = os.path.join(DOCKER, "scenarios")
        names = os.listdir(folder)
        self.assertIn("short.txt", names)
        for name in names:
            one = scenario.Scenario(os.path.join(folder, name))
            self.assertEqual(list(one.check(STEPS)), [])
            self.assertNotEqual(one.title, one.name)
            # One shows what is lost where nothing is done against it.
            wanted = "lost" if name == "destroyed-disk-k1.txt" else "exact"
            self.assertIn(["expect", wanted], [words[:2] for _, words in one.steps])

    def test_what_is_no_step_or_expects_nothing_is_told_before_anything_runs(self):
        self.assertIn("no such step: explode", wrong("explode now\nexpect exact\n")[0])
        self.assertIn("expects nothing", wrong("up\n")[0])
        self.assertIn("expect NAME", wrong("expect x at least 3\n")[0])

    def test_a_figure_within_its_bound_passes(self):
        self.assertEqual(play("expect exact\nexpect s <= 3\n", exact=True, s=2.5), [("exact", "True", ""), ("s", "2.5", "<= 3")])

    def test_a_figure_out_of_its_bound_fails(self):
        with self.assertRaisesRegex(engine.Trouble, "s is 3.5"):
            play("expect s <= 3\n", s=3.5)
        with self.assertRaisesRegex(engine.Trouble, "exact is False"):
            play("expect exact\n", exact=False)

    def test_what_was_never_measured_fails(self):
        with self.assertRaisesRegex(engine.Trouble, "never measured"):
            play("expect s <= 3\n")

    def test_the_first_step_that_fails_ends_it(self):
        def fails(fleet, words):
            raise engine.Trouble("no such container " + words[0])

        with self.assertRaisesRegex(engine.Trouble, ":1: kill x: no such container x"):
            play("kill x\nexpect exact\n", {"kill": fails}, exact=True)

    def test_settings_of_the_secure_mode_are_settings_of_all(self):
        plain = engine.read_env(os.path.join(DOCKER, ".env"))
        for name in engine.read_env(os.path.join(DOCKER, "secure.env")):
            self.assertTrue(name in plain or name == "COMPOSE_PROFILES", name)


if __name__ == "__main__":
    unittest.main()
