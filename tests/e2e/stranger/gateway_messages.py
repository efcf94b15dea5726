# SPDX-License-Identifier: Apache-2.0
"""Packs and what gateways say to each other: docs/protocol.md, sections 5, 7 and 8.

Promise: decode_*() raises Refused for everything that the grammar does not allow. A device
needs encode_pack() at most; the test reads the heads of the gateways with the rest.

    payload = encode_pack([envelope, envelope], GZIP)
    head = decode_head(payload_of_a_retained_head)
    head.buckets[3].digest == digest_of([pack([1, "meter-1", 7, "parts", 300])])
"""

import functools
import hashlib
import struct
import zlib
from collections import namedtuple

from canonical import Map, Refused, pack, unpack
from messages import U64_MAX, array, ascending, binary, identifier, need, open_sealed, several
from messages import sha256, uint

PLAIN, LZ4, GZIP = 0, 1, 2
PAYLOAD_BYTES_MAX = 1 << 20
PLAIN_BYTES_MAX = 4 << 20

Pack = namedtuple("Pack", "codec size plain envelopes")
Batch = namedtuple("Batch", "gateway incarnation session number pack")
State = namedtuple("State", "gateway incarnation bucket part parts pack")
Head = namedtuple("Head", "fleet gateway incarnation session number hlc types buckets")
Bucket = namedtuple("Bucket", "digest unknown live published parts")


# --- packs ----------------------------------------------------------------------------------


def _lz4_length(data, at, length):
    while length >= 15:
        length, at = length + data[at], at + 1
        if data[at - 1] != 255:
            break
    return length, at


def lz4_unpack(data, size):
    """One LZ4 block. The end of the data, not the size, ends it."""
    out, at = bytearray(), 0
    try:
        while True:
            token, at = data[at], at + 1
            literals, at = _lz4_length(data, at, token >> 4)
            need(at + literals <= len(data) and len(out) + literals <= size, "lz4: literals")
            out += data[at : at + literals]
            at += literals
            if at == len(data):
                return bytes(out)
            offset = data[at] | data[at + 1] << 8
            matched, at = _lz4_length(data, at + 2, token & 15)
            need(0 < offset <= len(out) and len(out) + matched + 4 <= size, "lz4: match")
            for _ in range(matched + 4):
                out.append(out[-offset])
    except IndexError as error:
        raise Refused("lz4: cut") from error


def gzip_unpack(data, size):
    inflate = zlib.decompressobj(31)
    try:
        plain = inflate.decompress(data, size + 1)
    except zlib.error as error:
        raise Refused(f"gzip: {error}") from error
    need(inflate.eof and not inflate.unused_data, "gzip: cut, or more than one member")
    return plain


def decode_pack(data):
    need(len(data) <= PAYLOAD_BYTES_MAX, "pack: too long")
    frame, codec, size, packed = array(unpack(data), 4, "pack")
    uint(frame, 2, 2, "frame")
    uint(codec, PLAIN, GZIP, "codec")
    binary(packed, 0, PAYLOAD_BYTES_MAX, "data")
    uint(size, 0, min(PLAIN_BYTES_MAX, 256 * len(packed)), "size")
    unpackers = {PLAIN: lambda plain, _: plain, LZ4: lz4_unpack, GZIP: gzip_unpack}
    plain = unpackers[codec](packed, size)
    need(len(plain) == size, "pack: not the size that was announced")
    envelopes = several(unpack(plain), 65536, "envelopes")
    for envelope in envelopes:
        binary(envelope, 0, PLAIN_BYTES_MAX, "envelope")
    return Pack(codec, size, plain, envelopes)


def encode_pack(envelopes, codec=PLAIN):
    """A writer compresses only when that is smaller."""
    plain = pack(envelopes)
    if codec == GZIP:
        deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
        packed = deflate.compress(plain) + deflate.flush()
        if len(packed) < len(plain) <= 256 * len(packed):
            return pack([2, GZIP, len(plain), packed])
    return pack([2, PLAIN, len(plain), plain])


# --- batch, state, head ---------------------------------------------------------------------


