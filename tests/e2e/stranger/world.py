# SPDX-License-Identifier: Apache-2.0
"""A broker and three gateways on this machine, in a folder of their own.

Promise: stop() ends what was started, by pid, and nothing else.

    world = World("build/tributary", folder, ["g1", "g2", "g3"])
    world.start(deadline)
    world.values("g1")
    world.stop()
"""

import ctypes
import json
import shutil
import signal
import socket
import subprocess
import time

FLEET = "stranger"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    """Should this test be killed, nobody is left behind."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class World:
    def __init__(self, program, folder, gateways):
        self.program, self.folder, self.gateways = program, folder, gateways
        self.root = f"tributary/v1/{FLEET}"
        self.port, self.processes = free_port(), {}

    def start(self, deadline):
        config = self.folder / "broker.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "max_queued_messages 0\nmax_inflight_messages 0\n"
        )
        self._spawn("broker", ["mosquitto", "-c", str(config)])
        self._wait("the broker does not listen", deadline, self._listens)
        for gateway in self.gateways:
            self.start_gateway(gateway)
        self._wait("not all gateways are online", deadline, self._online)

    def _spawn(self, name, command):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )

    def start_gateway(self, name):
        settings = {
            "gateway.id": name,
            "gateway.fleet": FLEET,
            "gateway.data_dir": str(self.folder / name),
            "broker.uri": f"mqtt://127.0.0.1:{self.port}",
            "http.listen": "",
        }
        options = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        self._spawn(name, [self.program, "gateway", *options])

    def lose_disk(self, name):
        """Power and disk are gone; a gateway of the same name starts on an empty one."""
        self._end(name, signal.SIGKILL)
        shutil.rmtree(self.folder / name)
        self.start_gateway(name)

    def _wait(self, complaint, deadline, condition):
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{complaint}\n{self.logs()}")
            time.sleep(0.05)

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def ask(self, gateway, *command):
        """A request over the command line; None when there is no good answer."""
        where = ["--broker", f"mqtt://127.0.0.1:{self.port}", "--fleet", FLEET]
        answer = subprocess.run(
            [self.program, *command, "--json", "--gateway", gateway, *where],
            capture_output=True,
            timeout=30,
            check=False,
        )
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def _online(self):
        return all(self.ask(gateway, "status") for gateway in self.gateways)

    def values(self, gateway):
        """{(key, type): {"value": …, "contributors": …}}"""
        answer = self.ask(gateway, "values")
        if answer is None:
            return None
        return {
            (item["key"], item["type"]): {n: item[n] for n in ("value", "contributors")}
            for item in answer["values"]
        }

    def logs(self):
        tails = []
        for path in sorted(self.folder.glob("*.log")):
            lines = path.read_text("utf-8", "replace").splitlines()[-15:]
            tails.append("\n".join([f"--- {path.name}", *lines]))
        return "\n".join(tails)

    def alive(self):
        return {name: process.poll() is None for name, process in self.processes.items()}

    def _end(self, name, how):
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def stop(self):
        """Gateways first, the broker last. {name: exit status, None when it had to be killed}"""
        names = [name for name in self.processes if name != "broker"]
        names += [name for name in self.processes if name == "broker"]
        return {name: self._end(name, signal.SIGTERM) for name in names}
