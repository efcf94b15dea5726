# SPDX-License-Identifier: Apache-2.0
"""Values that only holders of a key read (docs/protocol.md section 14)."""
import hashlib

import xchacha
from primitives import pack

KEYS = [bytes(range(32)), bytes.fromhex('9d' * 32)]


def derived(key, purpose):
    return hashlib.blake2b(f'tributary/1 value {purpose}'.encode(), key=key, digest_size=32).digest()


def where(fleet, kind, key):
    return f'tributary/1 value {fleet}\n'.encode() + bytes([kind]) + key.encode()


def sealed(value_key, fleet, kind, key, plain, salt=b''):
    place = where(fleet, kind, key)
    said = f'{len(place)} {len(salt)}\n'.encode() + place + salt + plain
    nonce = hashlib.blake2b(said, key=derived(value_key, 'nonces'), digest_size=24).digest()
    return b'tsv1' + derived(value_key, 'id')[:8] + nonce + xchacha.seal(derived(value_key, 'cipher'), nonce, plain, place)


def secrets():
    cases = [('an element', 0, 'demo', 4, 'hall/badges', b'badge-17', b''), ('an empty element', 0, 'demo', 3, 'hall/badges', b'', b''),
             ('another key', 1, 'demo', 4, 'hall/badges', b'badge-17', b''), ('another fleet', 0, 'plant', 4, 'hall/badges', b'badge-17', b''),
             ('another type', 0, 'demo', 3, 'hall/badges', b'badge-17', b''), ('another place', 0, 'demo', 4, 'hall/badge', b's' + b'badge-17', b''),
             ('a reading', 0, 'demo', 5, 'hall/temperature', pack(21.5), b'7 12'), ('the same, later', 0, 'demo', 5, 'hall/temperature', pack(21.5), b'7 13'),
             ('an element of 972 bytes', 0, 'demo', 4, 'hall/badges', bytes(i % 251 for i in range(972)), b'')]
    return {'valid': [{'name': name, 'key': KEYS[n].hex(), 'id': derived(KEYS[n], 'id')[:8].hex(), 'fleet': fleet, 'type': kind, 'place': place,
                       'plain': plain.hex(), 'salt': salt.hex(), 'hex': sealed(KEYS[n], fleet, kind, place, plain, salt).hex()}
                      for name, n, fleet, kind, place, plain, salt in cases]}
