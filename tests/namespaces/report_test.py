#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every way in which a run must fail, fails; and the plan of a seed is its plan."""
import types
import unittest

import network as net
import report
import run

OPTIONS = types.SimpleNamespace(uplinks=1, devices=48, rate=1.0, seconds=120, loss=30, within=60, deadline=180)


def verdict(**changes):
    gateways = [{"name": name, "counted": 5000, "lost": 0, "double_counted": 0} for name in ("g1", "g2", "g3")]
    return {"exact": True, "settled": True, "verdict_after_ms": 7000, "issued": 5000, "gateways": gateways, **changes}


def traffic(lost=300, packets=1000):
    return [net.Traffic(a, b, packets, lost, 100 * packets) for a, b in net.directions()]


def faults(v=None, t=None, cut_packets=10):
    return list(report.faults(v or verdict(), t or traffic(), cut_packets, OPTIONS))


class Faults(unittest.TestCase):
    def test_a_good_run_has_none(self):
        self.assertEqual(faults(), [])

    def test_not_exact_or_not_settled(self):
        self.assertIn("not exact", faults(verdict(exact=False))[0])
        self.assertIn("not exact", faults(verdict(settled=False))[0])

    def test_exact_too_late(self):
        self.assertIn("60.1 s after", faults(verdict(verdict_after_ms=60_100))[0])

    def test_a_gateway_that_nobody_asked(self):
        self.assertIn("missing", faults(verdict(gateways=verdict()["gateways"][:2]))[0])

    def test_a_fleet_that_stood_still(self):
        self.assertIn("stood still", faults(verdict(issued=100))[0])

    def test_loss_that_did_not_happen(self):
        one = traffic()
        one[3] = one[3]._replace(lost=100)
        self.assertEqual(len(faults(t=one)), 1)
        self.assertEqual(len(faults(t=traffic(lost=0))), len(list(net.directions())))

    def test_a_link_that_was_not_used(self):
        self.assertIn("not used", faults(t=traffic(packets=10, lost=3))[0])

    def test_partitions_that_met_nothing(self):
        self.assertIn("partition", faults(cut_packets=0)[0])


class Plan(unittest.TestCase):
    def test_partitions_follow_each_other_and_heal_long_before_the_end(self):
        links = set(net.directions())
        for seed in range(200):
            plan = run.partitions(120, seed)
            self.assertEqual(plan, run.partitions(120, seed))
            self.assertEqual(sorted(len(cut.ways) for cut in plan), [1, 1, 2])
            self.assertTrue(all(way in links for cut in plan for way in cut.ways))
            for cut, later in zip(plan, plan[1:]):
                self.assertLess(cut.begin, cut.end)
                self.assertLess(cut.end, later.begin)
            self.assertLess(plan[-1].end, 0.75 * 120)

    def test_every_leg_has_an_address_of_its_own(self):
        legs = [leg for names in net.LEGS.values() for leg in names]
        self.assertEqual(len({net.address(leg) for leg in legs}), len(legs))
        self.assertEqual({leg for link in net.LINKS for leg in link}, set(legs))


if __name__ == "__main__":
    unittest.main()
