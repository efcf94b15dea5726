# SPDX-License-Identifier: Apache-2.0
"""Runs every vector of tests/vectors/ through this folder's codec, in both directions.

Promise: a vector that is read, written or refused in another way is named in the result.

    count, failures = check_all(pathlib.Path("tests/vectors"))
"""

import base64
import json
import math
import struct
import sys
from pathlib import Path

import gateway_messages as gw
import messages as msg
from canonical import Map, Refused, pack, unpack


def raw(vector):
    if "hex" in vector:
        return bytes.fromhex(vector["hex"])
    return b"".join(bytes.fromhex(run) * times for run, times in vector["hex_runs"])


def unhex(texts):
    return [bytes.fromhex(text) for text in texts]


# --- the fields of vectors as messages ------------------------------------------------------


def payload_from(kind, fields):
    if kind == msg.GCOUNTER:
        return int(fields["p"])
    if kind == msg.PNCOUNTER:
        return int(fields["p"]), int(fields["n"])
    if kind == msg.GSET:
        return unhex(fields["elements"])
    if kind == msg.ORSET:
        adds = [(int(op), bytes.fromhex(element)) for op, element in fields["adds"]]
        foreign = [(owner, int(epoch), int(op)) for owner, epoch, op in fields["foreign"]]
        return msg.OrSet(adds, [int(op) for op in fields["removed"]], foreign)
    if kind == msg.LWW:
        value = unpack(bytes.fromhex(fields["value"]))
        return msg.Register(int(fields["op"]), int(fields["hlc"]), value)
    return unpack(bytes.fromhex(fields["bytes"]))


def entry_from(fields):
    payload = payload_from(fields["type"], fields["payload"])
    return msg.Entry(fields["key"], fields["type"], int(fields["lo"]), int(fields["hi"]), payload)


def envelope_from(fields):
    d = fields["delta"]
    entries = [entry_from(entry) for entry in d["entries"]]
    delta = msg.Delta(d["fleet"], d["signed"], d["device"], int(d["epoch"]), int(d["from"]),
                      int(d["to"]), int(d["id"]), d["part"], d["parts"], int(d["hlc"]), entries)
    body = msg.encode_delta(delta)
    sealed = (bytes.fromhex(fields["key_id"]), bytes.fromhex(fields["signature"]))
    return msg.Envelope(delta, msg.sha256(body), *sealed), msg.seal(body, *sealed)


def ack_from(fields):
    actors = []
    for a in fields["actors"]:
        points = [(int(op), bytes.fromhex(point)) for op, point in a["points"]]
        refusals = [(int(r["to"]), list(map(tuple, r["keys"])), r["rule"]) for r in a["refusals"]]
        actors.append(msg.Actor(int(a["epoch"]), int(a["op"]), bytes.fromhex(a["hash"]), points,
                                int(a["send_from_zero"]), unhex(a["removals"]), refusals))
    ack = msg.Ack(fields["fleet"], fields["gateway"], int(fields["incarnation"]),
                  int(fields["hlc"]), fields["device"], actors)
    return ack, msg.seal(msg.encode_ack(ack))


def head_from(fields):
    buckets = {}
    for b in fields["buckets"]:
        hashes = [bytes.fromhex(b[name]) for name in ("digest", "unknown", "published")]
        buckets[b["bucket"]] = gw.Bucket(hashes[0], hashes[1], int(b["live"]), hashes[2],
                                         b["parts"])
    numbers = [int(fields[name]) for name in ("incarnation", "session", "number", "hlc")]
    head = gw.Head(fields["fleet"], fields["gateway"], *numbers, fields["types"], buckets)
    return head, msg.seal(gw.encode_head(head))


def batch_from(fields):
    numbers = [int(fields[name]) for name in ("incarnation", "session", "number")]
    batch = gw.Batch(fields["gateway"], *numbers, bytes.fromhex(fields["pack"]))
    return batch, pack([3, *batch])


def state_from(fields):
    state = gw.State(fields["gateway"], int(fields["incarnation"]), fields["bucket"],
                     fields["part"], fields["parts"], bytes.fromhex(fields["pack"]))
    return state, pack([4, *state])


def scalar_from(fields):
    kind, value = fields["kind"], fields["value"]
    if kind in ("uint", "int"):
        value = int(value)
    elif kind == "float":
        value = struct.unpack(">d", bytes.fromhex(value))[0]
    elif kind == "bin":
        value = bytes.fromhex(value)
    return value, pack(value)


def decode_scalar(data):
    msg.need(len(data) <= msg.SCALAR_BYTES_MAX, "scalar: too long")
    return msg.scalar(unpack(data))


def shown(value):
    """A value as views show it: section 7."""
    if type(value) is bytes:
        return {"base64": base64.b64encode(value).decode()}
    if type(value) is float and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if type(value) is int and abs(value) > 2**53:
        return str(value)
    return value


# --- running them ---------------------------------------------------------------------------


class Report:
    def __init__(self):
        self.count, self.failures = 0, []

    def check(self, name, good, why):
        self.count += 1
        if not good:
            self.failures.append(f"{name}: {why}")

    def refused(self, name, decode, data):
        try:
            decode(data)
        except Refused:
            self.check(name, True, "")
        else:
            self.check(name, False, "accepted, and must be refused")


