# SPDX-License-Identifier: Apache-2.0
"""What the vectors are made of: canonical MessagePack, SHA-256, LZ4 blocks, gzip members, ChaCha20 and LtHash, from their
specifications and nothing but Python's own library."""
import hashlib
import struct
import zlib


class Raw(bytes):
    """Bytes that stand in a message as they are: how the invalid vectors are made."""


def header(n, short, fix, leads):
    """A length: `short` values from lead `fix`, then 8, 16 and 32 bits (None: the format has no such form)."""
    if n < short:
        return bytes([fix + n])
    for lead, form, over in zip(leads, ('>B', '>H', '>I'), (0x100, 0x10000, 0x100000000)):
        if lead and n < over:
            return bytes([lead]) + struct.pack(form, n)
    raise ValueError(n)


def pack_int(n):
    if n >= 0:
        forms = ((0x80, b'', '>B'), (0x100, b'\xcc', '>B'), (0x10000, b'\xcd', '>H'), (2**32, b'\xce', '>I'), (2**64, b'\xcf', '>Q'))
        return next(lead + struct.pack(form, n) for over, lead, form in forms if n < over)
    forms = ((-32, b'', '>b'), (-128, b'\xd0', '>b'), (-32768, b'\xd1', '>h'), (-2**31, b'\xd2', '>i'), (-2**63, b'\xd3', '>q'))
    return next(lead + struct.pack(form, n) for least, lead, form in forms if n >= least)


def pack(x):
    """Canonical MessagePack; dict keys stay in the order given."""
    if isinstance(x, Raw):
        return bytes(x)
    if x is None or isinstance(x, bool):
        return {None: b'\xc0', False: b'\xc2', True: b'\xc3'}[x]
    if isinstance(x, int):
        return pack_int(x)
    if isinstance(x, float):
        return b'\xcb' + struct.pack('>d', x)
    if isinstance(x, str):
        text = x.encode()
        return header(len(text), 32, 0xA0, (0xD9, 0xDA, 0xDB)) + text
    if isinstance(x, bytes):
        return header(len(x), 0, 0, (0xC4, 0xC5, 0xC6)) + x
    if isinstance(x, dict):
        return header(len(x), 16, 0x80, (None, 0xDE, 0xDF)) + b''.join(pack(k) + pack(v) for k, v in x.items())
    return header(len(x), 16, 0x90, (None, 0xDC, 0xDD)) + b''.join(pack(v) for v in x)


def body_of(sealed):
    """The body of a frame that this program made."""
    at, form = {0xC4: (4, '>B'), 0xC5: (5, '>H'), 0xC6: (7, '>I')}[sealed[2]]
    return sealed[at:at + struct.unpack(form, sealed[3:at])[0]]


def sha(data):
    return hashlib.sha256(data).digest()


def lz4_length(n):
    return b'' if n < 15 else b'\xff' * ((n - 15) // 255) + bytes([(n - 15) % 255])


def lz4_block(data):
    """A greedy LZ4 block writer: enough for vectors (the format ends with 5 literals, no match in the last 12 bytes)."""
    out, seen, at, done = b'', {}, 0, 0
    while at + 12 <= len(data):
        word = data[at:at + 4]
        back = at - seen.get(word, at)
        seen[word] = at
        if not 0 < back < 65536:
            at += 1
            continue
        n = 4
        while at + n < len(data) - 5 and data[at + n] == data[at - back + n]:
            n += 1
        literals = data[done:at]
        out += bytes([min(len(literals), 15) << 4 | min(n - 4, 15)]) + lz4_length(len(literals)) + literals
        out += struct.pack('<H', back) + lz4_length(n - 4)
        at += n
        done = at
    return out + bytes([min(len(data) - done, 15) << 4]) + lz4_length(len(data) - done) + data[done:]


def gzip_member(data):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b'\x1f\x8b\x08' + bytes(6) + b'\xff' + deflate.compress(data) + deflate.flush() + struct.pack('<II', zlib.crc32(data), len(data))


def chacha20_stream(key, blocks):
    """RFC 8439 key stream, nonce and counter from zero."""
    def rotate(v, n):
        return (v << n | v >> (32 - n)) & 0xFFFFFFFF

    def quarter(s, a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] = rotate(s[z] ^ s[x], n)
    out = b''
    for counter in range(blocks):
        start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack('<8I', key), counter, 0, 0, 0]
        s = list(start)
        for _ in range(10):
            for i in range(4):
                quarter(s, i, 4 + i, 8 + i, 12 + i)
            for i in range(4):
                quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
        out += struct.pack('<16I', *((a + b) & 0xFFFFFFFF for a, b in zip(s, start)))
    return out


def lthash(atoms):
    lanes = [0] * 1024
    for atom in atoms:
        for i, v in enumerate(struct.unpack('<1024H', chacha20_stream(sha(atom), 32))):
            lanes[i] = (lanes[i] + v) & 0xFFFF
    return struct.pack('<1024H', *lanes)
