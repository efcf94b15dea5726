# SPDX-License-Identifier: Apache-2.0
"""The real programs, each in its host of a Network: brokers, gateways, the fleet.

    programs = Programs(network, "build/release/gateway/app/tributary", directory)
    programs.start_brokers();  programs.start_gateways()
    fleet = programs.start_fleet(options);  fleet.wait(300)
"""
import json
import os
import shutil
import subprocess
import time

import network as net

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BROKERS = {"b1": net.address("b1"), "b2": net.address("b2"), "bs": net.address("bs"),
           "observer": net.clean_address("observer")}
# gateway -> (name of the link, its broker, listens to devices, speaks with peers). Everybody is asked
# on the clean network, where no device speaks.
GATEWAYS = {
    "g1": (("site", "b1", True, False), ("shared", "bs", False, True), ("ask", "observer", True, False)),
    "g2": (("site", "b2", True, False), ("shared", "bs", False, True), ("ask", "observer", True, False)),
    "g3": (("shared", "bs", False, True), ("ask", "observer", True, False)),
}
PLACE_OF_ITS_OWN = ("listener", "persistence_location", "log_dest", "log_type", "user")


def uri(broker):
    return f"mqtt://{BROKERS[broker]}:1883"


def find_mosquitto():
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Programs:
    def __init__(self, network, binary, directory, sessions=1):
        self.network = network
        self.sessions = sessions  # connections of each gateway to each broker that is not the observer's
        self.binary = os.path.abspath(binary)
        self.directory = directory
        self.running = {}

    def _start(self, host, name, words, **options):
        with open(self.log(name), "w", encoding="utf8") as log:
            self.running[name] = self.network.popen(host, words, stderr=log, **options)
        return self.running[name]

    def log(self, name):
        return os.path.join(self.directory, name + ".log")

    def start_brokers(self):
        with open(os.path.join(SOURCE, "config", "mosquitto.conf"), encoding="utf8") as f:
            profile = [line for line in f if not line.startswith(PLACE_OF_ITS_OWN)]
        for name, where in BROKERS.items():
            home = os.path.join(self.directory, name)
            os.mkdir(home)
            conf = os.path.join(home, "mosquitto.conf")
            with open(conf, "w", encoding="utf8") as f:
                f.writelines(profile)
                f.write(f"user root\nlistener 1883 {where}\npersistence_location {home}/\nlog_dest stderr\n"
                        "log_type error\nlog_type warning\nlog_type notice\nconnection_messages true\n")
            self._start(name, name, [find_mosquitto(), "-c", conf])

    def start_gateways(self):
        for name, links in GATEWAYS.items():
            home = os.path.join(self.directory, name)
            os.mkdir(home)
            conf = os.path.join(home, "gateway.toml")
            with open(conf, "w", encoding="utf8") as f:
                f.write(f'[gateway]\nid = "{name}"\ndata_dir = "{home}"\n[http]\nlisten = ""\n')
                for link, broker, devices, peers in links:
                    f.write(f'\n[[broker]]\nname = "{link}"\nuri = "{uri(broker)}"\n'
                            f"devices = {str(devices).lower()}\npeers = {str(peers).lower()}\n")
                    if self.sessions > 1 and broker != "observer":
                        f.write(f"sessions = {self.sessions}\n")
            self._start(name, name, [self.binary, "gateway", "--config", conf])

    def await_gateways(self, seconds):
        """Until each answers on the clean network; on the others they connect when they can."""
        deadline = time.monotonic() + seconds
        for name in GATEWAYS:
            while not self.status(name):
                if time.monotonic() > deadline or self.running[name].poll() is not None:
                    raise RuntimeError(f"gateway {name} does not answer; its log:\n{self.tail(name)}")

    def ask(self, command, gateway):
        asked = subprocess.run(
            ["ip", "netns", "exec", self.network.name("observer"), self.binary, command, "--json", "--broker",
             uri("observer"), "--gateway", gateway, "--timeout-ms", "2000"],
            capture_output=True, text=True, check=False)
        return json.loads(asked.stdout) if asked.returncode == 0 else None

    def status(self, gateway):
        answers = self.ask("status", gateway)
        return answers[0] if answers else None

    def start_fleet(self, options, sites=("b1", "b2")):
        words = [self.binary, "simulate", "--broker", uri("observer"), "--gateways", ",".join(GATEWAYS), "--json"]
        for broker in sites:
            words += ["--site", uri(broker)]
        for name in ("devices", "rate", "sessions", "seconds", "deadline", "seed"):
            words += ["--" + name, str(getattr(options, name))]
        for fault in ("loss", "duplicate", "reorder"):  # the links' own are real
            words += ["--" + fault, "0"]
        with open(os.path.join(self.directory, "fleet.json"), "w", encoding="utf8") as out:
            return self._start("fleet", "fleet", words, stdout=out)

    def verdict(self):
        with open(os.path.join(self.directory, "fleet.json"), encoding="utf8") as f:
            text = f.read()
        return json.loads(text) if text.strip() else None

    def tail(self, name, lines=15):
        return "\n".join(self._text(name).splitlines()[-lines:])

    def _text(self, name):
        with open(self.log(name), encoding="utf8", errors="replace") as f:
            return f.read()

    def ended_early(self):
        return [name for name, process in self.running.items() if name != "fleet" and process.poll() is not None]

    def connects(self):
        """(gateway, link) -> how often its broker let it in. From the broker's log: the gateway's own
        leaves repeats out."""
        return {(gateway, link): self._text(broker).count(f" as tributary-{gateway}-{link} ")
                for gateway, links in GATEWAYS.items() for link, broker, *_ in links}
