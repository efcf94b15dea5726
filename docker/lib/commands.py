# SPDX-License-Identifier: Apache-2.0
"""What docker/fleet can do, each a method whose words are those of the command line and of scenarios.

    fleet = Fleet(engine, memory)
    fleet.up([]);  fleet.loss(["30"]);  fleet.kill(["gateway-a"]);  fleet.verdict([])

Promise: a fault stays until it is taken back: a container that is started again gets the losses and partitions that were there, with
the addresses of now. What a verdict or a wait measured is in `figures`.
"""
import datetime
import json
import os
import shutil
import time
import urllib.error
import urllib.request

from engine import HERE, Trouble, call, read_env

GATEWAYS = ("gateway-a", "gateway-b", "gateway-c")
DEVICES = ("devices-a", "devices-b", "devices-both", "devices-load")
BROKERS = ("broker-a", "broker-b", "broker-shared", "broker-spare")
SITES = {"site-a": ("broker-a", "gateway-a", "devices-a"), "site-b": ("broker-b", "gateway-b", "gateway-c", "devices-b")}
PROFILES = ("secure", "second-broker", "load", "loss", "grafana")
SKEW = "/usr/local/lib/tributary/skew.so"  # docker/tools/skew.c


def letter(gateway):
    if gateway not in GATEWAYS:
        raise Trouble(f"not a gateway: {gateway}; they are {', '.join(GATEWAYS)}")
    return gateway[-1].upper()


class Memory:
    """What was asked of a project, over invocations."""

    def __init__(self, project):
        self.path = os.path.join(os.environ.get("FLEET_MEMORY", os.path.join(HERE, ".fleet")), project + ".json")
        self.settings, self.profiles, self.files, self.loss, self.cuts = {}, [], ["compose.yaml"], 0, []
        self.killed = []  # and are to stay so
        try:
            with open(self.path, encoding="utf8") as f:
                self.__dict__.update(json.load(f))
        except FileNotFoundError:
            pass

    def save(self):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path + ".new", "w", encoding="utf8") as f:
            json.dump({k: v for k, v in self.__dict__.items() if k != "path"}, f, indent=1)
        os.replace(self.path + ".new", self.path)

    def forget(self):
        if os.path.exists(self.path):
            os.remove(self.path)


