#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the test vectors of docs/protocol.md: an implementation of that page that shares nothing with the C++ one.

    python3 generate.py            write *.json beside this file
    python3 generate.py --check    say which of them would change; exit status 1 when one would

Needs nothing but Python 3.9. See README.md for the form of the files."""
import json
import pathlib
import struct
import sys
import zlib

sys.dont_write_bytecode = True  # leaves nothing behind in the source tree
from envelopes import (BAD_IDS, BAD_KEYS, COUNTER, GOOD_IDS, GOOD_KEYS, U64, body, envelope, invalid, invalid_deltas,
                       invalid_entries, invalid_frames, invalid_payloads, invalid_runs, invalid_scalars, num, seal, valid_envelopes,
                       valid_scalars)
from evidences import FIVE, SIX, invalid_evidence, valid_evidence
from primitives import Raw, body_of, gzip_member, lthash, lz4_block, pack, sha
from seals import (invalid_cosignatures, invalid_proposals, invalid_seal_parts, invalid_seals, valid_cosignatures, valid_proposals,
                   valid_seal_parts, valid_seals)
from settlements import (invalid_closings, invalid_exemptions, invalid_removals, invalid_settlements, invalid_withdrawals, valid_closings,
                         valid_exemptions, valid_removals, valid_settlements, valid_withdrawals)
from signatures import SIGNED_COUNTER, invalid_records, refused_keys, refused_of_a_good_key, valid_records, valid_signatures
from sketches import cells_of, siphash, sketch_id
from value_secrets import secrets

HERE = pathlib.Path(__file__).parent


# ------------------------------------------------------------------------------ ids, keys, buckets
def bucket(device, epoch):
    return sha(device.encode() + b'\0' + struct.pack('>Q', epoch))[0] % 64


def names():
    return {'keys': {'valid': GOOD_KEYS, 'invalid': [key for _, key in BAD_KEYS if isinstance(key, str)]},
            'ids': {'valid': GOOD_IDS, 'invalid': BAD_IDS},
            'buckets': [{'device': d, 'epoch': num(e), 'bucket': bucket(d, e)}
                        for d in ('a', 'meter-1', 'x' * 64) for e in (0, 1, 255, 2**32, 0x0123456789ABCDEF, U64)]}


# ----------------------------------------------------------------------------------------- packs
def pack_of(codec, plain, data=None, size=None):
    data = {0: bytes, 1: lz4_block, 2: gzip_member}[codec](plain) if data is None else data
    return pack([2, codec, len(plain) if size is None else size, data])


ENVELOPES = [envelope(('parts', 1, 0, n, n), to=n, frm=n - 1) for n in range(1, 21)]
PLAIN = pack(ENVELOPES)


def valid_packs():
    def v(name, codec, envelopes):
        plain = pack(envelopes)
        return {'name': name, 'hex': pack_of(codec, plain).hex(), 'plain_sha256': sha(plain).hex(),
                'fields': {'codec': codec, 'size': len(plain), 'envelopes': [e.hex() for e in envelopes]}}
    yield v('plain', 0, ENVELOPES[:1])
    yield v('plain, empty', 0, [])
    yield v('plain, two', 0, ENVELOPES[:2])
    yield v('lz4', 1, ENVELOPES)
    yield v('gzip', 2, ENVELOPES)


def invalid_packs():
    lz4, member = lz4_block(PLAIN), gzip_member(PLAIN)
    yield invalid('an envelope', 'version', ENVELOPES[0])
    yield invalid('a pack of 3', 'type', pack([2, 0, 1]))
    yield invalid('codec 3', 'range', pack([2, 3, 1, b'\x90']))
    yield invalid('size over 4 MiB', 'limit', pack([2, 1, 4 * 2**20 + 1, lz4]))
    yield invalid('size over 256 times the data', 'limit', pack([2, 1, 257, b'a']))
    yield invalid('size 1 of no data', 'limit', pack([2, 1, 1, b'']))
    yield invalid('plain, size too small', 'compression', pack_of(0, PLAIN, size=len(PLAIN) - 1))
    yield invalid('plain, size too large', 'compression', pack_of(0, PLAIN, size=len(PLAIN) + 1))
    yield invalid('lz4, size too small', 'compression', pack_of(1, PLAIN, size=len(PLAIN) - 1))
    yield invalid('lz4, size too large', 'compression', pack_of(1, PLAIN, size=len(PLAIN) + 1))
    yield invalid('lz4, cut', 'compression', pack_of(1, PLAIN, data=lz4[:-1]))
    yield invalid('lz4, an offset before the start', 'compression', pack_of(1, b'x' * 20, data=b'\x11x\x09\x00\x50xxxxx'))
    yield invalid('lz4, nothing', 'limit', pack_of(1, PLAIN, data=b''))
    yield invalid('gzip, size too small', 'compression', pack_of(2, PLAIN, size=len(PLAIN) - 1))
    yield invalid('gzip, size too large', 'compression', pack_of(2, PLAIN, size=len(PLAIN) + 1))
    yield invalid('gzip, a byte too many', 'compression', pack_of(2, PLAIN, data=member + b'\0'))
    yield invalid('gzip, cut', 'compression', pack_of(2, PLAIN, data=member[:-1]))
    yield invalid('gzip, wrong checksum', 'compression', pack_of(2, PLAIN, data=member[:-8] + bytes(4) + member[-4:]))
    yield invalid('gzip, two members', 'compression', pack_of(2, PLAIN * 2, data=member * 2))
    yield invalid('zlib in place of gzip', 'compression', pack_of(2, PLAIN, data=zlib.compress(PLAIN)))
    yield invalid('a byte too many', 'trailing', pack_of(0, PLAIN) + b'\0')
    yield invalid('unpacked: a byte too many', 'trailing', pack_of(0, PLAIN + b'\0'))
    yield invalid('unpacked: nothing', 'truncated', pack_of(0, b''))
    yield invalid('unpacked: a map', 'type', pack_of(0, b'\x80'))
    yield invalid('unpacked: str', 'type', pack_of(0, pack(['a'])))
    yield invalid('unpacked: 4 billion', 'limit', pack_of(0, b'\xdd\xff\xff\xff\xff'))
    yield invalid('unpacked: 65,536 in no bytes', 'truncated', pack_of(0, b'\xdd\x00\x01\x00\x00'))
    yield invalid('unpacked: array 16 of one', 'not_canonical', pack_of(0, b'\xdc\x00\x01\xc4\x00'))
    yield invalid('unpacked: cut', 'truncated', pack_of(0, b'\x91\xc4\x05abc'))
    yield invalid('unpacked: 4 GiB', 'limit', pack_of(0, b'\x91\xc6\xff\xff\xff\xff'))


# ------------------------------------------------------------------------------- batches and states
def valid_batches():
    inner = pack_of(0, pack(ENVELOPES[:1]))
    for name, f in (('first', ('gw-a', 1, 2, 1)), ('largest numbers', ('g' * 64, U64, U64, U64))):
        yield {'name': name, 'hex': pack([3, *f, inner]).hex(), 'fields': {
            'gateway': f[0], 'incarnation': num(f[1]), 'session': num(f[2]), 'number': num(f[3]), 'pack': inner.hex()}}


def invalid_batches():
    inner = pack_of(0, pack(ENVELOPES[:1]))
    yield invalid('number 0', 'range', pack([3, 'gw-a', 1, 2, 0, inner]))
    yield invalid('frame 4', 'version', pack([4, 'gw-a', 1, 2, 1, inner]))
    yield invalid('a batch of 5', 'type', pack([3, 'gw-a', 1, 2, inner]))
    yield invalid('gateway empty', 'utf8', pack([3, '', 1, 2, 1, inner]))
    yield invalid('pack as array', 'type', pack([3, 'gw-a', 1, 2, 1, Raw(inner)]))
    yield invalid('a byte too many', 'trailing', pack([3, 'gw-a', 1, 2, 1, inner]) + b'\0')
    yield invalid('cut', 'truncated', pack([3, 'gw-a', 1, 2, 1, inner])[:-1])
    yield invalid_runs('1,048,577 bytes', 'limit', (b'\x96\x03', 1), (b'\x00', 1048575))


def valid_states():
    inner = pack_of(0, pack(ENVELOPES[:1]))
    for name, f in (('only part', ('gw-a', 1, 63, 0, 1)), ('last of 8', ('gw-a', U64, 0, 7, 8)), ('of most parts', ('gw-a', 1, 1, 65535, 65536))):
        yield {'name': name, 'hex': pack([4, *f, inner]).hex(), 'fields': {
            'gateway': f[0], 'incarnation': num(f[1]), 'bucket': f[2], 'part': f[3], 'parts': f[4], 'pack': inner.hex()}}


def invalid_states():
    inner = pack_of(0, pack(ENVELOPES[:1]))
    for name, f in (('bucket 64', (64, 0, 1)), ('part 1 of 1', (0, 1, 1)), ('3 parts', (0, 0, 3)), ('no parts', (0, 0, 0)),
                    ('131,072 parts', (0, 0, 131072))):
        yield invalid(name, 'range', pack([4, 'gw-a', 1, *f, inner]))
    yield invalid('frame 3', 'version', pack([3, 'gw-a', 1, 0, 0, 1, inner]))
    yield invalid('a state of 6', 'type', pack([4, 'gw-a', 1, 0, 0, 1]))
    yield invalid('a byte too many', 'trailing', pack([4, 'gw-a', 1, 0, 0, 1, inner]) + b'\0')


# ------------------------------------------------------------------------------- asks and answers
HASHES = [sha(body_of(e)) for e in ENVELOPES]


def valid_asks():
    def v(name, gateway, token, buckets, hashes, cells):
        bytes_ = cells_of([sketch_id(token, h) for h in hashes], cells)
        return {'name': name, 'hex': pack([5, gateway, token, buckets, bytes_]).hex(), 'fields': {
            'gateway': gateway, 'token': num(token), 'buckets': num(buckets), 'cells': bytes_.hex()}, 'hashes': [h.hex() for h in hashes]}
    yield v('one envelope in four cells', 'gw-a', 7, 1 << 3, HASHES[:1], 4)
    yield v('nothing', 'gw-a', 0, 1, [], 4)
    yield v('twenty envelopes, all buckets', 'g' * 64, U64, U64, HASHES, 40)


def invalid_asks():
    cells = cells_of([sketch_id(7, HASHES[0])], 4)
    yield invalid('frame 6', 'version', pack([6, 'gw-a', 7, 8, cells]))
    yield invalid('an ask of 4', 'type', pack([5, 'gw-a', 7, 8]))
    yield invalid('gateway empty', 'utf8', pack([5, '', 7, 8, cells]))
    yield invalid('token negative', 'range', pack([5, 'gw-a', -1, 8, cells]))
    yield invalid('no buckets', 'range', pack([5, 'gw-a', 7, 0, cells]))
    yield invalid('no cells', 'range', pack([5, 'gw-a', 7, 8, b'']))
    yield invalid('three cells', 'range', pack([5, 'gw-a', 7, 8, cells[:36]]))
    yield invalid('a cell cut', 'range', pack([5, 'gw-a', 7, 8, cells[:-1]]))
    yield invalid('16,388 cells', 'limit', pack([5, 'gw-a', 7, 8, bytes(16388 * 12)]))
    yield invalid('cells as str', 'type', pack([5, 'gw-a', 7, 8, 'a' * 48]))
    yield invalid('a byte too many', 'trailing', pack([5, 'gw-a', 7, 8, cells]) + b'\0')
    yield invalid_runs('1,048,577 bytes', 'limit', (b'\x95\x05', 1), (b'\x00', 1048575))


def ids_of(ids):
    return b''.join(struct.pack('>Q', i) for i in ids)


def valid_answers():
    def v(name, gateway, token, outcome, lacks, envelopes):
        inner = pack_of(0, pack(envelopes))
        return {'name': name, 'hex': pack([6, gateway, token, outcome, ids_of(lacks), inner]).hex(), 'fields': {
            'gateway': gateway, 'token': num(token), 'outcome': outcome, 'lacks': [num(i) for i in lacks], 'pack': inner.hex()}}
    yield v('one envelope, and one lacks', 'gw-b', 7, 0, [sketch_id(7, HASHES[0])], ENVELOPES[1:2])
    yield v('nothing on either side', 'gw-b', 0, 0, [], [])
    yield v('some', 'g' * 64, U64, 1, [0, 1, U64], ENVELOPES[:2])
    yield v('unclear', 'gw-b', 7, 2, [], [])


def invalid_answers():
    inner = pack_of(0, pack(ENVELOPES[:1]))
    yield invalid('frame 5', 'version', pack([5, 'gw-b', 7, 0, b'', inner]))
    yield invalid('an answer of 5', 'type', pack([6, 'gw-b', 7, 0, b'']))
    yield invalid('outcome 3', 'range', pack([6, 'gw-b', 7, 3, b'', inner]))
    yield invalid('half an id', 'range', pack([6, 'gw-b', 7, 0, b'1234', inner]))
    yield invalid('ids out of order', 'not_canonical', pack([6, 'gw-b', 7, 0, ids_of([2, 1]), inner]))
    yield invalid('an id twice', 'not_canonical', pack([6, 'gw-b', 7, 0, ids_of([2, 2]), inner]))
    yield invalid('16,385 ids', 'limit', pack([6, 'gw-b', 7, 0, ids_of(range(16385)), inner]))
    yield invalid('pack as array', 'type', pack([6, 'gw-b', 7, 0, b'', Raw(inner)]))
    yield invalid('cut', 'truncated', pack([6, 'gw-b', 7, 0, b'', inner])[:-1])
    yield invalid('a byte too many', 'trailing', pack([6, 'gw-b', 7, 0, b'', inner]) + b'\0')
    yield invalid_runs('1,048,577 bytes', 'limit', (b'\x96\x06', 1), (b'\x00', 1048575))


def sketches():
    # The vector of Aumasson and Bernstein: key 00 … 0f, data 00 … 07.
    key = struct.unpack('<QQ', bytes(range(16)))
    ids = [{'token': num(t), 'hash': h.hex(), 'id': num(sketch_id(t, h))} for t in (0, 7, U64) for h in HASHES[:2]]
    return {'siphash': num(siphash(key, bytes(range(8)))), 'ids': ids}


# ---------------------------------------------------------------------------------- acks and heads
def ack_body(*actors, **over):
    d = {**dict(kind='ack', fleet='demo', gateway='gw-a', incarnation=42, hlc=1_700_000_000_123 << 16, device='meter-1'), **over}
    return pack([*d.values(), actors])


def actor(epoch=7, op=0, hash_=b'', points=(), flags=0, removals=(), refusals=()):
    return [epoch, op, hash_, list(points), flags, list(removals), list(refusals)]


def actor_fields(a):
    return {'epoch': num(a[0]), 'op': num(a[1]), 'hash': a[2].hex(), 'points': [[num(op), h.hex()] for op, h in a[3]],
            'send_from_zero': bool(a[4]), 'removals': [e.hex() for e in a[5]],
            'refusals': [{'to': num(f[0]), 'keys': [list(k) for k in f[1]], 'rule': f[2]} for f in a[6]]}


def valid_acks():
    def v(name, *actors):
        return {'name': name, 'hex': seal(ack_body(*actors)).hex(), 'fields': {
            'fleet': 'demo', 'gateway': 'gw-a', 'incarnation': '42', 'hlc': num(1_700_000_000_123 << 16), 'device': 'meter-1',
            'actors': [actor_fields(a) for a in actors]}}
    h = sha(body(COUNTER))
    yield v('operations 1 … 9', actor(op=9, hash_=h))
    yield v('nothing yet', actor())
    yield v('beyond a gap', actor(op=4, hash_=sha(b'4'), points=[(9, h), (12, sha(b'12'))]))
    yield v('send from 0', actor(op=9, hash_=h, flags=1))
    yield v('a removal', actor(op=9, hash_=h, removals=[envelope(('alarms', 4, 0, 9, [{}, [], [('meter-1', 7, 3)]]), device='meter-2')]))
    yield v('a refusal', actor(refusals=[(9, [('parts', 1), ('secret', 5)], 'not granted'), (U64, [], '')]))
    yield v('three epochs', actor(epoch=0), actor(epoch=1, op=U64, hash_=h), actor(epoch=U64))
    yield v('no actors')
    yield v('16 points', actor(points=[(n, sha(bytes([n]))) for n in range(1, 17)]))


def invalid_acks():
    def bad(name, error, *actors, **over):
        return invalid(name, error, seal(ack_body(*actors, **over)))
    h = sha(b'')
    yield bad('another kind', 'type', kind='head')
    yield bad('kind as bin', 'type', kind=b'ack')
    yield bad('fleet empty', 'utf8', fleet='')
    yield bad('epochs out of order', 'not_canonical', actor(epoch=2), actor(epoch=1))
    yield bad('an epoch twice', 'not_canonical', actor(), actor())
    yield bad('op without hash', 'range', actor(op=1))
    yield bad('hash without op', 'range', actor(hash_=h))
    yield bad('hash of 31', 'range', actor(op=1, hash_=h[:31]))
    yield bad('hash of 33', 'limit', actor(op=1, hash_=h + b'a'))
    yield bad('17 points', 'limit', actor(points=[(n, h) for n in range(1, 18)]))
    yield bad('points out of order', 'not_canonical', actor(points=[(2, h), (1, h)]))
    yield bad('a point twice', 'not_canonical', actor(points=[(2, h), (2, h)]))
    yield bad('point 0', 'range', actor(points=[(0, h)]))
    yield bad('point without hash', 'range', actor(points=[(1, b'')]))
    yield bad('flags 2', 'range', actor(flags=2))
    yield bad('flags as bool', 'type', actor(flags=True))
    yield bad('9 removals', 'limit', actor(removals=[b''] * 9))
    yield bad('17 refusals', 'limit', actor(refusals=[(1, [], '')] * 17))
    yield bad('refusal of 0', 'range', actor(refusals=[(0, [], '')]))
    yield bad('refusal of 17 keys', 'limit', actor(refusals=[(1, [('k', 1)] * 17, '')]))
    yield bad('refusal of a bad key', 'utf8', actor(refusals=[(1, [('a//b', 1)], '')]))
    yield bad('refusal of type 0', 'range', actor(refusals=[(1, [('k', 0)], '')]))
    yield bad('rule of 201', 'limit', actor(refusals=[(1, [], 'r' * 201)]))
    yield bad('rule not UTF-8', 'utf8', actor(refusals=[(1, [], Raw(b'\xa1\xff'))]))
    yield bad('65 actors', 'limit', *[actor(epoch=n) for n in range(65)])
    yield invalid('a byte too many in the body', 'trailing', seal(ack_body() + b'\0'))
    yield invalid('an envelope', 'type', envelope(COUNTER))


def head_body(types=(1, 2, 3, 4, 5), buckets=None, **over):
    d = {**dict(kind='head', fleet='demo', gateway='gw-a', incarnation=42, session=43, number=17, hlc=1_700_000_000_123 << 16), **over}
    return pack([*d.values(), list(types), buckets or {}])


def valid_heads():
    def v(name, types, buckets, number=17):
        return {'name': name, 'hex': seal(head_body(types, buckets, number=number)).hex(), 'fields': {
            'fleet': 'demo', 'gateway': 'gw-a', 'incarnation': '42', 'session': '43', 'number': num(number),
            'hlc': num(1_700_000_000_123 << 16), 'types': list(types), 'buckets': [
                {'bucket': b, 'digest': f[0].hex(), 'unknown': f[1].hex(), 'live': num(f[2]), 'published': f[3].hex(), 'parts': f[4]}
                for b, f in buckets.items()]}}
    yield v('empty', (1, 2, 3, 4, 5), {}, number=0)
    yield v('two buckets', (1, 2, 3, 4, 5), {3: [sha(b'd'), b'', 12, sha(b'p'), 1], 63: [sha(b'e'), sha(b'u'), 1, b'', 0]})
    yield v('all buckets', (1, 127), {b: [sha(bytes([b])), b'', b, sha(b'p'), 65536] for b in range(64)})
    yield v('no types', (), {0: [sha(b'd'), b'', U64, sha(b'p'), 8]})


def invalid_heads():
    def bad(name, error, **over):
        return invalid(name, error, seal(head_body(**over)))
    d, p = sha(b'd'), sha(b'p')
    good = [d, b'', 1, p, 1]
    yield bad('another kind', 'type', kind='ack')
    yield bad('types out of order', 'not_canonical', types=[2, 1])
    yield bad('type 0', 'range', types=[0])
    yield bad('type 128', 'range', types=[128])
    yield bad('128 types', 'limit', types=[1] * 128)
    yield bad('bucket 64', 'range', buckets={64: good})
    yield bad('buckets out of order', 'not_canonical', buckets={2: good, 1: good})
    yield bad('a bucket twice', 'not_canonical', buckets=Raw(b'\x82' + 2 * (b'\x01' + pack(good))))
    yield bad('65 buckets', 'limit', buckets=Raw(b'\xde\x00\x41'))
    yield bad('bucket of 4', 'type', buckets={0: good[:4]})
    yield bad('digest empty', 'range', buckets={0: [b'', b'', 1, p, 1]})
    yield bad('digest of 20', 'range', buckets={0: [d[:20], b'', 1, p, 1]})
    yield bad('unknown of 20', 'range', buckets={0: [d, d[:20], 1, p, 1]})
    yield bad('3 parts', 'range', buckets={0: [d, b'', 1, p, 3]})
    yield bad('published, no parts', 'range', buckets={0: [d, b'', 1, p, 0]})
    yield bad('parts, not published', 'range', buckets={0: [d, b'', 1, b'', 1]})
    yield bad('131,072 parts', 'range', buckets={0: [d, b'', 1, p, 131072]})
    yield invalid('a byte too many in the body', 'trailing', seal(head_body() + b'\0'))


# ---------------------------------------------------------------------------------------- digests
ATOMS = [('gcounter', [1, 'meter-1', 7, 'parts', 300]), ('pncounter', [2, 'meter-1', 7, 'people', 120, 113]),
         ('gset', [3, 'meter-1', 7, 'badges', b'anna']), ('orset live', [4, 'meter-1', 7, 'alarms', 'live', 9, b'smoke']),
         ('orset covered', [4, 'meter-1', 7, 'alarms', 'covered', [[0, 4], [6, 9]]]),
         ('orset foreign', [4, 'meter-1', 7, 'alarms', 'foreign', 'meter-2', 1, 40]),
         ('lww', [5, 'meter-1', 7, 'temperature', 9, 1, pack(21.5)]), ('unknown', [77, 'meter-1', 7, 'future', 3, 9, 9, pack([None])]),
         ('evidence', [0, 'meter-1', 7, *sorted((sha(body_of(FIVE)), sha(body_of(SIX))))])]


def digests():
    atoms = [pack(a) for _, a in ATOMS]
    sets = [('nothing', []), ('one atom', atoms[:1]), ('two atoms', atoms[:2]), ('the same two, other way round', atoms[1::-1]), ('all', atoms)]
    parts = [[], []]
    for e in ENVELOPES:
        parts[struct.unpack('>I', sha(body_of(e))[:4])[0] % 2].append(e)
    for part in parts:
        part.sort(key=lambda e: sha(body_of(e)))
    hashes = [sha(pack(part)) for part in parts]
    return {'atoms': [{'name': n, 'hex': pack(a).hex(), 'sha256': sha(pack(a)).hex()} for n, a in ATOMS],
            'digests': [{'name': n, 'atoms': [a.hex() for a in s], 'lanes_begin': lthash(s)[:16].hex(), 'digest': sha(lthash(s)).hex()}
                        for n, s in sets],
            'published': {'envelopes': [e.hex() for e in ENVELOPES], 'parts': [[e.hex() for e in part] for part in parts],
                          'part_hashes': [h.hex() for h in hashes], 'published': sha(b''.join(hashes)).hex()}}


# -------------------------------------------------------------------------------------- signatures
def signatures():
    ack = ack_body(actor(op=9, hash_=sha(SIGNED_COUNTER)))
    head = head_body(buckets={3: [sha(b'd'), b'', 12, sha(b'p'), 1]})
    return {'valid': list(valid_signatures(ack, head)), 'refused': [*refused_of_a_good_key(), *refused_keys()]}


# ----------------------------------------------------------------------- a whole session of a device
def session():
    root, at = 'tributary/v1/demo', 1_700_000_000_000 << 16

    def up(frm, to, p, id_, said):
        return dict(topic=f'{root}/up/door-1', said=said, bytes=envelope(
            ('hall/people', 1, 0, to, p), device='door-1', epoch=0xC0FFEE, frm=frm, to=to, id=id_, hlc=at + to))

    def ack(op, hash_, said, incarnation=42, points=()):
        return dict(topic=f'{root}/ack/door-1', said=said, bytes=seal(ack_body(
            actor(epoch=0xC0FFEE, op=op, hash_=hash_, points=points), device='door-1', incarnation=incarnation, hlc=at + 99)))
    first = up(0, 2, 2, 1, 'two people came in: operations 1 and 2, counted 2')
    second = up(0, 3, 3, 2, 'one more, and no answer so far: everything since 0 again, in one delta')
    third = up(3, 4, 4, 3, 'operation 4, from the acknowledged point')
    whole = up(0, 4, 4, 4, 'what was acknowledged is gone there: everything since 0')
    steps = [first, second, ack(3, sha(body_of(second['bytes'])), 'the gateway has committed 1 … 3: they are safe'), third,
             ack(4, sha(body_of(third['bytes'])), '1 … 4 are safe'),
             dict(third, said='minutes of silence: the last delta again, to hear how the gateways are'),
             ack(0, b'', 'a new incarnation: its disk was lost; it has the delta that ended at 4, but not what came before', 44,
                 [(4, sha(body_of(third['bytes'])))]),
             whole, ack(4, sha(body_of(whole['bytes'])), '1 … 4 are safe again', 44),
             ack(5, sha(b'a twin'), 'operation 5, which this device never made: it has a twin. Fresh epoch.', 44)]
    return [{'topic': s['topic'], 'hex': s['bytes'].hex(), 'said': s['said']} for s in steps]


# ------------------------------------------------------------------------------------------ files
def files():
    def both(valid, *bad):
        return {'valid': list(valid), 'invalid': [v for b in bad for v in b]}
    return {'envelope': both(valid_envelopes(), invalid_frames(), invalid_deltas(), invalid_entries(), invalid_payloads()),
            'scalar': both(valid_scalars(), invalid_scalars()), 'pack': both(valid_packs(), invalid_packs()),
            'batch': both(valid_batches(), invalid_batches()), 'state': both(valid_states(), invalid_states()),
            'ask': both(valid_asks(), invalid_asks()), 'answer': both(valid_answers(), invalid_answers()), 'sketch': sketches(),
            'ack': both(valid_acks(), invalid_acks()), 'head': both(valid_heads(), invalid_heads()),
            'evidence': both(valid_evidence(), invalid_evidence()), 'secret': secrets(), 'signature': signatures(),
            'record': both(valid_records(), invalid_records()),
            'closing': both(valid_closings(), invalid_closings()), 'settlement': both(valid_settlements(), invalid_settlements()),
            'withdrawal': both(valid_withdrawals(), invalid_withdrawals()), 'exemption': both(valid_exemptions(), invalid_exemptions()),
            'removal': both(valid_removals(), invalid_removals()),
            'cosignature': both(valid_cosignatures(), invalid_cosignatures()), 'proposal': both(valid_proposals(), invalid_proposals()),
            'seal_part': both(valid_seal_parts(), invalid_seal_parts()), 'seal': both(valid_seals(), invalid_seals()),
            'names': names(), 'digest': digests(), 'session': session()}


def main():
    stale = []
    for name, content in files().items():
        path = HERE / f'{name}.json'
        text = json.dumps(content, indent=1) + '\n'
        if '--check' in sys.argv[1:]:
            if not path.exists() or path.read_text() != text:
                stale.append(path.name)
        else:
            path.write_text(text)
    if stale:
        sys.exit(f'these vectors are not what generate.py writes: {", ".join(stale)}')


if __name__ == '__main__':
    main()
