# SPDX-License-Identifier: Apache-2.0
"""A device's bad connection to the broker, over MQTT 5.

Promise: half of the packets are lost, the others arrive twice and out of order; half of the
acks are lost. A packet that is not lost does arrive in the end.

    link = Link(port, "tributary/v1/demo", "door-1", rng)
    link.send(packet, now)
    link.pump(now)
    for payload in link.heard():
        ...
    link.close()
"""

import queue
import threading

import paho.mqtt.client as mqtt

UP_LOSS, ACK_LOSS = 0.5, 0.5
DELAY_S = 0.25


class Link:
    def __init__(self, port, root, device, rng):
        self.topic, self.ack_topic = f"{root}/up/{device}", f"{root}/ack/{device}"
        self.rng, self.waiting, self.inbox = rng, [], queue.Queue()
        self.in_flight, self.subscribed = [], threading.Event()
        self.count = {"sent": 0, "lost": 0, "published": 0, "acks": 0, "acks lost": 0}
        self.client = mqtt.Client(client_id=device, protocol=mqtt.MQTTv5)
        self.client.max_inflight_messages_set(1000)
        self.client.on_connect = lambda client, *_: client.subscribe(self.ack_topic, qos=0)
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = lambda _client, _data, message: self.inbox.put(message.payload)
        self.client.connect("127.0.0.1", port, keepalive=30, clean_start=True)
        self.client.loop_start()
        if not self.subscribed.wait(10):
            raise RuntimeError(f"{device} could not subscribe to {self.ack_topic}")

    def send(self, packet, now):
        """True when the network takes it; the device itself never learns."""
        self.count["sent"] += 1
        if self.rng.random() < UP_LOSS:
            self.count["lost"] += 1
            return False
        for _ in range(2):
            self.waiting.append((now + self.rng.uniform(0, DELAY_S), packet))
        return True

    def pump(self, now):
        ready = [packet for at, packet in self.waiting if at <= now]
        self.waiting = [(at, packet) for at, packet in self.waiting if at > now]
        self.rng.shuffle(ready)
        for packet in ready:
            self.count["published"] += 1
            self.in_flight.append(self.client.publish(self.topic, packet, qos=1))

    def idle(self):
        """Whether the broker has everything that was not lost."""
        self.in_flight = [info for info in self.in_flight if not info.is_published()]
        return not self.waiting and not self.in_flight

    def heard(self):
        taken = []
        while not self.inbox.empty():
            payload = self.inbox.get_nowait()
            self.count["acks"] += 1
            if self.rng.random() < ACK_LOSS:
                self.count["acks lost"] += 1
            else:
                taken.append(payload)
        self.rng.shuffle(taken)
        return taken

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
