# SPDX-License-Identifier: Apache-2.0
"""A visitor at the broker: a small MQTT 5 client that asks gateways and sees every byte of what it gets.

Promise: nothing runs beside the caller; every wait has a deadline. Subscriptions are at QoS 0. For benchmarks: it trusts its
broker and does not reconnect.

    with Visitor(site.port) as visitor:
        visitor.subscribe("tributary/v1/bench/ack/+")
        visitor.publish("tributary/v1/bench/up/dev-7", packet)
        for topic, payload, wire_bytes, retained in visitor.take(1.0): ...
        visitor.status("g1")["digest"]
"""
import json
import select
import socket
import struct
import time

ROOT = "tributary/v1/bench/"


def varint(n):
    """Seven bits a byte, the lowest first: MQTT's lengths, and Protocol Buffers' numbers."""
    out = bytearray()
    while True:
        n, digit = n >> 7, n & 0x7F
        out.append(digit | (0x80 if n else 0))
        if not n:
            return bytes(out)


def _text(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def publish_bytes(topic, payload, properties=b"", qos=0):
    """The packet as MQTT 5 has it."""
    body = _text(topic) + (b"\0\1" if qos else b"") + varint(len(properties)) + properties + payload
    return bytes([0x30 | qos << 1]) + varint(len(body)) + body


def _read_length(data, at):
    n = shift = 0
    while True:
        if at >= len(data):
            return None, at
        n |= (data[at] & 0x7F) << shift
        at, shift, more = at + 1, shift + 7, data[at] & 0x80
        if not more:
            return n, at


class Visitor:
    def __init__(self, port, name="visitor"):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data, self.name, self.asked, self.others = bytearray(), name, 0, []
        self.kinds = set()  # of the packets that came
        body = _text("MQTT") + b"\x05\x02\0\0\0" + _text(name)  # clean start, no keepalive
        self.socket.sendall(b"\x10" + varint(len(body)) + body)
        self._await(0x20)
        self.subscribe(ROOT + "reply/" + name)

    def subscribe(self, filter_):
        body = b"\0\1\0" + _text(filter_) + b"\0"
        self.socket.sendall(b"\x82" + varint(len(body)) + body)
        self._await(0x90)

    def publish(self, topic, payload, properties=b""):
        self.socket.sendall(publish_bytes(topic, payload, properties))

    def take(self, seconds):
        """What came, as (topic, payload, bytes of its packet, whether retained); [] when nothing does for so long."""
        end = time.monotonic() + seconds
        while not self.others:
            left = end - time.monotonic()
            if left < 0 or not self._read(left):
                break
        taken, self.others = self.others, []
        return taken

    def ask(self, gateway, command, seconds=0.2):
        """One question; None when no answer comes in time. `asked` counts the bytes of all questions."""
        topic = ROOT + "reply/" + self.name
        properties = b"\x08" + _text(topic)
        self.asked += len(publish_bytes(f"{ROOT}req/{gateway}/{command}", b"{}", properties))
        self.publish(f"{ROOT}req/{gateway}/{command}", b"{}", properties)
        end, kept = time.monotonic() + seconds, []
        answer = None
        while answer is None and time.monotonic() < end:
            for message in self.take(max(0, end - time.monotonic())):
                said = json.loads(message[1]) if message[0] == topic else {}
                if said.get("gateway") == gateway:
                    answer = said
                elif message[0] != topic:
                    kept.append(message)
        self.others = kept + self.others
        return answer

    def status(self, gateway, seconds=30):
        return self.until_status(gateway, lambda status: True, "an answer", seconds)

    def until_status(self, gateway, condition, what, seconds=60, pause=0.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status = self.ask(gateway, "status")
            if status and condition(status):
                return status
            time.sleep(pause)
        raise RuntimeError(f"{gateway}: no {what} within {seconds} s")

    def until_quiet(self, gateway, seconds=120, quiet=4.0):
        """Waits until it has said nothing of its own for some seconds: all it has is published."""
        seen, since, end = None, time.monotonic(), time.monotonic() + seconds
        while time.monotonic() < end:
            status = self.status(gateway)
            counters = status["counters"]
            now = (counters["state_parts_out"], counters["views"], counters["batches_out"], status["digest"], status["pending"])
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > quiet:
                return status
            time.sleep(0.2)
        raise RuntimeError(f"{gateway} is not quiet after {seconds} s")

    def _read(self, seconds):
        if not select.select([self.socket], [], [], seconds)[0]:
            return False
        chunk = self.socket.recv(1 << 18)
        if not chunk:
            raise RuntimeError("the broker hung up")
        self.data += chunk
        at = 0
        while True:
            length, body = _read_length(self.data, at + 1)
            if length is None or len(self.data) < body + length:
                break
            self._packet(self.data[at], bytes(self.data[body:body + length]), body + length - at)
            at = body + length
        del self.data[:at]
        return True

    def _packet(self, head, body, size):
        self.kinds.add(head & 0xF0)
        if head & 0xF0 == 0x30:
            n = struct.unpack(">H", body[:2])[0]
            topic, at = body[2:2 + n].decode(), 2 + n
            length, at = _read_length(body, at)
            self.others.append((topic, body[at + length:], size, bool(head & 1)))

    def _await(self, kind):
        self.kinds.discard(kind)
        end = time.monotonic() + 10
        while kind not in self.kinds:
            if time.monotonic() > end:
                raise RuntimeError("no answer from the broker")
            self._read(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
