# SPDX-License-Identifier: Apache-2.0
"""Single envelopes, made by hand, for what a random run meets only by chance.

Promise: what they do stands in the journal, so that the oracle counts it.

    digests_follow_an_owner(observer, voice, journal, "g1", deadline)   # [] or what is wrong
"""

import time

import paho.mqtt.client as mqtt

from messages import GCOUNTER, ORSET, Delta, Entry, OrSet, encode_delta, seal
from world import FLEET


class Voice:
    """Publishes a delta of one entry, and says when the broker has it."""

    def __init__(self, port, root):
        self.root = root
        self.client = mqtt.Client(client_id="crafted", protocol=mqtt.MQTTv5)
        self.client.connect("127.0.0.1", port, keepalive=30, clean_start=True)
        self.client.loop_start()

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def say(self, device, from_, to, entry, topic_device=None):
        hlc = int(time.time() * 1000) << 16
        delta = Delta(FLEET, False, device, 1, from_, to, 1, 1, 1, hlc, [entry])
        topic = f"{self.root}/up/{topic_device or device}"
        self.client.publish(topic, seal(encode_delta(delta)), qos=1).wait_for_publish(10)


def _publishes(observer, gateway, key, actor, op):
    """Whether the gateway publishes this operation, and its digests are those of the envelopes."""
    joined, wrong = observer.read(gateway)
    part = joined.actors.get(actor, {}).get((key, ORSET))
    return not wrong and part is not None and op in part.covered


def digests_follow_an_owner(observer, voice, journal, gateway, deadline):
    """B removes A's add; later A retires it. Then B's `foreign` atom is to go: section 8.

    Between the steps the gateway publishes its heads, so B's bucket is at rest when A's changes.
    """
    key = "crafted/alarms"
    dot = ("crafted-a", 1, 1)
    steps = [
        ("crafted-a", 0, 1, OrSet([(1, b"door")], [], [])),
        ("crafted-b", 0, 1, OrSet([], [], [dot])),
        ("crafted-a", 1, 2, OrSet([], [1], [])),
    ]
    journal.did("crafted-a", 1, 1, key, "orset", "add", b"door")
    journal.did("crafted-b", 1, 1, key, "orset", "remove", {dot})
    for said, (device, from_, to, payload) in enumerate(steps, start=1):
        voice.say(device, from_, to, Entry(key, ORSET, from_, to, payload))
        while not _publishes(observer, gateway, key, (device, 1), to):
            if time.monotonic() > deadline:
                return [f"after step {said} of 3:", *observer.complaints(gateway)]
            time.sleep(0.1)
    return []


def wrong_topic(voice):
    """An envelope of one device under the topic of another: nobody takes it."""
    voice.say("crafted-c", 0, 1, Entry("crafted/parts", GCOUNTER, 0, 1, 1), "crafted-a")
