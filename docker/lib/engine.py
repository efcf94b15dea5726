# SPDX-License-Identifier: Apache-2.0
"""The container engine of this machine, and one compose project in it.

    with Engine(project, settings, profiles) as engine:
        engine.compose("up", "-d")
        for service, box in engine.boxes().items(): print(service, box.state, box.health, box.addresses)

Docker with compose where it answers; else podman, which Docker's own `docker-compose` drives through podman's socket. Podman without
systemd never looks at anybody's health: then a thread here does. Promise: every call ends by its time-out, or raises Trouble with what
the engine said; what is started here besides containers ends with the `with`.
"""
import collections
import concurrent.futures
import json
import os
import shutil
import subprocess
import tempfile
import threading

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
Box = collections.namedtuple("Box", "id pid state health started addresses exit_code")  # addresses: {network: IPv4}


# What podman needs where there is no systemd; used when this machine has no configuration of its own.
PODMAN_CONF = """[network]
network_backend = "netavark"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


class Trouble(Exception):
    pass


class Lacking(Trouble):
    """This machine has no engine that works."""


def call(words, timeout=120, env=None, stdin=None, check=True):
    try:
        done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=timeout, env=env, check=False)
    except FileNotFoundError as error:
        raise Lacking(str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise Trouble(f"{' '.join(words[:6])} …: no end after {timeout} s") from error
    if check and done.returncode != 0:
        raise Trouble(f"{' '.join(words)}\n{(done.stderr or done.stdout).strip()[-2000:]}")
    return done


def systemd():
    return os.path.isdir("/run/systemd/system")


def works(words):
    try:
        return call(words, 20, check=False).returncode == 0
    except Trouble:
        return False


def read_env(path):
    with open(path, encoding="utf8") as f:
        pairs = (line.strip().partition("=") for line in f if "=" in line and not line.startswith("#"))
        return {name: value for name, _, value in pairs}


class Engine:
    def __init__(self, project, settings, files=("compose.yaml",)):
        self.project = project
        self.files = list(files)
        self.directory = tempfile.mkdtemp(prefix="fleet-")
        if not systemd() and not os.path.exists("/etc/containers/containers.conf"):
            own = os.path.join(self.directory, "containers.conf")
            with open(own, "w", encoding="utf8") as f:
                f.write(PODMAN_CONF + ('runtime = "runc"\n' if shutil.which("runc") else ""))
            os.environ.setdefault("CONTAINERS_CONF", own)
        self.settings = settings  # what differs from .env
        self.tool = next((t for t in ("docker", "podman") if works([t, "ps", "-q"])), None)
        if not self.tool:
            raise Lacking("neither `docker ps` nor `podman ps` works")
        words = ("nsenter", "nft", "ip", "sysctl")
        self.pid_namespaces = os.geteuid() == 0 and all(shutil.which(w, path="/usr/sbin:/sbin:/usr/bin:/bin") for w in words)
        self.server = self.host = None

    def __enter__(self):
        if self.tool == "podman":
            if not shutil.which("docker-compose"):
                raise Lacking("docker-compose (Debian: docker-compose), which drives podman")
            socket = os.path.join(self.directory, "engine.sock")
            self.host = "unix://" + socket
            self.server = subprocess.Popen(["podman", "system", "service", "--time=0", self.host],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(100):
                if os.path.exists(socket) or self.server.poll() is not None:
                    break
                try:
                    self.server.wait(0.1)
                except subprocess.TimeoutExpired:
                    pass
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.terminate()
            self.server.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def setting(self, name):
        return self.settings.get(name) or os.environ.get(name) or read_env(os.path.join(HERE, ".env")).get(name, "")

    def run(self, *words, timeout=120, check=True):
        return call([self.tool, *words], timeout, check=check)

    def compose(self, *words, timeout=600):
        program = ["docker", "compose"] if self.tool == "docker" and works(["docker", "compose", "version"]) else ["docker-compose"]
        # .env names the gateways' images one by one, so that they can be changed one by one: by default all are of this TAG.
        images = {f"IMAGE_{x}": f"localhost/tributary/gateway:{self.setting('TAG')}" for x in "ABC"}
        env = {**images, **os.environ, **self.settings, "COMPOSE_PROJECT_NAME": self.project}
        if self.host:
            env["DOCKER_HOST"] = self.host
        files = [word for name in self.files for word in ("-f", os.path.join(HERE, name))]
        with self._health():
            return call([*program, "--project-directory", HERE, *files, *words], timeout, env)

    def _ids(self, *filters):
        words = [w for f in (f"label=com.docker.compose.project={self.project}", *filters) for w in ("--filter", f)]
        return self.run("ps", "-a", "-q", "--no-trunc", *words).stdout.split()

    def boxes(self):
        """Service -> Box, of the containers that are there."""
        ids = self._ids()
        found = json.loads(self.run("inspect", "--type", "container", *ids).stdout) if ids else []
        return {c["Config"]["Labels"]["com.docker.compose.service"]: self._box(c) for c in found}

    def _box(self, c):
        state = c["State"]
        health = state.get("Health") or state.get("Healthcheck") or {}
        networks = (c["NetworkSettings"].get("Networks") or {}).items()
        addresses = {name.split("_")[-1]: n["IPAddress"] for name, n in networks if n.get("IPAddress")}
        return Box(c["Id"], state["Pid"], state["Status"], health.get("Status", ""), state["StartedAt"], addresses, state.get("ExitCode"))

    def box(self, service):
        try:
            return self.boxes()[service]
        except KeyError:
            raise Trouble(f"no container of {service} in the project {self.project}: docker/fleet up") from None

    def image(self, name):
        return f"localhost/tributary/{name}:{self.setting('TAG')}"

    def have_base(self):
        """The base image: from its registry, or where none is reached, bootstrapped from this Debian's own packages."""
        base = self.setting("BASE")
        if works([self.tool, "image", "inspect", base]) or self.run("pull", "-q", base, timeout=300, check=False).returncode == 0:
            return
        if os.geteuid() != 0 or not shutil.which("debootstrap") or not os.path.exists("/etc/apt"):
            raise Lacking(f"the image {base}: no registry is reached, and without root and debootstrap none can be made")
        root = os.path.join(self.directory, "base")
        source = call(["apt-cache", "policy"]).stdout
        mirror = next((w for line in source.splitlines() if "bookworm/main" in line for w in line.split() if w.startswith("http")), "")
        call(["debootstrap", "--variant=minbase", "bookworm", root, *([mirror] if mirror else [])], 600)
        for folder in ("sources.list.d", "apt.conf.d"):
            shutil.copytree(f"/etc/apt/{folder}", f"{root}/etc/apt/{folder}", dirs_exist_ok=True)
        shutil.rmtree(f"{root}/var/cache/apt/archives", ignore_errors=True)
        archive = os.path.join(self.directory, "base.tar")
        call(["tar", "-C", root, "-cf", archive, "."], 300)
        self.run("import", archive, base, timeout=300)

    def volume(self, name):
        return f"{self.project}_{name}"

    def net(self, box, script, timeout=60):
        """Commands of docker/tools/net in a container's network: straight from here where root can enter it, else from a container."""
        console = box.addresses.get("console", "")
        if self.pid_namespaces and box.pid:
            env = {**os.environ, "CONSOLE": console, "PATH": os.path.join(HERE, "tools") + ":/usr/sbin:/sbin:/usr/bin:/bin"}
            return call(["nsenter", "-t", str(box.pid), "-n", "sh", "-c", script], timeout, env).stdout
        return self.run("run", "--rm", "--read-only", "--network", f"container:{box.id}", "--cap-drop", "ALL", "--cap-add", "NET_ADMIN",
                        "-e", "CONSOLE=" + console, self.image("tools"), "sh", "-c", script, timeout=timeout).stdout

    def each(self, function, items):
        """In parallel; raises the first trouble."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(function, items))

    def _health(self):
        return HealthWatch(self) if self.tool == "podman" and not systemd() else NoWatch()


class NoWatch:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class HealthWatch:
    """Looks at the health of who is starting, as the engine should by itself."""

    def __init__(self, engine):
        self.engine = engine
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()

    def look(self):
        while not self.end.wait(0.5):
            try:
                for box in self.engine._ids("health=starting", "status=running"):
                    self.engine.run("healthcheck", "run", box, check=False)
            except Trouble:
                pass  # it went meanwhile
