# SPDX-License-Identifier: Apache-2.0
"""Sealed windows (docs/protocol.md section 15): statements, cosignatures, proposals, parts, seals."""
import ed25519
from envelopes import U64, envelope, invalid, num, seal
from primitives import Raw, body_of, pack, sha
from signatures import PUBLIC, SEEDS, message

DAY = 86_400_000
CLOSES = 1_700_006_400_000  # 2023-11-15 00:00 UTC
# Seeds that are there already: anybody's.
OWNERS = {'gw-a': 'gw-a', 'gw-b': 'meter-1', 'gw-c': 'admin'}
ONE = envelope(('parts', 1, 0, 9, 300))
BASE = dict(kind='seal', fleet='demo', opens=CLOSES - DAY, closes=CLOSES, members=['gw-a', 'gw-b', 'gw-c', 'gw-d'], digest=sha(b'a digest'),
            content=sha(sha(body_of(ONE))), envelopes=1)


def statement(**over):
    return pack([*{**BASE, **over}.values()])


def fields(**over):
    d = {**BASE, **over}
    return {'fleet': d['fleet'], 'opens': num(d['opens']), 'closes': num(d['closes']), 'members': d['members'], 'digest': d['digest'].hex(),
            'content': d['content'].hex(), 'envelopes': num(d['envelopes'])}


def key_id(who):
    return sha(PUBLIC[OWNERS[who]])[:8]


def signed(who, kind, body):
    return ed25519.sign(SEEDS[OWNERS[who]], message(kind, 'demo', body))


def by(who, body):
    return [who, key_id(who), signed(who, 'seal', body)]


def sealed_by(*who, **over):
    body = statement(**over)
    return pack([8, body, [by(w, body) for w in who]])


MANY = [f'g{n:02}' for n in range(64)]


def valid_cosignatures():
    def v(name, who, **over):
        body = statement(**over)
        return {'name': name, 'hex': seal(body, key_id(who), signed(who, 'seal', body)).hex(), 'gateway': who,
                'public': PUBLIC[OWNERS[who]].hex(), 'fields': fields(**over)}
    yield v('of gw-a', 'gw-a')
    yield v('of gw-b, the same statement', 'gw-b')
    yield v('of a gateway alone', 'gw-a', members=['gw-a'])
    yield v('64 members', 'gw-a', members=MANY)
    yield v('largest numbers', 'gw-a', opens=U64 - 1, closes=U64, envelopes=U64)
    yield v('from the beginning of 1970', 'gw-a', opens=0, closes=1, envelopes=0, content=sha(b''))


def invalid_cosignatures():
    def bad(name, error, **over):
        body = statement(**over)
        return invalid(name, error, seal(body, b'k' * 8, bytes(64)))
    yield bad('another kind', 'type', kind='head')
    yield bad('kind as bin', 'type', kind=b'seal')
    yield bad('fleet empty', 'utf8', fleet='')
    yield bad('closes as it opens', 'range', opens=CLOSES)
    yield bad('closes before it opens', 'range', opens=CLOSES + 1)
    yield bad('opens last of all', 'range', opens=U64, closes=U64)
    yield bad('no members', 'range', members=[])
    yield bad('65 members', 'limit', members=MANY + ['h'])
    yield bad('members out of order', 'not_canonical', members=['gw-b', 'gw-a'])
    yield bad('a member twice', 'not_canonical', members=['gw-a', 'gw-a'])
    yield bad('a member that is no id', 'utf8', members=['gw/a'])
    yield bad('digest of 31', 'range', digest=bytes(31))
    yield bad('digest empty', 'range', digest=b'')
    yield bad('content of 33', 'limit', content=bytes(33))
    yield bad('envelopes negative', 'range', envelopes=-1)
    yield invalid('not signed', 'range', seal(statement()))
    yield invalid('a statement of 7', 'type', seal(pack([*BASE.values()][:-1]), b'k', bytes(64)))
    yield invalid('a byte too many in the statement', 'trailing', seal(statement() + b'\0', b'k', bytes(64)))
    yield invalid('a byte too many', 'trailing', seal(statement(), b'k', bytes(64)) + b'\0')
    yield invalid('a seal', 'version', sealed_by('gw-a'))


def proposal(gateway='gw-a', parts=1, **over):
    return ['proposal', 'demo', gateway, statement(**over), parts]


def valid_proposals():
    def v(name, who, parts, **over):
        body = pack(proposal(who, parts, **over))
        return {'name': name, 'hex': seal(body, key_id(who), signed(who, 'proposal', body)).hex(), 'public': PUBLIC[OWNERS[who]].hex(),
                'fields': {'fleet': 'demo', 'gateway': who, 'statement': statement(**over).hex(), 'parts': parts}}
    yield v('in one part', 'gw-a', 1)
    yield v('in 256 parts', 'gw-b', 256)
    yield v('64 members', 'gw-a', 2, members=MANY)


