# SPDX-License-Identifier: Apache-2.0
"""Brokers that are not ours, each on free ports of 127.0.0.1, with its files in a directory of its own.

    with RabbitMq(directory, nodes=3) as broker:
        broker.uris            # one for each node, as a gateway's configuration names them
        broker.kill(0);  broker.start(0)

Promise: `start` returns when the port answers; what is started ends with the `with`, and with this process.
Raises Lacking with what to install where it is not there.
"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
START_S = 180  # RabbitMQ on a busy machine


class Lacking(Exception):
    pass


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Broker:
    suffix = ""  # of the URIs

    def __init__(self, directory, nodes=1):
        self.directory = directory
        self.ports = [free_port() for _ in range(nodes)]
        self.running = {}

    @property
    def uris(self):
        return [f"mqtt://127.0.0.1:{port}{self.suffix}" for port in self.ports]

    def __enter__(self):
        try:
            for node in range(len(self.ports)):
                self.start(node)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        for node in list(self.running):
            self.kill(node)

    def spawn(self, node, words, env=None):
        home = os.path.join(self.directory, f"broker-{node}")
        os.makedirs(home, exist_ok=True)
        with open(os.path.join(home, "log"), "a", encoding="utf8") as log:
            self.running[node] = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *words], stdout=log, stderr=log, cwd=home,
                                                  env=env, start_new_session=True)
        end = time.monotonic() + START_S
        while not answers(self.ports[node]):
            if self.running[node].poll() is not None or time.monotonic() > end:
                with open(os.path.join(home, "log"), encoding="utf8", errors="replace") as log:
                    raise RuntimeError(f"{type(self).__name__} did not start:\n" + log.read()[-2000:])
            time.sleep(0.1)

    def kill(self, node):
        """kill -9, with all that it started."""
        process = self.running.pop(node)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Mosquitto(Broker):
    def start(self, node):
        program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if not program:
            raise Lacking("mosquitto (Debian: mosquitto)")
        conf = os.path.join(self.directory, f"mosquitto-{node}.conf")
        with open(conf, "w", encoding="utf8") as f:
            f.write(f"listener {self.ports[node]} 127.0.0.1\nallow_anonymous true\nuser root\nmax_queued_messages 100000\n")
        self.spawn(node, [program, "-c", conf])


class Mosquitto311(Mosquitto):
    suffix = "?version=3.1.1"


class Aedes(Broker):
    """All in memory: whatever ends it makes it forget."""
    package, suffix = "aedes@1.2.0", "?version=3.1.1"

    def start(self, node):
        modules = os.path.join(os.environ.get("TRIBUTARY_NPM", os.path.join(self.directory, "npm")), self.package.replace("@", "-"))
        if not os.path.isdir(os.path.join(modules, "node_modules", "aedes")):
            if not shutil.which("npm"):
                raise Lacking("npm")
            os.makedirs(modules, exist_ok=True)
            done = subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", modules, self.package],
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Lacking(f"{self.package} from npm: {done.stderr.strip()[-300:]}")
        shutil.copy(os.path.join(HERE, "aedes.mjs"), modules)
        self.spawn(node, ["node", os.path.join(modules, "aedes.mjs"), str(self.ports[node])])


class Aedes5(Aedes):
    """The coming version, which speaks MQTT 5."""
    package, suffix = "aedes@2.0.0-beta.1", ""


class RabbitMq(Broker):
    """Debian's: MQTT 3.1.1 by a plugin. Several nodes are a cluster."""
    suffix = "?version=3.1.1"
    program = "/usr/lib/rabbitmq/bin/rabbitmq-server"

    def __init__(self, directory, nodes=1):
        super().__init__(directory, nodes)
        self.epmd = free_port()
        self.distribution = [free_port() for _ in range(nodes)]

    def __exit__(self, *_):
        super().__exit__()
        # Erlang's port mapper outlives its nodes: ours alone, told by its port.
        subprocess.run(["epmd", "-port", str(self.epmd), "-kill"], capture_output=True, check=False)

    def name(self, node):
        return f"tributary{self.ports[0]}n{node}@localhost"

    def start(self, node):
        if not os.path.exists(self.program):
            raise Lacking("rabbitmq-server (Debian: rabbitmq-server)")
        home = os.path.join(self.directory, f"broker-{node}")
        os.makedirs(home, exist_ok=True)
        conf = [f"listeners.tcp.1 = 127.0.0.1:{free_port()}", f"mqtt.listeners.tcp.1 = 127.0.0.1:{self.ports[node]}",
                "mqtt.allow_anonymous = true", "cluster_partition_handling = autoheal"]
        if len(self.ports) > 1:
            conf.append("cluster_formation.peer_discovery_backend = classic_config")
            conf += [f"cluster_formation.classic_config.nodes.{n + 1} = {self.name(n)}" for n in range(len(self.ports))]
        for name, text in (("rabbitmq.conf", "\n".join(conf) + "\n"), ("plugins", "[rabbitmq_mqtt].\n")):
            with open(os.path.join(home, name), "w", encoding="utf8") as f:
                f.write(text)
        with open(os.path.join(home, ".erlang.cookie"), "w", encoding="utf8", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write("tributary")
        env = {**os.environ, "HOME": home, "RABBITMQ_NODENAME": self.name(node), "RABBITMQ_MNESIA_BASE": home + "/mnesia",
               "RABBITMQ_LOG_BASE": home + "/logs", "RABBITMQ_ENABLED_PLUGINS_FILE": home + "/plugins",
               "RABBITMQ_CONFIG_FILE": home + "/rabbitmq.conf", "RABBITMQ_PID_FILE": home + "/pid",
               "RABBITMQ_DIST_PORT": str(self.distribution[node]), "ERL_EPMD_PORT": str(self.epmd), "ERL_EPMD_ADDRESS": "127.0.0.1",
               "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}"}
        self.spawn(node, [self.program], env)


KINDS = {"mosquitto": (Mosquitto, 1), "mosquitto-3.1.1": (Mosquitto311, 1), "aedes": (Aedes, 1), "aedes-5": (Aedes5, 1), "rabbitmq": (RabbitMq, 1),
         "rabbitmq-cluster": (RabbitMq, 3)}
