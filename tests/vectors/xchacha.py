# SPDX-License-Identifier: Apache-2.0
"""XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, RFC 8439), slow and plain: shares nothing with libsodium.

    seal(key32, nonce24, plain, additional) -> ciphertext and tag"""
import struct

MASK = 0xFFFFFFFF
CONSTANTS = (0x61707865, 0x3320646E, 0x79622D32, 0x6B206574)


def _rotated(v, n):
    return ((v << n) | (v >> (32 - n))) & MASK


def _quarter(s, a, b, c, d):
    for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & MASK
        s[z] = _rotated(s[z] ^ s[x], n)


def _rounds(state):
    s = list(state)
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            _quarter(s, a, b, c, d)
    return s


def _block(key, counter, nonce):
    state = [*CONSTANTS, *struct.unpack('<8I', key), counter, *struct.unpack('<3I', nonce)]
    return struct.pack('<16I', *((a + b) & MASK for a, b in zip(_rounds(state), state)))


def hchacha(key, nonce16):
    s = _rounds([*CONSTANTS, *struct.unpack('<8I', key), *struct.unpack('<4I', nonce16)])
    return struct.pack('<8I', *s[:4], *s[12:])


def _stream(key, nonce, data):
    out = bytearray()
    for i in range(0, len(data), 64):
        block = _block(key, 1 + i // 64, nonce)
        out += bytes(a ^ b for a, b in zip(data[i:i + 64], block))
    return bytes(out)


def _poly1305(key, message):
    r, s = int.from_bytes(key[:16], 'little') & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF, int.from_bytes(key[16:], 'little')
    acc = 0
    for i in range(0, len(message), 16):
        acc = (acc + int.from_bytes(message[i:i + 16] + b'\x01', 'little')) * r % ((1 << 130) - 5)
    return ((acc + s) & ((1 << 128) - 1)).to_bytes(16, 'little')


def _padded(data):
    return data + bytes(-len(data) % 16)


def seal(key, nonce, plain, additional):
    inner, nonce12 = hchacha(key, nonce[:16]), bytes(4) + nonce[16:]
    text = _stream(inner, nonce12, plain)
    mac = _padded(additional) + _padded(text) + struct.pack('<QQ', len(additional), len(text))
    return text + _poly1305(_block(inner, 0, nonce12)[:32], mac)


# The draft's own: section 2.2.1 and appendix A.3.1.
assert hchacha(bytes(range(32)), bytes.fromhex('000000090000004a0000000031415927')).hex() == (
    '82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc')
assert seal(bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58)), b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip "
            b'for the future, sunscreen would be it.', bytes.fromhex('50515253c0c1c2c3c4c5c6c7'))[-16:].hex() == (
                'c0875924c1c7987947deafd8780acf49')
