# SPDX-License-Identifier: Apache-2.0
"""Envelopes and acks of docs/protocol.md, sections 1 to 3 and 6: what a device must speak.

Promise: decode_*() raises Refused for everything that the grammar does not allow.

    frame = seal(encode_delta(delta))                 # an envelope, unsigned
    delta = decode_envelope(frame).delta
    ack = decode_ack(payload)
"""

import hashlib
import re
from collections import namedtuple

from canonical import Map, Refused, pack, unpack

U64_MAX = 2**64 - 1
GCOUNTER, PNCOUNTER, GSET, ORSET, LWW = 1, 2, 3, 4, 5
WHOLE_TYPES = (GCOUNTER, PNCOUNTER, LWW)  # an entry is always the actor's whole part

BODY_BYTES_MAX = 196608
SEALED_BYTES_MAX = 262144
SCALAR_BYTES_MAX = 65536

Sealed = namedtuple("Sealed", "body key_id signature")
Envelope = namedtuple("Envelope", "delta hash key_id signature")
Delta = namedtuple("Delta", "fleet signed device epoch from_ to id part parts hlc entries")
Entry = namedtuple("Entry", "key type lo hi payload")
OrSet = namedtuple("OrSet", "adds removed foreign")  # adds: [(op, element)]
Register = namedtuple("Register", "op hlc value")
Ack = namedtuple("Ack", "fleet gateway incarnation hlc device actors")
Actor = namedtuple("Actor", "epoch op hash points flags removals refusals")


def need(condition, why):
    if not condition:
        raise Refused(why)


def array(value, length, what):
    need(type(value) is list and len(value) == length, f"{what}: an array of {length}")
    return value


def uint(value, low, high, what):
    need(type(value) is int and low <= value <= high, f"{what}: {low} to {high}")
    return value


def binary(value, low, high, what):
    need(type(value) is bytes and low <= len(value) <= high, f"{what}: {low} to {high} bytes")
    return value


def several(value, limit, what):
    need(type(value) is list and len(value) <= limit, f"{what}: at most {limit}")
    return value


def ascending(items, what):
    need(all(a < b for a, b in zip(items, items[1:])), f"{what}: must ascend")
    return items


def identifier(value, what):
    need(type(value) is str and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value), f"{what}: an id")
    return value


def _forbidden(char):
    code = ord(char)
    control = code < 0x20 or 0x7F <= code <= 0x9F
    return char in "+#" or control or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def key_name(value):
    need(type(value) is str and 1 <= len(value.encode()) <= 512, "key: 1 to 512 bytes")
    segments = value.split("/")
    need(len(segments) <= 64 and all(segments), "key: 1 to 64 segments, none empty")
    need(not any(map(_forbidden, value)), "key: a character that topics do not have")
    return value


def scalar(value):
    need(type(value) is not list and type(value) is not Map, "scalar: no array, no map")
    need(len(pack(value)) <= SCALAR_BYTES_MAX, "scalar: too long")
    return value


def depth(value):
    if type(value) is list:
        return 1 + max(map(depth, value), default=0)
    if type(value) is Map:
        return 1 + max((max(depth(k), depth(v)) for k, v in value.pairs), default=0)
    return 0


# --- frames ---------------------------------------------------------------------------------


def seal(body, key_id=b"", signature=b""):
    return pack([1, body, key_id, signature])


def open_sealed(data):
    need(len(data) <= SEALED_BYTES_MAX, "sealed: too long")
    version, body, key_id, signature = array(unpack(data), 4, "frame")
    uint(version, 1, 1, "version")
    binary(body, 0, BODY_BYTES_MAX, "body")
    binary(key_id, 0, 32, "key id")
    need(type(signature) is bytes and len(signature) in (0, 64), "signature: 0 or 64 bytes")
    need(bool(key_id) == bool(signature), "key id and signature go together")
    return Sealed(body, key_id, signature)


def sha256(data):
    return hashlib.sha256(data).digest()


# --- envelopes ------------------------------------------------------------------------------


def decode_envelope(data):
    sealed = open_sealed(data)
    delta = _delta(unpack(sealed.body))
    need(delta.signed == bool(sealed.signature), "signed, but not as it was made")
    return Envelope(delta, sha256(sealed.body), sealed.key_id, sealed.signature)


def _delta(value):
    fields = array(value, 11, "delta")
    fleet, signed, device, epoch, from_, to, number, part, parts, hlc, entries = fields
    identifier(fleet, "fleet")
    need(type(signed) is bool, "signed: a bool")
    identifier(device, "device")
    uint(epoch, 0, U64_MAX, "epoch")
    uint(to, 1, U64_MAX, "to")
    uint(from_, 0, to - 1, "from")
    uint(number, 0, U64_MAX, "id")
    uint(parts, 1, 65535, "parts")
    uint(part, 1, parts, "part")
    uint(hlc, 0, U64_MAX, "hlc")
    read = [_entry(item, device, epoch, to) for item in several(entries, 8192, "entries")]
    ascending([(entry.key.encode(), entry.type) for entry in read], "entries")
    return Delta(fleet, signed, device, epoch, from_, to, number, part, parts, hlc, read)


