# SPDX-License-Identifier: Apache-2.0
"""What a run was (the load model) and what came of it, for people, and whether that is a pass.

    print(report.load_model(network, options));  …  print(report.result(...))
    for line in report.faults(verdict, traffic, options): print(line)    # none: passed
"""
import network as net
import programs as prog

PACKETS_MIN = 200  # of a direction, before its share of drops says anything
SHARE_TOLERANCE = 0.06


def load_model(network, options):
    lines = [
        "load model",
        f"  fleet     {options.devices} devices at 2 sites, a third at one, a third at the other, a third at both;",
        f"            {options.rate:g} operations/s each, {options.devices * options.rate:g}/s in all, "
        f"for {options.seconds} s, on {options.sessions} connections to each site's broker; seed {options.seed}",
        "  gateways  g1 at site 1, g2 at site 2, g3 at no site; peers over the shared broker; default settings"
        + (f", but sessions = {options.uplinks}" if options.uplinks > 1 else ""),
        "  brokers   b1, b2 (sites), bs (shared): Mosquitto with config/mosquitto.conf",
        "  links     " + ", ".join(f"{a}-{b}" for a, b in net.LINKS) + " (f1, f2: the fleet's legs)",
        f"  loss      {network.loss_percent} % of the packets at random, each way of every link (nft, router)",
        f"  rate      {network.rate + ' each way of every host (tbf)' if network.rate else 'not limited: no tbf here'}",
        f"  kernel    {', '.join(network.settings) if network.settings else 'as it comes'}",
    ]
    return "\n".join(lines)


def partition_words(plan):
    return "\n".join(f"  cut       {c.begin:.0f} to {c.end:.0f} s: " +
                     ", ".join(f"{a} to {b}" for a, b in c.ways) for c in plan)


def traffic_table(traffic, cut_packets):
    lines = ["link       packets     bytes   lost   share"]
    for t in traffic:
        share = t.lost / t.packets if t.packets else 0
        lines.append(f"{t.source}>{t.target:<6} {t.packets:9,} {t.bytes:9,} {t.lost:6,} {share:6.1%}")
    packets, lost = sum(t.packets for t in traffic), sum(t.lost for t in traffic)
    lines.append(f"all        {packets:8,} {sum(t.bytes for t in traffic):9,} {lost:6,} "
                 f"{lost / max(packets, 1):6.1%}   and {cut_packets:,} in partitions")
    return "\n".join(lines)


def result_table(verdict):
    lines = [f"issued     {verdict['issued']:,} operations on {verdict['keys']} keys, "
             f"{verdict['packets_up']:,} packets up, {verdict['packets_down']:,} acknowledgements down"]
    for g in verdict["gateways"]:
        lines.append(f"{g['name']:<10} {g['counted']:,} counted   lost {g['lost']}   "
                     f"double-counted {g['double_counted']}")
        lines += [f"  {wrong}" for wrong in g["wrong"][:5]]
    lines.append(f"digests    {'equal' if verdict['digests_equal'] else 'DIFFER'}")
    exact = verdict["exact"] and verdict["settled"]
    lines.append(f"verdict    {'EXACT' if exact else 'NOT EXACT'}, {verdict['verdict_after_ms'] / 1000:.1f} s "
                 f"after the last operation; all acknowledged after {verdict['acknowledged_after_ms'] / 1000:.1f} s")
    return "\n".join(lines)


def connects_line(verdict, connects):
    again = {f"{g}-{link}": n - 1 for (g, link), n in connects.items() if n > 1}
    return (f"reconnects fleet {verdict['reconnects']}, gateways "
            + (", ".join(f"{name} {n}" for name, n in again.items()) if again else "0"))


def gateway_table(status):
    """Gateway -> its own status at the end: what it took and what it told."""
    names = ("messages", "operations", "commits", "acks", "batches_in", "batches_out", "heads_in", "heads_out",
             "state_parts_in", "state_parts_out", "views", "gaps", "fetches", "fetches_incomplete")
    lines = ["counters          " + " ".join(f"{gateway:>7}" for gateway in status)]
    for name in names:
        lines.append(f"  {name:<19}" + " ".join(f"{s['counters'][name] if s else '-':>7}" for s in status.values()))
    return "\n".join(lines)


def faults(verdict, traffic, cut_packets, options):
    """What makes it no pass, in words."""
    if not (verdict["exact"] and verdict["settled"]):
        yield f"not exact {options.deadline} s after the last operation"
    elif verdict["verdict_after_ms"] > options.within * 1000:
        yield f"exact, but {verdict['verdict_after_ms'] / 1000:.1f} s after the last operation, not {options.within}"
    if {g["name"] for g in verdict["gateways"]} != set(prog.GATEWAYS):
        yield "a gateway is missing from the verdict"
    least = options.devices * options.rate * options.seconds / 2
    if verdict["issued"] < least:
        yield f"only {verdict['issued']} operations were issued: the fleet stood still"
    # The loss that was promised must have happened, or the run proves nothing.
    wanted = options.loss / 100
    for t in traffic:
        if t.packets < PACKETS_MIN and options.seconds >= 60:
            yield f"{t.source}>{t.target}: only {t.packets} packets: the link was not used"
        elif t.packets >= PACKETS_MIN and abs(t.lost / t.packets - wanted) > SHARE_TOLERANCE:
            yield f"{t.source}>{t.target}: {t.lost} of {t.packets} packets lost, not {options.loss} %"
    if cut_packets == 0:
        yield "no packet met a partition"