def check_messages(report, name, vectors, decode, from_fields):
    for vector in vectors["valid"]:
        title, data = f"{name}/{vector['name']}", raw(vector)
        try:
            read = decode(data)
        except Refused as refusal:
            report.check(title, False, f"refused: {refusal}")
            continue
        expected, written = from_fields(vector["fields"])
        same_kind = type(read) is type(expected)
        report.check(title, same_kind and read == expected, "other fields")
        report.check(title, written == data, "other bytes")
        if "hash" in vector:
            report.check(title, read.hash.hex() == vector["hash"], "another hash")
        if "json" in vector:
            report.check(title, json.loads(vector["json"]) == shown(read), "another JSON")
    for vector in vectors["invalid"]:
        report.refused(f"{name}/{vector['name']}", decode, raw(vector))


def check_packs(report, vectors):
    for vector in vectors["valid"]:
        title, fields = f"pack/{vector['name']}", vector["fields"]
        read = gw.decode_pack(raw(vector))
        expected = (fields["codec"], fields["size"], unhex(fields["envelopes"]))
        report.check(title, (read.codec, read.size, read.envelopes) == expected, "other fields")
        plain_hash = msg.sha256(read.plain).hex()
        report.check(title, plain_hash == vector["plain_sha256"], "other plain data")
        again = gw.encode_pack(read.envelopes, gw.GZIP if read.codec else gw.PLAIN)
        if read.codec == gw.PLAIN:
            report.check(title, again == raw(vector), "other bytes")
        report.check(title, gw.decode_pack(again).envelopes == read.envelopes, "no round trip")
    for vector in vectors["invalid"]:
        report.refused(f"pack/{vector['name']}", gw.decode_pack, raw(vector))


def check_names(report, vectors):
    for rule, check in (("keys", msg.key_name), ("ids", lambda i: msg.identifier(i, "id"))):
        for name in vectors[rule]["valid"]:
            report.check(f"{rule}/{name[:20]!r}", check(name) == name, "refused")
        for name in vectors[rule]["invalid"]:
            report.refused(f"{rule}/{name[:20]!r}", check, name)
    for case in vectors["buckets"]:
        bucket = gw.bucket_of(case["device"], int(case["epoch"]))
        report.check(f"bucket/{case['device'][:20]}", bucket == case["bucket"], "another bucket")


def check_digests(report, vectors):
    for atom in vectors["atoms"]:
        data = bytes.fromhex(atom["hex"])
        report.check(f"atom/{atom['name']}", pack(unpack(data)) == data, "other bytes")
        report.check(f"atom/{atom['name']}", msg.sha256(data).hex() == atom["sha256"], "hash")
    for case in vectors["digests"]:
        lanes = gw.lanes_of(unhex(case["atoms"]))
        begin = bytes.fromhex(case["lanes_begin"])
        report.check(f"digest/{case['name']}", lanes[: len(begin)] == begin, "other lanes")
        report.check(f"digest/{case['name']}", msg.sha256(lanes).hex() == case["digest"], "digest")
    check_published(report, vectors["published"])


def check_published(report, case):
    parts = [[] for _ in case["parts"]]
    for data in unhex(case["envelopes"]):
        hashed = msg.decode_envelope(data).hash
        parts[gw.part_of(hashed, len(parts))].append((hashed, data))
    ordered = [[data for _, data in sorted(part)] for part in parts]
    report.check("published", ordered == list(map(unhex, case["parts"])), "other parts")
    hashes = [msg.sha256(pack(part)) for part in ordered]
    report.check("published", [h.hex() for h in hashes] == case["part_hashes"], "part hashes")
    whole = msg.sha256(b"".join(hashes)).hex()
    report.check("published", whole == case["published"], "another hash")


def check_session(report, vectors):
    for step in vectors:
        data, title = bytes.fromhex(step["hex"]), f"session/{step['said']}"
        if "/ack/" in step["topic"]:
            read = msg.decode_ack(data)
            report.check(title, msg.seal(msg.encode_ack(read)) == data, "other bytes")
        else:
            read = msg.decode_envelope(data).delta
            report.check(title, msg.seal(msg.encode_delta(read)) == data, "other bytes")


def check_all(folder):
    report = Report()
    load = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    for name, decode, from_fields in (
        ("envelope", msg.decode_envelope, envelope_from),
        ("ack", msg.decode_ack, ack_from),
        ("head", gw.decode_head, head_from),
        ("batch", gw.decode_batch, batch_from),
        ("state", gw.decode_state, state_from),
        ("scalar", decode_scalar, scalar_from),
    ):
        check_messages(report, name, load[name], decode, from_fields)
    check_packs(report, load["pack"])
    check_names(report, load["names"])
    check_digests(report, load["digest"])
    check_session(report, load["session"])
    return report.count, report.failures


if __name__ == "__main__":
    total, wrong = check_all(Path(sys.argv[1]))
    print("\n".join(wrong + [f"{total} checks, {len(wrong)} failed"]))
    sys.exit(bool(wrong))
