# SPDX-License-Identifier: Apache-2.0
"""Hosts in network namespaces around one router that really loses packets.

    with Network(loss_percent=30, rate="2mbit", tuned=True) as network:
        network.popen("g1", ["tributary", "gateway", ...])
        network.cut("g1", "bs");  network.heal()
        for link in network.traffic(): print(link)

Promise: nothing outside the namespaces changes, and they go whatever ends this process: on every way
out of the `with`, and if it is killed, by the next Network (their names carry its pid). What runs in
them dies with this process.

Every link but the clean one is two pairs of veth and the router between them. The router's forward
hook knows each link's two directions by their addresses, counts every packet and drops its share at
random; what belongs to no link is dropped. GSO is off: a packet is at most an MTU, as on a wire. The
clean network is a bridge in the router's namespace: for asking gateways without disturbing them.
"""
import collections
import json
import os
import re
import signal
import subprocess

# A host's legs into the lossy network, and who speaks with whom over which.
LEGS = {"fleet": ("f1", "f2"), "b1": ("b1",), "b2": ("b2",), "bs": ("bs",),
        "g1": ("g1",), "g2": ("g2",), "g3": ("g3",)}
LINKS = (("f1", "b1"), ("f2", "b2"), ("g1", "b1"), ("g2", "b2"), ("g1", "bs"), ("g2", "bs"), ("g3", "bs"))
CLEAN = ("observer", "fleet", "g1", "g2", "g3")

PREFIX = "tributary"
ROUTER = "router"
NAMESPACES = "/run/netns"
# What a host on lossy links wants: without, TCP's pauses double from 200 ms up to two minutes.
TUNED = {"tcp_thin_linear_timeouts": "1", "tcp_rto_max_ms": "2000"}  # the second since Linux 6.15
RTO_MIN = "10ms"

Traffic = collections.namedtuple("Traffic", "source target packets lost bytes")


class Lacking(Exception):
    """The kernel or the privileges lack something that real packet loss needs."""


def run(words, stdin=None):
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def leg_number(leg):
    return [name for names in LEGS.values() for name in names].index(leg) + 1


def address(leg):
    return f"10.77.{leg_number(leg)}.2"


def clean_address(host):
    return f"10.78.0.{CLEAN.index(host) + 1}"


def directions():
    for a, b in LINKS:
        yield a, b
        yield b, a


def remove_namespace(name):
    pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout
    for pid in pids.split():  # what runs in a namespace of ours is ours
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def leftovers(folder):
    """What runs that were killed left in a folder: nobody has the pid in its name any more."""
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        ours = re.fullmatch(PREFIX + r"-(\d+)-\w+", name)
        if ours and not os.path.exists(f"/proc/{ours.group(1)}"):
            yield name


def probe():
    """Raises Lacking with the first thing that is not there. Returns whether tbf is."""
    if os.geteuid() != 0:
        raise Lacking("root, to make network namespaces")
    name = f"{PREFIX}-{os.getpid()}-probe"
    inside = ["ip", "netns", "exec", name]
    steps = (
        ("network namespaces (ip netns)", ["ip", "netns", "add", name], None),
        ("the loopback of a namespace", inside + ["ip", "link", "set", "lo", "up"], None),
        ("veth pairs", inside + ["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"], None),
        ("bridges", inside + ["ip", "link", "add", "br0", "type", "bridge"], None),
        ("IP forwarding", inside + ["sysctl", "-qw", "net.ipv4.ip_forward=1"], None),
        ("nft with numgen and counters", inside + ["nft", "-f", "-"],
         "table ip t { counter c {}\nchain c { type filter hook forward priority 0;\n"
         "numgen random mod 100 < 30 counter name c drop\n}\n}\n"),
    )
    try:
        for what, words, stdin in steps:
            try:
                run(words, stdin)
            except (RuntimeError, FileNotFoundError) as error:
                raise Lacking(f"{what}: {error}") from error
        tbf = subprocess.run(inside + ["tc", "qdisc", "add", "dev", "v0", "root", "tbf", "rate", "1mbit",
                                       "burst", "16kb", "latency", "100ms"], capture_output=True, check=False)
        return tbf.returncode == 0
    finally:
        remove_namespace(name)