def decode_batch(data):
    need(len(data) <= PAYLOAD_BYTES_MAX, "batch: too long")
    frame, gateway, incarnation, session, number, inner = array(unpack(data), 6, "batch")
    uint(frame, 3, 3, "frame")
    identifier(gateway, "gateway")
    uint(incarnation, 0, U64_MAX, "incarnation")
    uint(session, 0, U64_MAX, "session")
    uint(number, 1, U64_MAX, "number")
    decode_pack(binary(inner, 0, PAYLOAD_BYTES_MAX, "pack"))
    return Batch(gateway, incarnation, session, number, inner)


def _parts(value, low):
    uint(value, low, 65536, "parts")
    need(value & (value - 1) == 0, "parts: a power of two")
    return value


def decode_state(data):
    need(len(data) <= PAYLOAD_BYTES_MAX, "state: too long")
    frame, gateway, incarnation, bucket, part, parts, inner = array(unpack(data), 7, "state")
    uint(frame, 4, 4, "frame")
    identifier(gateway, "gateway")
    uint(incarnation, 0, U64_MAX, "incarnation")
    uint(bucket, 0, 63, "bucket")
    uint(part, 0, _parts(parts, 1) - 1, "part")
    decode_pack(binary(inner, 0, PAYLOAD_BYTES_MAX, "pack"))
    return State(gateway, incarnation, bucket, part, parts, inner)


def _hash_or_empty(value, what):
    need(type(value) is bytes and len(value) in (0, 32), f"{what}: a hash, or empty")
    return value


def _bucket(value):
    digest, unknown, live, published, parts = array(value, 5, "bucket")
    binary(digest, 32, 32, "digest")
    _hash_or_empty(unknown, "unknown")
    uint(live, 0, U64_MAX, "live")
    _hash_or_empty(published, "published")
    _parts(parts, 0)
    need(bool(published) == (parts > 0), "published and parts go together")
    return Bucket(digest, unknown, live, published, parts)


def decode_head(data):
    fields = array(unpack(open_sealed(data).body), 9, "head")
    kind, fleet, gateway, incarnation, session, number, hlc, types, buckets = fields
    need(kind == "head", "another kind of message")
    identifier(fleet, "fleet")
    identifier(gateway, "gateway")
    for value in (incarnation, session, number, hlc):
        uint(value, 0, U64_MAX, "a number of the head")
    types = several(types, 127, "types")
    ascending([uint(kind, 1, 127, "type") for kind in types], "types")
    need(type(buckets) is Map and len(buckets.pairs) <= 64, "buckets: a map")
    numbers = [uint(bucket, 0, 63, "bucket") for bucket, _ in buckets.pairs]
    ascending(numbers, "buckets")
    read = {bucket: _bucket(value) for bucket, value in buckets.pairs}
    return Head(fleet, gateway, incarnation, session, number, hlc, types, read)


def encode_head(head):
    buckets = Map((number, list(bucket)) for number, bucket in head.buckets.items())
    return pack(["head", *head[:-1], buckets])


# --- digests --------------------------------------------------------------------------------


def _quarter(x, a, b, c, d):
    for first, second, third, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[first] = (x[first] + x[second]) & 0xFFFFFFFF
        mixed = x[third] ^ x[first]
        x[third] = (mixed << turn | mixed >> (32 - turn)) & 0xFFFFFFFF


@functools.lru_cache(maxsize=10_000)
def chacha20_stream(key, blocks):
    """The key stream of RFC 8439 with nonce and counter zero. Slow here, hence the cache."""
    out = b""
    for counter in range(blocks):
        start = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key)]
        start += [counter, 0, 0, 0]
        x = list(start)
        for _ in range(10):
            for i in range(4):
                _quarter(x, i, i + 4, i + 8, i + 12)
            for i in range(4):
                _quarter(x, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12)
        out += struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(x, start)))
    return out


def lanes_of(atoms):
    lanes = [0] * 1024
    for atom in atoms:
        stream = chacha20_stream(sha256(atom), 32)
        lanes = [(a + b) & 0xFFFF for a, b in zip(lanes, struct.unpack("<1024H", stream))]
    return struct.pack("<1024H", *lanes)


def digest_of(atoms):
    return sha256(lanes_of(atoms))


def bucket_of(device, epoch):
    return hashlib.sha256(device.encode() + b"\0" + struct.pack(">Q", epoch)).digest()[0] % 64


def part_of(envelope_hash, parts):
    return int.from_bytes(envelope_hash[:4], "big") % parts