def invalid_proposals():
    def bad(name, error, *body):
        return invalid(name, error, seal(pack(body), b'k', bytes(64)))
    good = proposal()
    yield bad('another kind', 'type', 'seal', *good[1:])
    yield bad('a proposal of 4', 'type', *good[:-1])
    yield bad('fleet empty', 'utf8', 'proposal', '', *good[2:])
    yield bad('gateway empty', 'utf8', 'proposal', 'demo', '', *good[3:])
    yield bad('no parts', 'range', *good[:-1], 0)
    yield bad('257 parts', 'range', *good[:-1], 257)
    yield bad('statement as array', 'type', *good[:3], Raw(statement()), 1)
    yield bad('statement cut', 'truncated', *good[:3], statement()[:-1], 1)
    yield bad('a statement without members', 'range', *good[:3], statement(members=[]), 1)
    yield invalid('a byte too many', 'trailing', seal(pack(good), b'k', bytes(64)) + b'\0')


def valid_seal_parts():
    inner = pack([2, 0, len(pack([ONE])), pack([ONE])])
    for name, f in (('only part', ('gw-a', CLOSES, 0, 1)), ('last of 256', ('g' * 64, U64, 255, 256)), ('first of 3', ('gw-a', 1, 0, 3))):
        yield {'name': name, 'hex': pack([9, *f, inner]).hex(), 'fields': {
            'gateway': f[0], 'closes': num(f[1]), 'part': f[2], 'parts': f[3], 'pack': inner.hex()}}


def invalid_seal_parts():
    inner = pack([2, 0, 1, b'\x90'])
    for name, f in (('part 1 of 1', (1, 1)), ('no parts', (0, 0)), ('257 parts', (0, 257)), ('part 256', (256, 256))):
        yield invalid(name, 'range', pack([9, 'gw-a', CLOSES, *f, inner]))
    yield invalid('closes at 0', 'range', pack([9, 'gw-a', 0, 0, 1, inner]))
    yield invalid('gateway empty', 'utf8', pack([9, '', CLOSES, 0, 1, inner]))
    yield invalid('frame 8', 'version', pack([8, 'gw-a', CLOSES, 0, 1, inner]))
    yield invalid('a part of 5', 'type', pack([9, 'gw-a', CLOSES, 0, 1]))
    yield invalid('pack as array', 'type', pack([9, 'gw-a', CLOSES, 0, 1, Raw(inner)]))
    yield invalid('a byte too many', 'trailing', pack([9, 'gw-a', CLOSES, 0, 1, inner]) + b'\0')


def valid_seals():
    def v(name, *who, **over):
        body = statement(**over)
        return {'name': name, 'hex': sealed_by(*who, **over).hex(), 'public': {w: PUBLIC[OWNERS[w]].hex() for w in who},
                'statement': fields(**over), 'fields': {'body': body.hex(), 'cosigned': [[w, key_id(w).hex(), signed(w, 'seal', body).hex()] for w in who]}}
    yield v('three of four', 'gw-a', 'gw-b', 'gw-c')
    yield v('one of one', 'gw-a', members=['gw-a'])
    yield v('two of four: well formed, and not enough', 'gw-a', 'gw-c')
    yield v('of nobody', members=['gw-a'])


def invalid_seals():
    body = statement()
    a, b = by('gw-a', body), by('gw-b', body)

    def bad(name, error, *who, signed_body=body):
        return invalid(name, error, pack([8, signed_body, list(who)]))
    yield bad('out of order', 'not_canonical', b, a)
    yield bad('a member twice', 'not_canonical', a, a)
    yield bad('of who is no member', 'range', a, ['gw-x', *b[1:]])
    yield bad('a cosignature of 2', 'type', a[:2])
    yield bad('key id empty', 'range', ['gw-a', b'', a[2]])
    yield bad('key id of 33', 'limit', ['gw-a', b'k' * 33, a[2]])
    yield bad('signature of 63', 'range', ['gw-a', a[1] + b'k', a[2][:-1]])
    yield bad('signature of 65', 'limit', ['gw-a', a[1], a[2] + b'\0'])
    yield bad('signature empty', 'range', ['gw-a', a[1] * 4, b''], ['gw-b', b[1] * 4, b[2]])
    yield bad('65 cosignatures', 'limit', *[a] * 65)
    yield bad('statement as str', 'type', a, signed_body='s')
    yield bad('statement empty', 'truncated', a, signed_body=b'')
    yield bad('a head', 'type', a, signed_body=pack(['head', *[*BASE.values()][1:]]))
    yield invalid('frame 9', 'version', pack([9, body, [a]]))
    yield invalid('a seal of 2', 'type', pack([8, body]))
    yield invalid('a byte too many', 'trailing', pack([8, body, [a]]) + b'\0')