class Network:
    def __init__(self, loss_percent, rate, tuned, sound=()):
        self.loss_percent = loss_percent
        self.sound = sound  # links that lose nothing
        self.rate = rate  # of tbf on both sides of every leg; None: no limit
        self.tuned = tuned
        self.settings = []  # what was set in the hosts' kernels, for the report
        self.started = []

    def __enter__(self):
        for name in list(leftovers(NAMESPACES)):
            remove_namespace(name)
        try:
            self._build()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        for host in (*LEGS, "observer", ROUTER):
            remove_namespace(self.name(host))

    def name(self, host):
        return f"{PREFIX}-{os.getpid()}-{host}"

    def inside(self, host, *words, stdin=None):
        return run(["ip", "netns", "exec", self.name(host), *words], stdin)

    def popen(self, host, words, **options):
        """A program in a host. It is killed when this process ends, however it ends."""
        # Inside, because entering a namespace forgets the wish to die with the parent.
        dies = ["setpriv", "--pdeathsig", "KILL"]
        process = subprocess.Popen(["ip", "netns", "exec", self.name(host), *dies, *words], **options)
        self.started.append(process)
        return process

    # --- what it is made of ---

    def _build(self):
        for host in (*LEGS, "observer", ROUTER):
            run(["ip", "netns", "add", self.name(host)])
            self.inside(host, "ip", "link", "set", "lo", "up")
        self.inside(ROUTER, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.inside(ROUTER, "nft", "-f", "-", stdin=self._rules())
        for host, legs in LEGS.items():
            for leg in legs:
                self._add_leg(host, leg)
            if self.tuned:
                self._tune(host)
        self.inside(ROUTER, "ip", "link", "add", "clean", "type", "bridge")
        self.inside(ROUTER, "ip", "link", "set", "clean", "up")
        for host in CLEAN:
            self._add_clean_leg(host)

    def _pair(self, host, leg, outside):
        run(["ip", "link", "add", outside, "netns", self.name(ROUTER), "type", "veth",
             "peer", "name", leg, "netns", self.name(host)])
        for place, device in ((ROUTER, outside), (host, leg)):
            self.inside(place, "ip", "link", "set", device, "gso_max_segs", "1", "up")

    def _add_leg(self, host, leg):
        number = leg_number(leg)
        self._pair(host, leg, f"to-{leg}")
        self.inside(ROUTER, "ip", "address", "add", f"10.77.{number}.1/24", "dev", f"to-{leg}")
        self.inside(host, "ip", "address", "add", f"{address(leg)}/24", "dev", leg)
        for source, target in directions():
            if source == leg:
                route = ["ip", "route", "add", address(target), "via", f"10.77.{number}.1", "dev", leg]
                self.inside(host, *route, *(["rto_min", RTO_MIN] if self.tuned else []))
        if self.rate:
            for place, device in ((ROUTER, f"to-{leg}"), (host, leg)):
                self.inside(place, "tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", self.rate,
                            "burst", "16kb", "latency", "400ms")

    def _add_clean_leg(self, host):
        self._pair(host, "clean", f"clean-{host}")
        self.inside(ROUTER, "ip", "link", "set", f"clean-{host}", "master", "clean")
        self.inside(host, "ip", "address", "add", f"{clean_address(host)}/24", "dev", "clean")

    def _tune(self, host):
        done = [f"rto_min {RTO_MIN}"]
        for name, value in TUNED.items():
            if os.path.exists(f"/proc/sys/net/ipv4/{name}"):
                self.inside(host, "sysctl", "-qw", f"net.ipv4.{name}={value}")
                done.append(f"{name} {value}")
        self.settings = done

    def _rules(self):
        lines = ["table ip loss {"]
        for source, target in directions():
            link = f"{source}_{target}"
            loss = 0 if (source, target) in self.sound or (target, source) in self.sound else self.loss_percent
            dice = [f"    numgen random mod 100 < {loss} counter name {link}_lost drop"] if loss else []
            lines += [f"  counter {link}_all {{ }}", f"  counter {link}_lost {{ }}", f"  counter {link}_cut {{ }}",
                      f"  chain {link} {{", f"    counter name {link}_all", *dice, "    accept", "  }"]
        lines += ["  chain cut { }", "  chain forward {", "    type filter hook forward priority 0; policy drop;",
                  "    ip saddr 10.78.0.0/24 accept", "    jump cut"]
        lines += [f"    ip saddr {address(a)} ip daddr {address(b)} jump {a}_{b}" for a, b in directions()]
        return "\n".join(lines + ["  }", "}"]) + "\n"

    # --- partitions, by address ---

    def cut(self, source, target):
        """From now on nothing that `source` sends reaches `target`. One way."""
        self.inside(ROUTER, "nft", "add", "rule", "ip", "loss", "cut", "ip", "saddr", address(source), "ip",
                    "daddr", address(target), "counter", "name", f"{source}_{target}_cut", "drop")

    def heal(self):
        self.inside(ROUTER, "nft", "flush", "chain", "ip", "loss", "cut")

    # --- what happened ---

    def _counters(self):
        listed = json.loads(self.inside(ROUTER, "nft", "-j", "list", "counters", "table", "ip", "loss"))
        return {c["counter"]["name"]: c["counter"] for c in listed["nftables"] if "counter" in c}

    def traffic(self):
        """Per direction: the packets that met the dice, and those of them that were dropped."""
        counters = self._counters()
        return [Traffic(a, b, counters[f"{a}_{b}_all"]["packets"], counters[f"{a}_{b}_lost"]["packets"],
                        counters[f"{a}_{b}_all"]["bytes"]) for a, b in directions()]

    def cut_packets(self):
        counters = self._counters()
        return sum(counters[f"{a}_{b}_cut"]["packets"] for a, b in directions())
