#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Unit tests for config/alerts.rules.yml, as `promtool test rules` reads them: each alert fires past its threshold, not at it,
and not before its time. Usage: generate.py RULES > tests.yml"""
import json
import sys

INSTANCE = 'instance="g1:8080", job="tributary"'
STEPS = 400  # of 15 s


def series(name, labels, values):
    more = ", ".join(f'{k}="{v}"' for k, v in labels.items())
    return {"series": f"{name}{{{INSTANCE}{', ' + more if more else ''}}}", "values": values}


def steady(name, value, **labels):
    return series(name, labels, f"{value}x{STEPS}")


def growing(name, each, **labels):
    return series(name, labels, f"0+{each}x{STEPS}")


def histogram(*buckets):
    return [growing("tributary_ack_latency_seconds_bucket", each, le=bound) for bound, each in buckets]


# alert, severity, the time after which it fires (s), what makes it fire, what must not, with labels beyond the instance
CASES = [
    ("TributaryGatewayDown", "critical", 60, [steady("up", 0)], [steady("up", 1)], {}),
    ("TributarySyncLatency", "warning", 120, histogram(("0.1", 90), ("0.25", 100), ("+Inf", 100)),
     histogram(("0.05", 0), ("0.1", 95), ("0.25", 100), ("+Inf", 100)), {}),
    ("TributarySyncLatency", "critical", 120, histogram(("1", 90), ("2.5", 100), ("+Inf", 100)),
     histogram(("0.5", 0), ("1", 95), ("2.5", 100), ("+Inf", 100)), {}),
    *[("TributaryConflicts", severity, 300,
       [growing("tributary_register_conflicts_total", over), growing("tributary_register_writes_total", 1000)],
       [growing("tributary_register_conflicts_total", at), growing("tributary_register_writes_total", 1000)], {})
      for severity, over, at in (("warning", 51, 50), ("critical", 201, 200))],
    *[("TributaryMemory", severity, 60, [steady("tributary_memory_used_ratio", over, type="orset")],
       [steady("tributary_memory_used_ratio", at, type="orset")], {"type": "orset"})
      for severity, over, at in (("warning", 0.81, 0.8), ("critical", 0.96, 0.95))],
    *[("TributaryErrors", severity, 120,
       [growing("tributary_errors_total", over), growing("tributary_messages_received_total", 1000)],
       [growing("tributary_errors_total", at), growing("tributary_messages_received_total", 1000)], {})
      for severity, over, at in (("warning", 11, 10), ("critical", 51, 50))],
    *[("TributaryBehind", severity, 60, [steady("tributary_peer_differing_seconds", over, peer="g2", link="local")],
       [steady("tributary_peer_differing_seconds", at, peer="g2", link="local")], {"peer": "g2", "link": "local"})
      for severity, over, at in (("warning", 61, 60), ("critical", 601, 600))],
    ("TributaryPeerAway", "warning", 120, [steady("tributary_peers_away", 1)], [steady("tributary_peers_away", 0)], {}),
    ("TributaryBrokerAway", "critical", 60, [steady("tributary_brokers_away", 1)], [steady("tributary_brokers_away", 0)], {}),
    *[("TributaryDisk", severity, 60, [steady("tributary_disk_free_bytes", under), steady("tributary_disk_size_bytes", 1000)],
       [steady("tributary_disk_free_bytes", at), steady("tributary_disk_size_bytes", 1000)], {})
      for severity, under, at in (("warning", 99, 100), ("critical", 29, 30))],
    ("TributaryDatabase", "critical", 30, [steady("tributary_degraded", 1)], [steady("tributary_degraded", 0)], {}),
    *[("TributaryCertificate", severity, 0, [steady("tributary_link_certificate_not_after_seconds", left, link="local")],
       [steady("tributary_link_certificate_not_after_seconds", left + 100000, link="local")], {"link": "local"})
      for severity, left in (("warning", 1209600), ("critical", 259200))],
    ("TributaryEquivocation", "critical", 15, [series("tributary_equivocations_total", {}, f"0 1x{STEPS}")],
     [steady("tributary_equivocations_total", 7)], {}),
    ("TributaryDeadLetters", "warning", 900, [growing("tributary_dead_letters_total", 1)],
     [series("tributary_dead_letters_total", {}, f"0+1x9 9+0x{STEPS}")], {}),
    ("TributaryDeviceClock", "warning", 300, [steady("tributary_device_clock_ahead_seconds", 5.5)],
     [steady("tributary_device_clock_ahead_seconds", 5)], {}),
    ("TributaryGatewayClock", "warning", 300, [steady("tributary_device_clock_median_seconds", -61)],
     [steady("tributary_device_clock_median_seconds", 60)], {}),
    ("TributaryHistory", "warning", 600, [steady("tributary_history_writing", 0)], [steady("tributary_history_writing", 1)], {}),
]


def test(alert, severity, after, what, labels, fire):
    """promtool compares all alerts of a name, so the rule's own series (ALERTS) is asked instead."""
    instance = dict(instance="g1:8080", job="tributary", **labels)
    wanted = dict(instance, alertname=alert, alertstate="firing", severity=severity)
    name = "ALERTS{" + ", ".join(f'{k}="{v}"' for k, v in wanted.items()) + "}"
    ask = f'ALERTS{{alertname="{alert}", alertstate="firing", severity="{severity}"}}'
    times = [(max(after + 60, 60), fire)] + ([(after - 15, False)] if fire and after >= 30 else [])
    if fire and alert == "TributaryDeadLetters":
        times = [(after + 60, True), (120, False)]
    if not fire:
        times = [(STEPS * 15 // 2, False)]
    return {
        "interval": "15s",
        "input_series": what,
        "promql_expr_test": [
            {"expr": ask, "eval_time": f"{at}s", "exp_samples": [{"labels": name, "value": 1}] if yes else []}
            for at, yes in times],
    }


def main():
    tests = []
    for alert, severity, after, wrong, well, labels in CASES:
        tests.append(test(alert, severity, after, wrong, labels, True))
        tests.append(test(alert, severity, after, well, labels, False))
    # JSON is YAML.
    print(json.dumps({"rule_files": [sys.argv[1]], "evaluation_interval": "15s", "tests": tests}, indent=1))


if __name__ == "__main__":
    main()
