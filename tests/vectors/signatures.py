# SPDX-License-Identifier: Apache-2.0
"""Signatures and the registry of keys (docs/protocol.md section 2): what verifies, what must be refused and why, records."""
import ed25519
from envelopes import COUNTER, body, invalid, seal
from primitives import Raw, pack, sha

SEEDS = {  # of RFC 8032 section 7.1, tests 1 to 3
    'admin': '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'meter-1': '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    'gw-a': 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7'}
SEEDS = {who: bytes.fromhex(seed) for who, seed in SEEDS.items()}
PUBLIC = {who: ed25519.public_of(seed) for who, seed in SEEDS.items()}


def message(kind, fleet, signed):
    return f'tributary/1 {kind} {fleet}\n'.encode() + signed


def record(role, who, key=None):
    return pack(['key', role, who, PUBLIC[who] if key is None else key])


# ------------------------------------------------------------------------------------- what verifies
SIGNED_COUNTER = body(COUNTER, signed=True)
REGISTRY = body(('$fleet/keys', 3, 0, 2, sorted([record('device', 'meter-1'), record('gateway', 'gw-a')])), signed=True, device='admin',
                epoch=1, to=2, id=2)
STATUS = b'{"gateway":"gw-a","state":"online","incarnation":"2a","session":"2b","at_ms":1700000000123,"version":"1.0"'


def valid_signatures(ack, head):
    def v(name, who, kind, signed, fleet='demo'):
        m = message(kind, fleet, signed)
        signature = ed25519.sign(SEEDS[who], m)
        assert ed25519.verifies(PUBLIC[who], m, signature)
        key_id = sha(PUBLIC[who])[:8]
        return {'name': name, 'seed': SEEDS[who].hex(), 'public': PUBLIC[who].hex(), 'key_id': key_id.hex(), 'kind': kind, 'fleet': fleet,
                'body': signed.hex(), 'message': m.hex(), 'signature': signature.hex(), 'hex': seal(signed, key_id, signature).hex()}
    yield v('an envelope', 'meter-1', 'delta', SIGNED_COUNTER)
    yield v('the registry', 'admin', 'delta', REGISTRY)
    yield v('an ack', 'gw-a', 'ack', ack)
    yield v('a head', 'gw-a', 'head', head)
    yield v('a status', 'gw-a', 'status', STATUS)
    yield v('a cosignature', 'gw-a', 'seal', b'a statement')
    yield v('a proposal', 'gw-a', 'proposal', b'a proposal')
    yield v('an empty body', 'meter-1', 'delta', b'')
    yield v('a body that begins like a message', 'meter-1', 'delta', message('ack', 'demo', b''))
    yield v('a fleet of 64', 'meter-1', 'delta', SIGNED_COUNTER, 'A0_-' * 16)
    yield v('4,096 bytes', 'meter-1', 'delta', bytes(range(256)) * 16)


# --------------------------------------------------------------------------------- what must be refused
IDENTITY, TWO = b'\x01' + bytes(31), b'\xec' + b'\xff' * 30 + b'\x7f'
SMALL = [  # (order, encoding); of each canonical one there is a twin with the other sign, but for x = 0
    (1, IDENTITY), (2, TWO), (4, bytes(32)), (4, bytes(31) + b'\x80'),
    *((8, bytes.fromhex(half + end)) for half, end in (
        ('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc', '05'),
        ('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc', '85'),
        ('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03', '7a'),
        ('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03', 'fa')))]
RESPELT = [  # (what, encoding) of small order, too: no other point is known to have two spellings and a discrete logarithm
    ('identity, sign bit set', b'\x01' + bytes(30) + b'\x80'), ('order 2, sign bit set', b'\xec' + b'\xff' * 31),
    ('identity, y + p', b'\xee' + b'\xff' * 30 + b'\x7f'), ('identity, y + p, sign bit set', b'\xee' + b'\xff' * 31),
    ('order 4, y = p', b'\xed' + b'\xff' * 30 + b'\x7f'), ('order 4, y = p, sign bit set', b'\xed' + b'\xff' * 31)]


def s_bytes(s):
    return s.to_bytes(32, 'little')


def multiple(n, public, r):
    """A message whose k is a multiple of n; the bodies that follow are no deltas, which is no matter here."""
    for i in range(10_000):
        m = message('delta', 'demo', b'message %d' % i)
        if ed25519.scalar(r, public, m) % ed25519.L % n == 0:
            return m
    raise ValueError(n)


def refused(name, why, public, m, signature, holds=True):
    """`holds`: s B = R + k A, so that a verifier which checks nothing else takes it."""
    assert ed25519.equation(public, m, signature) == holds, name
    assert not ed25519.verifies(public, m, signature) or not ed25519.fit(public), name
    return {'name': name, 'why': why, 'public': public.hex(), 'message': m.hex(), 'signature': signature.hex(),
            'fit': ed25519.fit(public), 'equation': holds, 'verifies': ed25519.verifies(public, m, signature)}


def refused_of_a_good_key():
    public, secret = PUBLIC['meter-1'], ed25519.secret_of(SEEDS['meter-1'])[0]
    m = message('delta', 'demo', SIGNED_COUNTER)
    good = ed25519.sign(SEEDS['meter-1'], m)

    def with_r(r_bytes, r=0):
        return r_bytes + s_bytes((r + ed25519.scalar(r_bytes, public, m) * secret) % ed25519.L)
    s = int.from_bytes(good[32:], 'little')
    yield refused('R = identity', 'R is of small order', public, m, with_r(IDENTITY))
    for order, encoding in SMALL[1:]:
        yield refused(f'R of order {order}, {encoding[-1]:02x}', 'R is of small order', public, m, with_r(encoding), False)
    for what, encoding in RESPELT:
        yield refused(f'R = {what}', 'R is another spelling of a point', public, m, with_r(encoding), 'identity' in what)
    mixed = ed25519.encode(ed25519.add(ed25519.times(5, ed25519.BASE), ed25519.decode(TWO)))
    yield refused('R of mixed order', 'holds only times 8', public, m, with_r(mixed, 5), False)
    for n in (1, 2, 15):
        yield refused(f's + {n} L' if n > 1 else 's + L', 's is not below L', public, m, good[:32] + s_bytes(s + n * ed25519.L))
    yield refused('s = L', 's is not below L', public, m, good[:32] + s_bytes(ed25519.L), False)
    yield refused('zeros', 'R is of small order', public, m, bytes(64), False)
    for name, at in (('R', 0), ('R, sign', 255), ('s', 256), ('s, highest', 508)):
        broken = bytearray(good)
        broken[at // 8] ^= 1 << at % 8
        yield refused(f'a flipped bit in {name}', 'not by this key', public, m, bytes(broken), False)
    yield refused('a flipped bit in the body', 'not of this message', public, m[:-1] + bytes([m[-1] ^ 1]), good, False)
    yield refused('the body cut', 'not of this message', public, m[:-1], good, False)
    for kind in ('ack', 'head', 'status', 'seal', 'proposal'):
        yield refused(f'as {kind}', 'a signature of another kind', public, message(kind, 'demo', SIGNED_COUNTER), good, False)
    yield refused('another fleet', 'a signature of another fleet', public, message('delta', 'demo2', SIGNED_COUNTER), good, False)
    yield refused('the body alone', 'no prefix', public, SIGNED_COUNTER, good, False)
    yield refused('another key', 'not by this key', PUBLIC['gw-a'], m, good, False)


def refused_keys():
    """With these anybody can sign: A of small order vanishes from s B = R + k A where k is a multiple of the order."""
    r = ed25519.encode(ed25519.times(5, ed25519.BASE))
    for name, order, public in [(f'A of order {order}, {encoding[-1]:02x}', order, encoding) for order, encoding in SMALL] + [
            (f'A = {what}', {'identity': 1, 'order 2': 2, 'order 4': 4}[what.split(',')[0]], encoding) for what, encoding in RESPELT]:
        m = multiple(order, public, r)
        why = 'A is of small order' if name.startswith('A of') else 'A is another spelling of a point'
        yield refused(name, why, public, m, r + s_bytes(5))
    secret = ed25519.secret_of(SEEDS['meter-1'])[0]
    for order, torsion in (SMALL[1], SMALL[2], SMALL[4]):
        public = ed25519.encode(ed25519.add(ed25519.decode(PUBLIC['meter-1']), ed25519.decode(torsion)))
        m = multiple(order, public, r)
        yield refused(f'A of mixed order {order} L', 'only vetting the key tells: verifiers disagree on other messages of it', public, m,
                      r + s_bytes((5 + ed25519.scalar(r, public, m) * secret) % ed25519.L))
    yield refused('A off the curve', 'A is no point', b'\x02' + bytes(31), message('delta', 'demo', b''), r + s_bytes(5), False)


# ---------------------------------------------------------------------------------------------- records
def valid_records():
    def v(name, role, who, key):
        return {'name': name, 'hex': record(role, who, key).hex(), 'fields': {'role': role, 'id': who, 'key': key.hex()}}
    yield v('a device', 'device', 'meter-1', PUBLIC['meter-1'])
    yield v('a gateway', 'gateway', 'gw-a', PUBLIC['gw-a'])
    yield v('id of 1', 'device', 'x', bytes(range(32)))
    yield v('id of 64', 'gateway', 'A0_-' * 16, b'\xff' * 32)


def invalid_records():
    key = PUBLIC['meter-1']

    def bad(name, error, *fields):
        return invalid(name, error, pack(fields))
    yield invalid('nothing', 'truncated', b'')
    yield bad('an empty record', 'type')
    yield invalid('a map', 'type', b'\x81\xa3key\x01')
    yield bad('another kind', 'version', 'settlement', 'meter-1', {'a': 1})
    yield bad('a kind not yet known, of 4', 'version', 'Key', 'device', 'meter-1', key)
    yield bad('kind as bin', 'type', b'key', 'device', 'meter-1', key)
    yield bad('kind of 17', 'limit', 'k' * 17, 'device', 'meter-1', key)
    yield bad('kind not UTF-8', 'utf8', Raw(b'\xa1\xff'), 'device', 'meter-1', key)
    yield bad('a record of 3', 'type', 'key', 'device', 'meter-1')
    yield bad('a record of 5', 'type', 'key', 'device', 'meter-1', key, 0)
    yield invalid('a record of 4 in array 16', 'not_canonical', b'\xdc\x00\x04' + record('device', 'meter-1')[1:])
    yield bad('a role not yet known', 'version', 'key', 'admin', 'meter-1', key)
    yield bad('role of 17', 'limit', 'key', 'd' * 17, 'meter-1', key)
    yield bad('role as number', 'type', 'key', 1, 'meter-1', key)
    yield bad('id empty', 'utf8', 'key', 'device', '', key)
    yield bad('id with a slash', 'utf8', 'key', 'device', 'a/b', key)
    yield bad('id of 65', 'limit', 'key', 'device', 'a' * 65, key)
    yield bad('id as bin', 'type', 'key', 'device', b'meter-1', key)
    yield bad('key of 31', 'range', 'key', 'device', 'meter-1', key[:31])
    yield bad('key of 33', 'limit', 'key', 'device', 'meter-1', key + b'\0')
    yield bad('key empty', 'range', 'key', 'device', 'meter-1', b'')
    yield bad('key as str', 'type', 'key', 'device', 'meter-1', 'k' * 32)
    yield invalid('key in bin 16', 'not_canonical', record('device', 'meter-1', Raw(b'\xc5\x00\x20' + key)))
    yield invalid('a byte too many', 'trailing', record('device', 'meter-1') + b'\0')
    yield invalid('4 billion fields', 'limit', b'\xdd\xff\xff\xff\xff')
