# SPDX-License-Identifier: Apache-2.0
"""Sketches (docs/protocol.md section 7): SipHash-2-4 and an invertible Bloom lookup table, plain and slow."""
import struct

WORD = 2**64 - 1


def siphash(key, data):
    """SipHash-2-4 of bytes whose length is a multiple of 8; key: two numbers of 64 bits."""
    v = [key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573]

    def rotated(x, by):
        return (x << by | x >> (64 - by)) & WORD

    def turn(times):
        for _ in range(times):
            v[0] = (v[0] + v[1]) & WORD
            v[2] = (v[2] + v[3]) & WORD
            v[1], v[3] = rotated(v[1], 13) ^ v[0], rotated(v[3], 16) ^ v[2]
            v[0] = rotated(v[0], 32)
            v[2] = (v[2] + v[1]) & WORD
            v[0] = (v[0] + v[3]) & WORD
            v[1], v[3] = rotated(v[1], 17) ^ v[2], rotated(v[3], 21) ^ v[0]
            v[2] = rotated(v[2], 32)

    for (word,) in struct.iter_unpack('<Q', data + struct.pack('<Q', len(data) % 256 << 56)):
        v[3] ^= word
        turn(2)
        v[0] ^= word
    v[2] ^= 0xFF
    turn(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def sketch_id(token, hash_):
    return siphash((token, 0), hash_)


def check(id_):
    return (id_ * 0x9E3779B97F4A7C15 & WORD) >> 40


def places(id_, cells):
    return [q * (cells // 4) + (id_ >> 16 * q & 0xFFFF) % (cells // 4) for q in range(4)]


def cells_of(ids, cells):
    table = [[0, 0, 0] for _ in range(cells)]
    for id_ in ids:
        for at in places(id_, cells):
            table[at] = [table[at][0] ^ id_, table[at][1] ^ check(id_), (table[at][2] + 1) % 256]
    return b''.join(struct.pack('>Q', ids) + struct.pack('>I', checks)[1:] + bytes([count]) for ids, checks, count in table)
