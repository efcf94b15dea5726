# SPDX-License-Identifier: Apache-2.0
"""What it costs two gateways to be equal again after a partition, for differences of 0.1 % to 100 % of the state.

Promise: two shipping gateways on one broker, the second behind a relay that cuts it off and counts what comes down to it; only
the first hears devices. `received` is all of MQTT that reached the second from the end of the partition until both said the same
digest, without the questions of this program. `difference` is the size of the envelopes that it lacked. A partition without
any difference shows what a reconnect alone costs. Used by bench.py.
"""
import socket
import threading
import time

import ingest
from stage import Site
from visitor import Visitor


class Relay:
    """TCP to the broker, in threads of its own; cut() ends all connections and takes no more until heal()."""

    def __init__(self, port):
        self.to, self.down, self.up, self.open = port, 0, 0, True
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.sockets, self.lock = set(), threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            with self.lock:
                if not self.open:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.to), 10)
                for one in (near, far):
                    one.settimeout(None)
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.sockets.add(one)
            threading.Thread(target=self._copy, args=(near, far, "up"), daemon=True).start()
            threading.Thread(target=self._copy, args=(far, near, "down"), daemon=True).start()

    def _copy(self, source, sink, way):
        try:
            while chunk := source.recv(1 << 18):
                setattr(self, way, getattr(self, way) + len(chunk))  # one thread a way
                sink.sendall(chunk)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        with self.lock:
            self.open = False
            for one in self.sockets:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                one.close()
            self.sockets.clear()

    def heal(self):
        with self.lock:
            self.open = True

    def close(self):
        self.cut()
        self.server.close()


def equal(visitor, relay, began, down, up):
    """Waits until both say the same digest: seconds and bytes since."""
    first = visitor.status("g1")["digest"]
    asked = visitor.asked
    visitor.until_status("g2", lambda status: status["digest"] == first, "equal digest", 180, 0.05)
    took = time.monotonic() - began
    return took, max(0, relay.down - down - (visitor.asked - asked)), relay.up - up


def measure(programs, effort):
    count = 5_000 if effort.quick else 100_000
    with Site() as site, Visitor(site.port) as visitor:
        relay = Relay(site.port)
        try:
            site.gateway(programs["tributary"], "g1")
            ingest.load(programs, site, "ack", count, 1, count)
            visitor.until_quiet("g1")
            began = time.monotonic()
            site.launch(programs["tributary"], "g2", hears="nobody", port=relay.port, more="reconnect_max_ms = 300")
            took, full, _ = equal(visitor, relay, began, 0, 0)
            yield {"name": "reconciling, all (a new gateway)", "parts": count, "seconds": round(took, 2), "received": full}
            visitor.until_quiet("g2")
            rounds = [0] * count  # how many packets each device has sent beyond its first
            for share in (0, 0.001, 0.01, 0.1, 1):
                yield partition(programs, site, visitor, relay, rounds, share, full)
        finally:
            relay.close()


def partition(programs, site, visitor, relay, rounds, share, full):
    relay.cut()
    changed, difference, device = int(len(rounds) * share), 0, 0
    while device < changed:  # runs of devices that have sent as much as each other
        run = 1
        while device + run < changed and rounds[device + run] == rounds[device]:
            run += 1
        loaded = ingest.load(programs, site, "ack", run, 1, run, first_round=rounds[device] + 1, first_device=device)
        difference += loaded["bytes"]
        for d in range(device, device + run):
            rounds[d] += 1
        device += run
    visitor.until_quiet("g1")
    down, up, began = relay.down, relay.up, time.monotonic()
    relay.heal()
    took, received, sent = equal(visitor, relay, began, down, up)
    visitor.until_quiet("g2")
    row = {"name": f"reconciling, {share:.1%} different", "seconds": round(took, 2), "received": received, "difference": difference,
           "of_full": round(received / full, 3), "sent": sent, "down_until_quiet": relay.down - down}
    if difference:
        row["of_difference"] = round(received / difference, 2)
    if share == 0.001:
        row["goal"] = 3 * difference + 16_384
    return row
