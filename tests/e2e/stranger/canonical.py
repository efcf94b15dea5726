# SPDX-License-Identifier: Apache-2.0
"""MessagePack in the one canonical form of docs/protocol.md, section 1.

Promise: unpack() accepts exactly the bytes that pack() writes.

    value = unpack(bytes.fromhex("92cd012ca16b"))     # [300, "k"]
    pack(value)                                       # the same bytes again
    unpack(b"\\xcc\\x01")                               # raises Refused: not canonical
"""

import math

import msgpack


class Refused(Exception):
    """These bytes are no message of the protocol."""


class Map:
    """A map as the list of its pairs: a dict would take 1, 1.0 and True for one key."""

    def __init__(self, pairs):
        self.pairs = list(pairs)

    def __eq__(self, other):
        return type(other) is Map and self.pairs == other.pairs


_headers = msgpack.Packer()


def pack(value):
    if type(value) is Map:
        body = b"".join(pack(key) + pack(item) for key, item in value.pairs)
        return _headers.pack_map_header(len(value.pairs)) + body
    if type(value) in (list, tuple):
        return _headers.pack_array_header(len(value)) + b"".join(map(pack, value))
    return msgpack.packb(value, use_bin_type=True)


def _check(value):
    """What re-encoding alone does not show: kinds of value, NaN, -0.0, the order of keys."""
    if type(value) is list:
        for item in value:
            _check(item)
    elif type(value) is Map:
        keys = [pack(key) for key, _ in value.pairs]
        if any(a >= b for a, b in zip(keys, keys[1:])):
            raise Refused("map keys do not ascend")
        for key, item in value.pairs:
            _check(key)
            _check(item)
    elif type(value) is float:
        if math.isnan(value) or (value == 0.0 and math.copysign(1.0, value) < 0):
            raise Refused("NaN or -0.0")
    elif type(value) not in (type(None), bool, int, str, bytes):
        raise Refused("a kind of value that the protocol does not have")


def unpack(data):
    """The one value in `data`. msgpack reads every form; writing it again shows ours."""
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=False, object_pairs_hook=Map)
    except Exception as error:  # msgpack has no common base class for what it raises
        raise Refused(f"not MessagePack: {error!r}") from error
    _check(value)
    if pack(value) != bytes(data):
        raise Refused("not in canonical form")
    return value