class Fleet:
    def __init__(self, engine, memory, say=print):
        self.engine = engine
        self.memory = memory
        self.say = say
        self.figures = {}
        self.since = None  # when the devices began, of the last `up` or `start`
        self.token = None

    # --- images, up, down ---

    def build(self, words):
        """build [PROGRAM]: the images; with the path of a built `tributary`, nothing is compiled."""
        tag, program = self.engine.setting("TAG"), words[0] if words else None
        targets = ["gateway", "broker"] + ([] if os.environ.get("FLEET_SMALL") else ["tools", "prometheus"])
        self.engine.have_base()
        context = os.path.dirname(HERE)
        arguments = ["--build-arg", f"BASE={self.engine.setting('BASE')}", "--build-arg", f"VERSION={tag}"]
        if program:
            arguments += ["--build-arg", "PROGRAM=prebuilt"]
            os.makedirs(os.path.join(HERE, "program"), exist_ok=True)
            call(["strip", "-o", os.path.join(HERE, "program", "tributary"), program])
        if self.engine.tool == "podman":
            arguments += ["--format", "docker", "--isolation", "chroot", "--network", "host", "--timestamp", "0",
                          "--ignorefile", os.path.join(HERE, "Dockerfile.dockerignore")]
        for target in targets:
            self.engine.run("build", "-q", *arguments, "-f", os.path.join(HERE, "Dockerfile"), "--target", target, "-t",
                            f"localhost/tributary/{target}:{tag}", context, timeout=3600)
            self.say(f"built {target}:{tag}, {self.image_mb(target):.0f} MB")
        base = json.loads(self.engine.run("inspect", "--type", "image", self.engine.setting("BASE")).stdout)[0]["Size"] / 1e6
        self.figures["image_mb_over_base"] = self.image_mb("gateway") - base
        shutil.rmtree(os.path.join(HERE, "program"), ignore_errors=True)

    def image_mb(self, target):
        return json.loads(self.engine.run("inspect", "--type", "image", self.engine.image(target)).stdout)[0]["Size"] / 1e6

    def up(self, words):
        """up [PROFILE …] [small-disks] [NAME=VALUE …]: the whole fleet; settings as in docker/.env."""
        for word in words:
            if "=" in word:
                name, _, value = word.partition("=")
                self.memory.settings[name] = value
            elif word == "small-disks":
                self.memory.files.append("compose.small-disks.yaml")
            elif word in PROFILES:
                self.memory.profiles.append(word)
            else:
                raise Trouble(f"up: {word} is neither a setting nor one of {', '.join(PROFILES)}, small-disks")
        if "secure" in self.memory.profiles:
            self.memory.settings.update(read_env(os.path.join(HERE, "secure.env")))
        if "second-broker" in self.memory.profiles:
            self.memory.settings["FLEET_MODE"] = "second-broker"
        self.memory.settings["COMPOSE_PROFILES"] = ",".join(self.memory.profiles)
        self.engine.settings, self.engine.files = self.memory.settings, self.memory.files
        self.memory.save()
        began = time.monotonic()
        self.engine.compose("up", "-d", "--no-build", *self._wanted())
        self.figures["up_s"] = time.monotonic() - began
        self.since = time.monotonic()
        self.say(f"up after {self.figures['up_s']:.1f} s")

    def _wanted(self):  # the test has no use for Prometheus
        return GATEWAYS + DEVICES[:3] if os.environ.get("FLEET_SMALL") else ()

    def down(self, _):
        """down: everything, with its volumes."""
        self.engine.settings = {**self.memory.settings, "COMPOSE_PROFILES": ",".join(PROFILES)}
        try:
            self.engine.compose("down", "-v", "-t", "1", "--remove-orphans", timeout=300)
            self.memory.forget()
        except Trouble:
            self.tear_down()  # podman keeps networks of containers whose network others share: the profile `loss`

    def tear_down(self):
        """The same by force, for the end of a test."""
        ids = self.engine._ids()
        if ids:
            self.engine.run("kill", "-s", "KILL", *ids, check=False)  # else devices would be waited for: they end with a verdict
            self.engine.run("rm", "-f", "-v", *ids, check=False)
        for kind in ("network", "volume"):
            names = self.engine.run(kind, "ls", "-q", "--filter", f"label=com.docker.compose.project={self.engine.project}").stdout.split()
            if names:
                self.engine.run(kind, "rm", *names, check=False)
        self.memory.forget()

    # --- the network ---

    def loss(self, words):
        """loss PERCENT: of the packets, each way of every link but the console's; 0 ends it."""
        self.memory.loss = int(words[0])
        self.memory.save()
        self._apply([s for s in self._linked()])

    def partition(self, words):
        """partition A B: nothing passes between two containers or sites (site-a, site-b)."""
        sides = [SITES.get(w, (w,)) for w in words[:2]]
        if len(sides) != 2:
            raise Trouble("partition A B")
        pairs = [[a, b] for a in sides[0] for b in sides[1] if a != b]
        self.memory.cuts += pairs
        self.memory.save()
        self._apply({s for pair in pairs for s in pair})

    def heal(self, _):
        """heal: no partition any more; losses stay."""
        touched = {s for pair in self.memory.cuts for s in pair}
        self.memory.cuts = []
        self.memory.save()
        self._apply(touched)

    def _linked(self):
        return [s for s, box in self.engine.boxes().items()
                if box.state == "running" and s in (*GATEWAYS, *DEVICES, *BROKERS)]

    def _apply(self, services):
        """Makes the network of these what it should be."""
        boxes = self.engine.boxes()

        def one(service):
            box = boxes.get(service)
            if not box or box.state != "running":
                return
            peers = [b for pair in self.memory.cuts if service in pair for b in pair if b != service]
            cut = [address for peer in peers if peer in boxes
                   for network, address in boxes[peer].addresses.items() if network != "console"]
            self.engine.net(box, f"net loss {self.memory.loss} && net cut {' '.join(cut)}")

        self.engine.each(one, sorted(services))

    def _came_back(self, services):
        """After a start: faults again, also at those who are cut from it."""
        self.memory.killed = [s for s in self.memory.killed if s not in services]
        self.memory.save()
        if self.memory.loss or self.memory.cuts:
            self._apply({s for pair in self.memory.cuts if set(pair) & set(services) for s in pair} | set(services))

    def packets(self):
        """Service -> what met the dice, was lost, was cut."""
        boxes = self.engine.boxes()

        def one(service):
            words = self.engine.net(boxes[service], "net show").split()
            return service, {k: int(v) for k, v in (w.split("=") for w in words)}
        return dict(self.engine.each(one, self._linked()))

    def show_packets(self, _):
        """packets: what met the dice, was lost, was cut, since the containers started."""
        seen = self.packets()
        for service, p in sorted(seen.items()):
            self.say(f"{service:<15} " + ", ".join(f"{k} {v:,}" for k, v in p.items()))
        met, lost = (sum(p[k] for p in seen.values()) for k in ("met", "lost"))
        self.figures.update(packets=met, lost_percent=100 * lost / max(met, 1), cut_packets=sum(p["cut"] for p in seen.values()))

    # --- processes, disks, clocks ---

    def kill(self, words):
        """kill A [SECONDS]: kill -9; started again after that (0; never: not)."""
        service, pause = words[0], words[1] if len(words) > 1 else "0"
        self.engine.run("kill", "-s", "KILL", self.engine.box(service).id)
        if pause == "never":
            self.memory.killed.append(service)
            self.memory.save()
            return
        time.sleep(float(pause))
        self.start([service])

    def start(self, words):
        """start A …: what was stopped or killed."""
        for service in words:
            self.engine.run("start", self.engine.box(service).id)
        self._came_back(words)

    def pause(self, words):
        """pause A [SECONDS]: it stands still (30), and goes on."""
        box = self.engine.box(words[0])
        self.engine.run("pause", box.id)
        time.sleep(float(words[1]) if len(words) > 1 else 30)
        self.engine.run("unpause", box.id)

    def wipe(self, words):
        """wipe A: kill -9, all that its disk held is gone, it starts again."""
        box = self.engine.box(words[0])
        self.engine.run("kill", "-s", "KILL", box.id, check=False)
        self.engine.run("run", "--rm", "--network", "none", "-v", f"{self.engine.volume(words[0])}:/disk", "--entrypoint", "find",
                        self.engine.image("gateway"), "/disk", "-mindepth", "1", "-delete")
        self.start([words[0]])

    def _renew(self, service):
        self.engine.compose("up", "-d", "--no-build", "--no-deps", service)
        self._came_back([service])

    def clock(self, words):
        """clock GATEWAY OFFSET: its clock is that much wrong, such as +1s or -3600s; 0: right again. It is started anew."""
        x, offset = letter(words[0]), words[1].rstrip("s")
        wrong = float(offset) != 0
        if wrong:
            self.engine.run("run", "--rm", "-v", f"{self.engine.volume('faults')}:/run/faults", self.engine.image("tools"),
                            "cp", "-n", SKEW, "/run/faults/")  # written over, it would end whom it is loaded into
        self._set({f"PRELOAD_{x}": "/run/faults/skew.so" if wrong else "", f"CLOCK_{x}": str(round(1000 * float(offset)))})
        self._renew(words[0])
        seen = float(self.engine.run("exec", self.engine.box(words[0]).id, "date", "+%s.%N").stdout) - time.time()
        self.figures[f"clock_of_{words[0][-1]}_s"] = seen
        self.say(f"the clock of {words[0]} is {seen:+.2f} s off")

    def upgrade(self, words):
        """upgrade GATEWAY TAG: the same gateway from another image."""
        self._set({f"IMAGE_{letter(words[0])}": f"localhost/tributary/gateway:{words[1]}"})
        self._renew(words[0])

    def _set(self, settings):
        self.memory.settings.update(settings)
        self.engine.settings = self.memory.settings
        self.memory.save()

    def disk_full(self, words):
        """disk-full GATEWAY: until not one byte more goes in. Wants `up small-disks`."""
        self._disks(f"cat /dev/zero > /disks/{words[0]}/full 2>/dev/null; true")

    def disk_free(self, words):
        """disk-free GATEWAY: there is room again."""
        self._disks(f"rm -f /disks/{words[0]}/full")

    def _disks(self, script):
        if "disks" not in self.engine.boxes():
            raise Trouble("the gateways' disks are as large as this machine's: docker/fleet up small-disks")
        self.engine.run("exec", self.engine.box("disks").id, "sh", "-c", script)

    def bad_gateway(self, words):
        """bad-gateway [SECONDS]: a member gone bad forges, floods and sends garbage on the shared broker. Wants the profile secure."""
        told = self.engine.run("run", "--rm", "--user", "10001:10001", "--network", f"{self.engine.project}_shared", "--tmpfs", "/tmp",
                               "-e", f"SECONDS_BAD={words[0] if words else 20}",
                               "-v", f"{self.engine.volume('fleet')}:/run/fleet:ro", self.engine.image("tools"), "bad-gateway",
                               timeout=300).stdout.strip()
        self.say(told)
        self.figures["bad_rounds"] = int(told.split()[1])
        self.figures["refused"] = sum((self.ask(g) or {"counters": {"rejected_total": 0}})["counters"]["rejected_total"] for g in GATEWAYS)

    def bulk(self, words):
        """bulk DEVICES KEYS: so many devices at site a, each with a part of so many keys (plain mode). Ends when all is acknowledged."""
        script = (f"(echo timestamp,key,type,operation,value; for i in $(seq {words[1]}); do echo \"$i,bulk/key-$i,gcounter,add,1\"; done) > /tmp/bulk.csv; "
                  f"for d in $(seq {words[0]}); do tributary device replay /tmp/bulk.csv --speed 0 --broker mqtt://broker-a --id bulk-$d "
                  "--drain-ms 120000 || exit 1; done")
        self.engine.run("run", "--rm", "--network", f"{self.engine.project}_site-a", "--tmpfs", "/tmp", "--entrypoint", "bash",
                        self.engine.image("gateway"), "-c", script, timeout=600)

    # --- what gateways say ---

    def ask(self, gateway, path="/api/v1/status"):
        """Over HTTP, as a person would. None: no answer."""
        if self.token is None:
            self.token = self.engine.run("exec", self.engine.box(gateway).id, "cat", "/run/fleet/token").stdout.strip()
        port = self.engine.setting("PORT_" + letter(gateway))
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": "Bearer " + self.token})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                text = answer.read().decode()
                return json.loads(text) if path.startswith("/api") else text
        except (OSError, urllib.error.URLError, ValueError):
            return None

    def metric(self, gateway, name):
        text = self.ask(gateway, "/metrics") or ""
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name)

    def status(self, _):
        """status: every container, and what each gateway holds."""
        boxes = self.engine.boxes()
        if not boxes:
            raise Trouble(f"nothing of the project {self.engine.project} is there: docker/fleet up")
        lossy = self.packets() if self.memory.loss or self.memory.cuts else {}
        for service, box in sorted(boxes.items()):
            line = f"{service:<15} {box.state:<8} {box.health:<9}"
            if service in lossy:
                line += "  " + ", ".join(f"{k} {v}" for k, v in lossy[service].items())
            s = self.ask(service) if service in GATEWAYS and box.state == "running" else None
            if s:
                links = ", ".join(f"{link['name']} {'up' if link['connected'] else 'DOWN'}" for link in s["links"])
                line += f"  {s['actors']} actors  {s['counters']['operations']} operations  {s['digest'][:12]}  {links}"
            self.say(line.rstrip())
        by_profile = f", and {self.engine.setting('LOSS')} % by the profile" if "loss" in self.memory.profiles else ""
        self.say(f"loss {self.memory.loss} %{by_profile}   cut: " + (", ".join(" and ".join(pair) for pair in self.memory.cuts) or "nothing"))
        self.say("dashboards: " + ", ".join(f"http://127.0.0.1:{self.engine.setting('PORT_' + letter(g))}" for g in GATEWAYS) +
                 f"   token: {self.engine.tool} exec {boxes['gateway-a'].id[:12]} cat /run/fleet/token" if "gateway-a" in boxes else "")

    def in_step(self, words):
        """in-step [SECONDS]: waits until all gateways show one digest, not an empty one; measured from the last gateway's start."""
        limit = float(words[0]) if words else 60
        end = time.monotonic() + limit
        while True:
            shown = [self.ask(g) for g in GATEWAYS]
            if all(s and s["actors"] and not s["pending"] for s in shown) and len({s["digest"] for s in shown}) == 1:
                break
            if time.monotonic() > end:
                raise Trouble(f"not in step after {limit:.0f} s: " + ", ".join(s["digest"][:8] if s else "no answer" for s in shown))
            time.sleep(0.1)
        boxes = self.engine.boxes()
        born = max(datetime.datetime.fromisoformat(boxes[g].started[:19] + "+00:00") for g in GATEWAYS)
        self.figures["in_step_s"] = (datetime.datetime.now(datetime.timezone.utc) - born).total_seconds()
        if self.since:
            self.figures["agreed_s"] = time.monotonic() - self.since + self.figures["up_s"]  # since `up` began, when it is the first
        self.figures["parts"] = self.metric("gateway-a", "tributary_parts")
        self.say(f"in step, {self.figures['in_step_s']:.1f} s after the last gateway's start; {self.figures['parts']:.0f} parts")

    def memory_mib(self):
        """Gateway -> its resident memory, and of that its estimate of the state: sets that only grow are no leak."""
        names = ("process_resident_memory_bytes", "tributary_state_bytes")
        return {g: [self.metric(g, name) / (1 << 20) for name in names] for g in GATEWAYS}

    def degraded(self, words):
        """degraded GATEWAY: waits until it says that its disk takes nothing, 60 s at most."""
        end = time.monotonic() + 60
        while self.metric(words[0], "tributary_degraded") != 1:
            if time.monotonic() > end:
                raise Trouble(f"{words[0]} finds nothing wrong with its disk")
            time.sleep(0.2)

    def verdict(self, words):
        """verdict [go-on]: the devices end, and say of every gateway whether it counted exactly; go-on: then they begin again."""
        boxes = self.engine.boxes()
        judges = [d for d in DEVICES if d in boxes and boxes[d].state == "running"]
        if not judges:
            raise Trouble("no devices run")
        asked = time.monotonic()
        if self.since:
            self.figures["ran_s"] = asked - self.since
        for d in judges:
            self.engine.run("kill", "-s", "TERM", boxes[d].id)
        limit = int(self.engine.setting("DEADLINE")) + 60
        self.engine.each(lambda d: self.engine.run("wait", boxes[d].id, timeout=limit), judges)
        said = {d: self._said(d, boxes[d]) for d in judges}
        self._judge(said)
        if words[:1] == ["go-on"]:
            self.start(judges)
            self.since = time.monotonic()
        elif not self.figures["exact"]:
            for g in GATEWAYS:
                self.say(f"--- {g}\n" + self.engine.run("logs", "--tail", "12", boxes[g].id, check=False).stderr)

    def _said(self, service, box):
        lines = self.engine.run("logs", box.id).stdout.splitlines()
        begins = [i for i, line in enumerate(lines) if line == "{"]
        if not begins:
            raise Trouble(f"{service} ended without a verdict: " + self.engine.run("logs", "--tail", "8", box.id).stderr)
        return json.loads("\n".join(lines[begins[-1]:]))

    def _judge(self, said):
        for service, v in said.items():
            for g in v["gateways"]:
                wrong = f"   lost {g['lost']}   double-counted {g['double_counted']}"
                self.say(f"{service:<13} {v['issued']:>9,} issued   {g['name']} {g['counted']:>9,} counted{wrong}")
                for key in g["wrong"][:3]:
                    self.say(f"    {key}")
        worst = max(said.values(), key=lambda v: v["verdict_after_ms"])
        self.figures.update(
            exact=all(v["exact"] and v["settled"] for v in said.values()),
            issued=sum(v["issued"] for v in said.values()),
            lost=max(sum(g["lost"] for v in said.values() for g in v["gateways"] if g["name"] == name) for name in GATEWAYS),
            double_counted=max(g["double_counted"] for v in said.values() for g in v["gateways"]),
            converged_s=worst["verdict_after_ms"] / 1000,
            acknowledged_s=max(v["acknowledged_after_ms"] for v in said.values()) / 1000,
            reconnects=sum(v["reconnects"] for v in said.values()))
        from_a = sum(v["issued"] for d, v in said.items() if d in ("devices-a", "devices-load"))
        if "ran_s" in self.figures:  # all of site a's cross gateway-a's one link to the others
            self.figures["readings_per_s"] = from_a / (self.figures["ran_s"] + self.figures["converged_s"])
        self.say(f"verdict       {'EXACT' if self.figures['exact'] else 'NOT EXACT'}: {self.figures['issued']:,} operations; equal on all "
                 f"gateways {self.figures['converged_s']:.1f} s after the last, all acknowledged after {self.figures['acknowledged_s']:.1f} s")
