# SPDX-License-Identifier: Apache-2.0
"""Reads what gateways leave on the broker, as sections 7 and 8 say.

Promise: it publishes nothing; what it has not seen yet is a complaint, not an error.

    observer = Observer(port, root)
    observer.complaints("g1")                         # [] when all agrees
    observer.close()
"""

import json
import threading

import paho.mqtt.client as mqtt

from canonical import Refused, pack
from gateway_messages import bucket_of, decode_head, decode_pack, decode_state, digest_of, part_of
from joined import Joined
from messages import decode_envelope, sha256


class Observer:
    def __init__(self, port, root):
        self.root, self.lock, self.retained = root, threading.Lock(), {}
        self.client = mqtt.Client(client_id="observer", protocol=mqtt.MQTTv5)
        topics = [(f"{root}/{topic}", 1) for topic in ("gw/+/head", "gw/+/state/#", "view/#")]
        self.client.on_connect = lambda client, *_: client.subscribe(topics)
        self.client.on_message = self._keep
        self.client.connect("127.0.0.1", port, keepalive=30, clean_start=True)
        self.client.loop_start()

    def _keep(self, _client, _data, message):
        name = message.topic[len(self.root) + 1 :]
        with self.lock:
            if message.payload:
                self.retained[name] = message.payload
            else:
                self.retained.pop(name, None)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def views(self, gateway):
        with self.lock:
            found = {
                tuple(name.split("/", 3)[2:]): json.loads(payload)
                for name, payload in self.retained.items()
                if name.startswith(f"view/{gateway}/")
            }
        return {
            (key, kind): {name: view[name] for name in ("value", "contributors")}
            for (kind, key), view in found.items()
        }

    def _bucket(self, gateway, incarnation, number, bucket):
        """The envelopes of one bucket, once all parts are there and are those of the head."""
        envelopes, hashes = [], []
        for index in range(bucket.parts):
            with self.lock:
                payload = self.retained.get(f"gw/{gateway}/state/{number}/{index}")
            if payload is None:
                return None, f"bucket {number}: part {index} is not there"
            state = decode_state(payload)
            says = (state.gateway, state.incarnation, state.bucket, state.part, state.parts)
            if says != (gateway, incarnation, number, index, bucket.parts):
                return None, f"bucket {number}: part {index} says {says}"
            packed = decode_pack(state.pack)
            hashes.append(sha256(packed.plain))
            envelopes += [(index, decode_envelope(data)) for data in packed.envelopes]
        if sha256(b"".join(hashes)) != bucket.published:
            return None, f"bucket {number}: the parts are not those of the head"
        return envelopes, None

    def head(self, gateway):
        with self.lock:
            payload = self.retained.get(f"gw/{gateway}/head")
        return decode_head(payload) if payload else None

    def complaints(self, gateway):
        """Joins all that a gateway published and compares it with the digests of its head."""
        return self.read(gateway)[1]

    def read(self, gateway):
        """What a gateway publishes, joined, and what is wrong with it."""
        head, wrong, joined = self.head(gateway), [], Joined()
        if head is None:
            return joined, ["no head"]
        for number, bucket in head.buckets.items():
            try:
                envelopes, why = self._bucket(gateway, head.incarnation, number, bucket)
            except Refused as refusal:
                envelopes, why = None, f"bucket {number}: unreadable, {refusal}"
            if envelopes is None:
                wrong.append(why)
                continue
            wrong += self._places(number, bucket, envelopes)
            for _, envelope in envelopes:
                joined.take(envelope.delta)
        return joined, wrong or self._digests(head, joined)

    def _places(self, number, bucket, envelopes):
        if len(envelopes) != bucket.live:
            yield f"bucket {number}: {len(envelopes)} envelopes, live {bucket.live}"
        for index, envelope in envelopes:
            delta = envelope.delta
            if bucket_of(delta.device, delta.epoch) != number:
                yield f"bucket {number}: {delta.device} does not belong here"
            if part_of(envelope.hash, bucket.parts) != index:
                yield f"bucket {number}: an envelope in the wrong part"

    def _digests(self, head, joined):
        atoms = {number: [] for number in head.buckets}
        for actor in joined.actors:
            atoms[bucket_of(*actor)] += map(pack, joined.atoms(*actor))
        return [
            f"bucket {number}: another digest"
            for number, bucket in head.buckets.items()
            if digest_of(atoms[number]) != bucket.digest
        ]
