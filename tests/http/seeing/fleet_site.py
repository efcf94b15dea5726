# SPDX-License-Identifier: Apache-2.0
"""A broker, gateways and devices as real processes. All end with it.

    with Site(binary) as site:
        g1 = site.gateway("g1", "history.interval_ms=1000")
        site.replay("dev-1", "plant/parts,gcounter,add,3")
        site.get(g1, "/api/v1/value?key=plant/parts")
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import paho.mqtt.client as mqtt


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def eventually(seconds, what, condition):
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        threading.Event().wait(0.05)


class Gateway:
    def __init__(self, name, port, process, log):
        self.name, self.port, self.process, self.log = name, port, process, log


class Listener:
    """A subscriber that remembers the last payload of each topic, and all messages."""

    def __init__(self, port, *filters):
        self.last, self.all, self.lock = {}, [], threading.Lock()
        versions = getattr(mqtt, "CallbackAPIVersion", None)
        self.client = mqtt.Client(versions.VERSION1) if versions else mqtt.Client()
        self.client.on_message = self.take
        self.client.on_connect = lambda client, *_: [client.subscribe(f, 1) for f in filters]
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def take(self, _client, _data, message):
        payload = message.payload.decode(errors="replace")
        with self.lock:
            self.all.append((message.topic, payload))
            self.last[message.topic] = payload

    def messages(self, topic):
        with self.lock:
            return [payload for t, payload in self.all if t == topic]

    def get(self, topic):
        with self.lock:
            return self.last.get(topic)

    def publish(self, topic, payload, **more):
        self.client.publish(topic, payload, qos=1, **more)

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()


class Site:
    def __init__(self, binary):
        self.binary = os.path.abspath(binary)
        self.dir = tempfile.mkdtemp(prefix="tributary-seeing-")
        self.children, self.listeners = [], []

    def __enter__(self):
        self.broker_port = free_port()
        self.uri = f"mqtt://127.0.0.1:{self.broker_port}"
        conf = os.path.join(self.dir, "mosquitto.conf")
        with open(conf, "w", encoding="utf8") as f:
            f.write(f"listener {self.broker_port} 127.0.0.1\nallow_anonymous true\npersistence false\nsys_interval 1\n")
        self.run("broker", ["mosquitto", "-c", conf])
        eventually(20, "the broker listens", self.broker_listens)
        return self

    def __exit__(self, *_):
        for listener in self.listeners:
            listener.end()
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def broker_listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.broker_port)) == 0

    def run(self, name, command):
        with open(os.path.join(self.dir, name + ".log"), "a", encoding="utf8") as log:
            child = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.children.append(child)
        return child

    def gateway(self, name, *sets, port=None):
        port = port or free_port()
        settings = [f"gateway.id={name}", f"gateway.data_dir={self.dir}/{name}", f"broker.uri={self.uri}",
                    f"http.listen=127.0.0.1:{port}", "store.values_interval_ms=200", "history.interval_ms=1000",
                    "history.keep_free_mb=1", *sets]
        command = [self.binary, "gateway"]
        for s in settings:
            command += ["--set", s]
        gateway = Gateway(name, port, self.run(name, command), os.path.join(self.dir, name + ".log"))

        def ready():
            if gateway.process.poll() is not None:
                raise AssertionError(self.read_log(gateway))
            return self.ask(gateway, "/readyz")[0] == 200
        eventually(60, f"{name} is ready", ready)
        return gateway

    @staticmethod
    def read_log(gateway):
        with open(gateway.log, encoding="utf8") as f:
            return f.read()

    @staticmethod
    def stop(gateway, how=signal.SIGTERM):
        gateway.process.send_signal(how)
        gateway.process.wait(30)

    def replay(self, device, *rows):
        """Rows of "key,type,operation,value"; each is acknowledged."""
        path = os.path.join(self.dir, device + ".csv")
        with open(path, "w", encoding="utf8") as f:
            f.write("timestamp,key,type,operation,value\n")
            for row in rows:
                f.write(f"{int(time.time() * 1000)},{row}\n")
        done = subprocess.run([self.binary, "device", "replay", path, "--id", device, "--speed", "0", "--drain-ms", "60000",
                               "--broker", self.uri], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    def cli(self, *arguments):
        done = subprocess.run([self.binary, *arguments, "--broker", self.uri], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    @staticmethod
    def ask(gateway, path, method="GET", body=None, headers=None):
        """(status, headers, text); status 0: no answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{gateway.port}{path}", method=method, data=body, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0, {}, ""

    def get(self, gateway, path):
        status, _, text = self.ask(gateway, path)
        assert status == 200, f"{path}: {status} {text}"
        return json.loads(text)

    def listen(self, *filters):
        listener = Listener(self.broker_port, *filters)
        self.listeners.append(listener)
        return listener