def _entry(value, device, epoch, to):
    key, kind, lo, hi, payload = array(value, 5, "entry")
    key_name(key)
    uint(kind, 1, 127, "type")
    uint(hi, 1, to, "hi")
    uint(lo, 0, hi - 1, "lo")
    if kind in WHOLE_TYPES:
        need(lo == 0 and hi == to, "an entry of this type reaches from 0 to the end")
    if kind == GCOUNTER:
        uint(payload, 1, U64_MAX, "p")
    elif kind == PNCOUNTER:
        payload = tuple(uint(n, 0, U64_MAX, "p, n") for n in array(payload, 2, "pncounter"))
        need(any(payload), "pncounter: not both 0")
    elif kind == GSET:
        elements = several(payload, 16384, "elements")
        ascending([binary(element, 0, 1024, "element") for element in elements], "elements")
    elif kind == ORSET:
        payload = _orset(payload, lo, hi, device, epoch)
    elif kind == LWW:
        op, hlc, written = array(payload, 3, "register")
        uint(op, 1, to, "op")
        uint(hlc, 0, U64_MAX, "hlc")
        payload = Register(op, hlc, scalar(written))
    else:
        need(depth(payload) <= 8, "unknown payload: too deep")
    return Entry(key, kind, lo, hi, payload)


def _orset(value, lo, hi, device, epoch):
    adds, removed, foreign = array(value, 3, "orset")
    need(type(adds) is Map and len(adds.pairs) <= 16384, "adds: a map")
    ops = [uint(op, lo + 1, hi, "add") for op, _ in adds.pairs]
    ascending(ops, "adds")
    for _, element in adds.pairs:
        binary(element, 0, 1024, "element")
    ascending([uint(op, 1, lo, "removed") for op in several(removed, 16384, "removed")], "removed")
    dots = [array(dot, 3, "foreign") for dot in several(foreign, 16384, "foreign")]
    for owner, owner_epoch, op in dots:
        identifier(owner, "foreign device")
        uint(owner_epoch, 0, U64_MAX, "foreign epoch")
        uint(op, 1, U64_MAX, "foreign op")
        need((owner, owner_epoch) != (device, epoch), "foreign: the actor's own add")
    ascending(dots, "foreign")  # ids are ASCII: Python's order of texts is that of their bytes
    return OrSet(adds.pairs, removed, [tuple(dot) for dot in dots])


def encode_delta(delta):
    """The body. The caller keeps the rules; decode_envelope() of the result checks them."""
    entries = [[e.key, e.type, e.lo, e.hi, _payload(e)] for e in delta.entries]
    return pack([*delta[:-1], entries])


def _payload(entry):
    if entry.type == ORSET:
        return [Map(entry.payload.adds), entry.payload.removed, entry.payload.foreign]
    return entry.payload


# --- acks -----------------------------------------------------------------------------------


def decode_ack(data):
    fields = array(unpack(open_sealed(data).body), 7, "ack")
    kind, fleet, gateway, incarnation, hlc, device, actors = fields
    need(kind == "ack", "another kind of message")
    identifier(fleet, "fleet")
    identifier(gateway, "gateway")
    uint(incarnation, 0, U64_MAX, "incarnation")
    uint(hlc, 0, U64_MAX, "hlc")
    identifier(device, "device")
    read = [_actor(actor) for actor in several(actors, 64, "actors")]
    ascending([actor.epoch for actor in read], "actors")
    return Ack(fleet, gateway, incarnation, hlc, device, read)


def _actor(value):
    epoch, op, digest, points, flags, removals, refusals = array(value, 7, "actor")
    uint(epoch, 0, U64_MAX, "epoch")
    uint(op, 0, U64_MAX, "op")
    binary(digest, 32 if op else 0, 32 if op else 0, "hash")
    points = [tuple(array(point, 2, "point")) for point in several(points, 16, "points")]
    for at, point_hash in points:
        uint(at, 1, U64_MAX, "point")
        binary(point_hash, 32, 32, "hash of a point")
    ascending([at for at, _ in points], "points")
    uint(flags, 0, 1, "flags")
    for removal in several(removals, 8, "removals"):
        binary(removal, 0, SEALED_BYTES_MAX, "removal")
    refusals = [_refusal(item) for item in several(refusals, 16, "refusals")]
    return Actor(epoch, op, digest, points, flags, removals, refusals)


def _refusal(value):
    to, keys, rule = array(value, 3, "refusal")
    uint(to, 1, U64_MAX, "refused")
    named = [tuple(array(item, 2, "a key refused")) for item in several(keys, 16, "keys")]
    for key, kind in named:
        key_name(key)
        uint(kind, 1, 127, "type")
    need(type(rule) is str and len(rule.encode()) <= 200, "rule: a str of at most 200 bytes")
    return to, named, rule


def encode_ack(ack):
    actors = [list(actor) for actor in ack.actors]
    return pack(["ack", ack.fleet, ack.gateway, ack.incarnation, ack.hlc, ack.device, actors])
