# SPDX-License-Identifier: Apache-2.0
"""Frames, deltas and their entries (docs/protocol.md sections 2 and 3): how to make them, the valid vectors, the invalid ones."""
import struct

from primitives import Raw, pack, sha


# ------------------------------------------------------------------------------------- messages
def seal(body, key_id=b'', signature=b''):
    return pack([1, body, key_id, signature])


DELTA = dict(fleet='demo', signed=False, device='meter-1', epoch=7, frm=0, to=9, id=5, part=1, parts=1,
             hlc=(1_700_000_000_000 << 16) + 1, entries=())


def body(*entries, **over):
    d = {**DELTA, **over}
    if entries:
        d['entries'] = entries
    return pack([d[k] for k in DELTA])


def envelope(*entries, **over):
    return seal(body(*entries, **over))


# ------------------------------------------------------------------------------ fields, for JSON
def num(n):
    return str(n)  # 64-bit numbers as decimal strings: many JSON readers round beyond 2^53


def payload_fields(type_, p):
    if type_ == 1:
        return {'p': num(p)}
    if type_ == 2:
        return {'p': num(p[0]), 'n': num(p[1])}
    if type_ == 3:
        return {'elements': [e.hex() for e in p]}
    if type_ == 4:
        return {'adds': [[num(op), e.hex()] for op, e in p[0].items()], 'removed': [num(op) for op in p[1]],
                'foreign': [[device, num(epoch), num(op)] for device, epoch, op in p[2]]}
    if type_ == 5:
        return {'op': num(p[0]), 'hlc': num(p[1]), 'value': pack(p[2]).hex()}
    return {'bytes': pack(p).hex()}


def delta_fields(entries, over):
    d = {**DELTA, **over}
    out = {k: num(d[v]) for k, v in (('epoch', 'epoch'), ('from', 'frm'), ('to', 'to'), ('id', 'id'), ('hlc', 'hlc'))}
    out.update({k: d[k] for k in ('fleet', 'signed', 'device', 'part', 'parts')})
    out['entries'] = [{'key': key, 'type': type_, 'lo': num(lo), 'hi': num(hi), 'payload': payload_fields(type_, p)}
                      for key, type_, lo, hi, p in entries]
    return out


def valid_envelope(name, *entries, key_id=b'', signature=b'', **over):
    b = body(*entries, **over)
    return {'name': name, 'hex': seal(b, key_id, signature).hex(), 'hash': sha(b).hex(),
            'fields': {'key_id': key_id.hex(), 'signature': signature.hex(), 'delta': delta_fields(entries, over)}}


def invalid(name, error, data):
    return {'name': name, 'error': error, 'hex': data.hex()}


def invalid_runs(name, error, *runs):
    """For long messages: [bytes, times] to be repeated and joined."""
    return {'name': name, 'error': error, 'hex_runs': [[data.hex(), times] for data, times in runs]}


# ------------------------------------------------------------------------------------- envelopes
U64 = 2**64 - 1
COUNTER = ('parts', 1, 0, 9, 300)


def valid_envelopes():
    v = valid_envelope
    yield v('gcounter', COUNTER)
    yield v('pncounter', ('people', 2, 0, 9, [120, 113]))
    yield v('gset', ('badges', 3, 0, 9, [b'', b'anna', b'bert', b'\xff\x00']))
    yield v('orset', ('alarms', 4, 6, 9, [{7: b'door', 9: b'smoke'}, [2, 5], [('meter-1', 6, 3), ('meter-2', 1, 40)]]))
    yield v('orset, complete and empty', ('alarms', 4, 0, 9, [{}, [], []]))
    yield v('orset, the same element twice', ('alarms', 4, 0, 9, [{1: b'x', 2: b'x'}, [], []]))
    yield v('lww', ('temperature', 5, 0, 9, [9, (1_700_000_000_000 << 16) + 1, 21.5]))
    yield v('unknown type', ('future', 77, 3, 9, {1: [None, True, -1], 'a': b'\x00', 'bb': {}}))
    yield v('unknown type, eight deep', ('future', 6, 0, 9, [[[[[[[[]]]]]]]]))
    yield v('no entries')
    yield v('every type and order', ('a', 1, 0, 9, 1), ('a', 2, 0, 9, [0, 1]), ('a/b', 3, 2, 3, []), ('a/b', 127, 0, 1, 0),
            ('b', 4, 8, 9, [{9: b''}, [8], []]), ('b', 5, 0, 9, [1, 0, None]))
    yield v('one part of three, a sub-interval', ('big', 3, 4, 6, [b'x']), part=2, parts=3, frm=3)
    yield v('signed', COUNTER, signed=True, key_id=b'k1', signature=bytes(range(64)))
    yield v('key id of 32 bytes', COUNTER, signed=True, key_id=b'k' * 32, signature=b'\xff' * 64)
    yield v('largest numbers', ('k', 1, 0, U64, U64), epoch=U64, frm=U64 - 1, to=U64, id=U64, part=65535, parts=65535, hlc=U64)
    for n in (0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0xFFFFFFFF, 0x100000000):
        yield v(f'integer {n:#x}', ('k', 1, 0, 9, n), epoch=n)
    yield v('id of 64 and key of 512 bytes', ('k' * 512, 1, 0, 9, 1), device='A0_-' * 16)
    yield v('key of 64 segments', ('/'.join('k' * 64), 1, 0, 9, 1))
    yield v('key in UTF-8', ('Werk/Prüfstand/温度/🌡', 1, 0, 9, 1))
    yield v('element of 1,024 bytes', ('k', 3, 0, 9, [b'e' * 1024]))
    yield v('sixteen entries', *[(f'k{i:02}', 1, 0, 9, 1) for i in range(16)])


SCALARS = [  # (name, kind, Python value, JSON text in views)
    ('nil', 'nil', None, 'null'), ('true', 'bool', True, 'true'), ('false', 'bool', False, 'false'),
    ('zero', 'uint', 0, '0'), ('uint 127', 'uint', 127, '127'), ('uint 128', 'uint', 128, '128'),
    ('uint 2^53', 'uint', 2**53, '9007199254740992'), ('uint 2^53+1', 'uint', 2**53 + 1, '"9007199254740993"'),
    ('uint 2^64-1', 'uint', U64, '"18446744073709551615"'), ('int -1', 'int', -1, '-1'), ('int -32', 'int', -32, '-32'),
    ('int -33', 'int', -33, '-33'), ('int -128', 'int', -128, '-128'), ('int -129', 'int', -129, '-129'),
    ('int -32768', 'int', -32768, '-32768'), ('int -32769', 'int', -32769, '-32769'),
    ('int -2^31', 'int', -2**31, '-2147483648'), ('int -2^31-1', 'int', -2**31 - 1, '-2147483649'),
    ('int -2^63', 'int', -2**63, '"-9223372036854775808"'), ('float 21.5', 'float', 21.5, '21.5'),
    ('float 2.0 stays a float', 'float', 2.0, '2'), ('float 0.0', 'float', 0.0, '0'), ('float 0.1', 'float', 0.1, '0.1'),
    ('float infinity', 'float', float('inf'), '"Infinity"'), ('float -infinity', 'float', float('-inf'), '"-Infinity"'),
    ('empty str', 'str', '', '""'), ('str', 'str', 'hé"\n', '"hé\\"\\n"'), ('str of 31', 'str', 's' * 31, '"' + 's' * 31 + '"'),
    ('str of 32', 'str', 's' * 32, '"' + 's' * 32 + '"'), ('str of 256', 'str', 's' * 256, '"' + 's' * 256 + '"'),
    ('empty bin', 'bin', b'', '{"base64":""}'), ('bin', 'bin', b'\x00\xff', '{"base64":"AP8="}'),
    ('bin of 256', 'bin', b'A' * 256, '{"base64":"' + 'QUFB' * 85 + 'QQ=="}'),
]


def valid_scalars():
    for name, kind, value, text in SCALARS:
        shown = value.hex() if kind == 'bin' else struct.pack('>d', value).hex() if kind == 'float' else value
        yield {'name': name, 'hex': pack(value).hex(),
               'fields': {'kind': kind, 'value': num(shown) if kind in ('uint', 'int') else shown}, 'json': text}


BAD_VALUES = [  # for scalars and inside payloads of unknown types
    ('float 32', 'not_canonical', b'\xca\x41\xac\x00\x00'), ('NaN', 'not_canonical', b'\xcb\x7f\xf8' + bytes(6)),
    ('negative NaN', 'not_canonical', b'\xcb\xff\xf0' + bytes(5) + b'\x01'), ('minus zero', 'not_canonical', b'\xcb\x80' + bytes(7)),
    ('uint 8 of 127', 'not_canonical', b'\xcc\x7f'), ('uint 16 of 255', 'not_canonical', b'\xcd\x00\xff'),
    ('uint 32 of 65535', 'not_canonical', b'\xce\x00\x00\xff\xff'), ('uint 64 of 2^32-1', 'not_canonical', b'\xcf' + bytes(4) + b'\xff' * 4),
    ('int 8 of 1', 'not_canonical', b'\xd0\x01'), ('int 8 of -32', 'not_canonical', b'\xd0\xe0'), ('int 16 of -128', 'not_canonical', b'\xd1\xff\x80'),
    ('int 32 of -32768', 'not_canonical', b'\xd2\xff\xff\x80\x00'), ('int 64 of -2^31', 'not_canonical', b'\xd3' + b'\xff' * 4 + b'\x80' + bytes(3)),
    ('int 64 of 2^40', 'not_canonical', b'\xd3\x00\x00\x01' + bytes(5)), ('str 8 of 31', 'not_canonical', b'\xd9\x1f' + b's' * 31),
    ('str 16 of 255', 'not_canonical', b'\xda\x00\xff' + b's' * 255), ('str 32 of 4', 'not_canonical', b'\xdb\x00\x00\x00\x04ssss'),
    ('bin 16 of 2', 'not_canonical', b'\xc5\x00\x02bb'), ('bin 32 of 2', 'not_canonical', b'\xc6\x00\x00\x00\x02bb'),
    ('str, a surrogate', 'utf8', b'\xa3\xed\xa0\x80'), ('str, overlong', 'utf8', b'\xa2\xc0\xaf'), ('str, cut', 'utf8', b'\xa2\xe2\x82'),
    ('str, above U+10FFFF', 'utf8', b'\xa4\xf4\x90\x80\x80'), ('str, a lone continuation', 'utf8', b'\xa1\x80'),
    ('never used', 'type', b'\xc1'), ('fixext', 'type', b'\xd4\x01\x00'), ('ext 8', 'type', b'\xc7\x01\x01\x00'),
]


def invalid_scalars():
    for name, error, data in BAD_VALUES:
        yield invalid(name, error, data)
    yield invalid('nothing', 'truncated', b'')
    yield invalid('cut', 'truncated', b'\xcd\x01')
    yield invalid('a str cut', 'truncated', b'\xa3ss')
    yield invalid('two values', 'trailing', b'\x01\x02')
    yield invalid('an array', 'type', b'\x90')
    yield invalid('a map', 'type', b'\x80')
    yield invalid_runs('65,537 bytes', 'limit', (b'\xda\xff\xfe', 1), (b's', 65534))


def invalid_frames():
    good = body(COUNTER)
    yield invalid('nothing', 'truncated', b'')
    yield invalid('cut in the body', 'truncated', seal(good)[:20])
    yield invalid('a byte too many', 'trailing', seal(good) + b'\x00')
    yield invalid('no array', 'type', b'\x01')
    yield invalid('a frame of 3', 'type', pack([1, good, b'']))
    yield invalid('a frame of 5', 'type', pack([1, good, b'', b'', 0]))
    yield invalid('a frame of 4 in array 16', 'not_canonical', b'\xdc\x00\x04' + seal(good)[1:])
    yield invalid('an empty frame', 'type', b'\x90')
    yield invalid('version 2, a pack', 'version', pack([2, good, b'', b'']))
    yield invalid('version 9 with other fields', 'version', pack([9, 'new', {}]))
    yield invalid('version 9 with 20 fields', 'version', pack([9] * 20))
    yield invalid('version as str', 'type', pack(['1', good, b'', b'']))
    yield invalid('body as str', 'type', pack([1, Raw(b'\xa1a'), b'', b'']))
    yield invalid('body in bin 16', 'not_canonical', pack([1, Raw(b'\xc5\x00' + bytes([len(good)]) + good), b'', b'']))
    yield invalid('body of 4 GiB', 'limit', b'\x94\x01\xc6\xff\xff\xff\xff')
    yield invalid('key id of 33', 'limit', seal(good, b'k' * 33, bytes(64)))
    yield invalid('signature of 63', 'range', seal(good, b'k', bytes(63)))
    yield invalid('signature of 65', 'limit', seal(good, b'k', bytes(65)))
    yield invalid('signature without key id', 'range', seal(good, b'', bytes(64)))
    yield invalid('key id without signature', 'range', seal(good, b'k', b''))
    yield invalid('made to be signed, signature stripped', 'range', seal(body(COUNTER, signed=True)))
    yield invalid('made unsigned, signature added', 'range', seal(good, b'k', bytes(64)))
    yield invalid_runs('body of 196,609 bytes', 'limit', (b'\x94\x01\xc6\x00\x03\x00\x01', 1), (b'\x00', 196609), (b'\xc4\x00', 2))
    yield invalid_runs('262,145 bytes', 'limit', (b'\x94', 1), (b'\x00', 262144))


def invalid_deltas():
    def bad(name, error, *entries, **over):
        return invalid(name, error, envelope(*entries, **over))
    yield invalid('empty body', 'truncated', seal(b''))
    yield invalid('body with a byte too many', 'trailing', seal(body(COUNTER) + b'\xc0'))
    yield invalid('body cut', 'truncated', seal(body(COUNTER)[:-1]))
    yield invalid('delta of 10', 'type', seal(pack(['demo', False, 'meter-1', 7, 0, 9, 5, 1, 1, 0])))
    yield invalid('delta as map', 'type', seal(pack({})))
    for field in ('fleet', 'device'):
        yield bad(f'{field} empty', 'utf8', **{field: ''})
        yield bad(f'{field} of 65', 'limit', **{field: 'a' * 65})
        yield bad(f'{field} with a slash', 'utf8', **{field: 'a/b'})
        yield bad(f'{field} with a dot', 'utf8', **{field: 'a.b'})
        yield bad(f'{field} not ASCII', 'utf8', **{field: 'ä'})
        yield bad(f'{field} not UTF-8', 'utf8', **{field: Raw(b'\xa1\xff')})
        yield bad(f'{field} as bin', 'type', **{field: b'abc'})
    yield bad('signed as 0', 'type', signed=0)
    yield bad('signed as nil', 'type', signed=None)
    for field in ('epoch', 'id', 'hlc'):
        yield bad(f'{field} negative', 'range', **{field: -1})
        yield bad(f'{field} as int 16 negative', 'range', **{field: -300})
        yield bad(f'{field} as int 8 positive', 'not_canonical', **{field: Raw(b'\xd0\x07')})
        yield bad(f'{field} as float', 'type', **{field: 7.0})
        yield bad(f'{field} as str', 'type', **{field: '7'})
        for name, error, data in BAD_VALUES:
            if name.startswith('uint'):
                yield bad(f'{field} as {name}', error, **{field: Raw(data)})
    yield bad('from = to', 'range', frm=9)
    yield bad('from > to', 'range', frm=10)
    yield bad('from the largest number', 'range', frm=U64, to=U64)
    yield bad('part 0', 'range', part=0)
    yield bad('part 2 of 1', 'range', part=2)
    yield bad('65,536 parts', 'range', parts=65536)


def invalid_entries():
    def bad(name, error, *entries, **over):
        return invalid(name, error, envelope(*entries, **over))
    yield bad('entries as map', 'type', entries=Raw(b'\x80'))
    yield bad('entries in array 16', 'not_canonical', entries=Raw(b'\xdc\x00\x01' + pack(COUNTER)))
    yield bad('4 billion entries', 'limit', entries=Raw(b'\xdd\xff\xff\xff\xff'))
    yield bad('8,193 entries', 'limit', entries=Raw(b'\xdc\x20\x01'))
    yield bad('8,192 entries in no bytes', 'truncated', entries=Raw(b'\xdc\x20\x00'))
    yield bad('an entry of 4', 'type', ('parts', 1, 0, 9))
    yield bad('an entry of 6', 'type', ('k', 1, 0, 9, 1, 1))
    yield bad('keys out of order', 'not_canonical', ('b', 1, 0, 9, 1), ('a', 1, 0, 9, 1))
    yield bad('types out of order', 'not_canonical', ('a', 2, 0, 9, [1, 0]), ('a', 1, 0, 9, 1))
    yield bad('an entry twice', 'not_canonical', COUNTER, COUNTER)
    yield bad('a longer key before its prefix', 'not_canonical', ('ab', 1, 0, 9, 1), ('a', 1, 0, 9, 1))
    yield bad('keys in signed order', 'not_canonical', ('é', 1, 0, 9, 1), ('z', 1, 0, 9, 1))
    for name, key in BAD_KEYS:
        yield bad(f'key {name}', 'utf8', (Raw(key) if isinstance(key, bytes) else key, 1, 0, 9, 1))
    yield bad('key of 513', 'limit', ('k' * 513, 1, 0, 9, 1))
    yield bad('key as bin', 'type', (b'k', 1, 0, 9, 1))
    for t in (0, 128, 256, -1, U64):
        yield bad(f'type {t}', 'range', ('k', t, 0, 9, 1))
    yield bad('type as uint 8', 'not_canonical', ('k', Raw(b'\xcc\x01'), 0, 9, 1))
    yield bad('lo = hi', 'range', ('k', 3, 4, 4, []))
    yield bad('lo > hi', 'range', ('k', 3, 5, 4, []))
    yield bad('hi > to', 'range', ('k', 3, 0, 10, []))
    yield bad('lo = to', 'range', ('k', 3, 9, 10, []))
    for t, p in ((1, 1), (2, [1, 1]), (5, [1, 0, None])):
        yield bad(f'type {t} with lo 1', 'range', ('k', t, 1, 9, p))
        yield bad(f'type {t} with hi < to', 'range', ('k', t, 0, 8, p))


def invalid_payloads():
    def bad(name, error, type_, payload, lo=0, hi=9):
        return invalid(name, error, envelope(('k', type_, lo, hi, payload)))
    yield bad('gcounter 0', 'range', 1, 0)
    yield bad('gcounter negative', 'range', 1, -5)
    yield bad('gcounter as array', 'type', 1, [1])
    yield bad('pncounter of zeros', 'range', 2, [0, 0])
    yield bad('pncounter of 3', 'type', 2, [1, 1, 1])
    yield bad('pncounter as number', 'type', 2, 1)
    yield bad('gset out of order', 'not_canonical', 3, [b'b', b'a'])
    yield bad('gset element twice', 'not_canonical', 3, [b'a', b'a'])
    yield bad('gset in signed order', 'not_canonical', 3, [b'\xff', b'a'])
    yield bad('gset element as str', 'type', 3, ['a'])
    yield bad('gset element of 1,025', 'limit', 3, [b'a' * 1025])
    yield bad('gset of 16,385', 'limit', 3, Raw(b'\xdc\x40\x01'))
    yield bad('gset of 4 billion', 'limit', 3, Raw(b'\xdd\xff\xff\xff\xff'))
    yield bad('gset of 16,384 in no bytes', 'truncated', 3, Raw(b'\xdc\x40\x00'))
    yield bad('orset of 2', 'type', 4, [{}, []])
    yield bad('orset adds as array', 'type', 4, [[], [], []])
    yield bad('orset adds in map 16', 'not_canonical', 4, [Raw(b'\xde\x00\x01\x01\xc4\x00'), [], []])
    yield bad('orset adds of 4 billion', 'limit', 4, [Raw(b'\xdf\xff\xff\xff\xff'), [], []])
    yield bad('orset add 0', 'range', 4, [{0: b'x'}, [], []])
    yield bad('orset add at lo', 'range', 4, [{4: b'x'}, [], []], lo=4)
    yield bad('orset add above hi', 'range', 4, [{9: b'x'}, [], []], hi=8)
    yield bad('orset adds out of order', 'not_canonical', 4, [{2: b'x', 1: b'y'}, [], []])
    yield bad('orset add twice', 'not_canonical', 4, [Raw(b'\x82\x01\xc4\x00\x01\xc4\x00'), [], []])
    yield bad('orset add as str', 'type', 4, [{1: 'x'}, [], []])
    yield bad('orset add of 1,025', 'limit', 4, [{1: b'x' * 1025}, [], []])
    yield bad('orset removed 0', 'range', 4, [{}, [0], []], lo=4)
    yield bad('orset removed above lo', 'range', 4, [{}, [5], []], lo=4)
    yield bad('orset removed in a complete entry', 'range', 4, [{}, [1], []])
    yield bad('orset removed out of order', 'not_canonical', 4, [{}, [3, 2], []], lo=4)
    yield bad('orset removed twice', 'not_canonical', 4, [{}, [3, 3], []], lo=4)
    yield bad('orset foreign of its own', 'range', 4, [{}, [], [('meter-1', 7, 1)]])
    yield bad('orset foreign 0', 'range', 4, [{}, [], [('meter-2', 7, 0)]])
    yield bad('orset foreign of 2', 'type', 4, [{}, [], [('meter-2', 7)]])
    yield bad('orset foreign device empty', 'utf8', 4, [{}, [], [('', 7, 1)]])
    yield bad('orset foreign out of order', 'not_canonical', 4, [{}, [], [('b', 1, 1), ('a', 1, 1)]])
    yield bad('orset foreign twice', 'not_canonical', 4, [{}, [], [('b', 1, 1), ('b', 1, 1)]])
    yield bad('orset foreign of 4 billion', 'limit', 4, [{}, [], Raw(b'\xdd\xff\xff\xff\xff')])
    yield bad('lww op 0', 'range', 5, [0, 0, None])
    yield bad('lww op above to', 'range', 5, [10, 0, None])
    yield bad('lww of 2', 'type', 5, [1, 0])
    yield bad('lww value an array', 'type', 5, [1, 0, []])
    yield bad('lww value a map', 'type', 5, [1, 0, {}])
    for name, error, data in BAD_VALUES:
        yield bad(f'lww value {name}', error, 5, [1, 0, Raw(data)])
        yield bad(f'unknown payload {name}', error, 77, [Raw(data)])
    yield bad('unknown payload nine deep', 'limit', 77, [[[[[[[[[]]]]]]]]])
    yield bad('unknown payload, map keys out of order', 'not_canonical', 77, {2: 0, 1: 0})
    yield bad('unknown payload, a map key twice', 'not_canonical', 77, Raw(b'\x82\x01\x00\x01\x00'))
    yield bad('unknown payload, array 16 of 15', 'not_canonical', 77, Raw(b'\xdc\x00\x0f' + bytes(15)))
    yield bad('unknown payload of 4 billion', 'truncated', 77, Raw(b'\xdd\xff\xff\xff\xff'))
    yield bad('unknown payload missing', 'truncated', 77, Raw(b''))
    head = body(('k', 5, 0, 9, [1, 0, Raw(b'\xda\xff\xfe')]))
    n = len(head) + 65534
    yield invalid_runs('lww value of 65,537', 'limit', (b'\x94\x01\xc6' + struct.pack('>I', n) + head, 1), (b's', 65534), (b'\xc4\x00', 2))


# ----------------------------------------------------------------------------------- ids and keys
GOOD_KEYS = ['a', 'plant-1/line-3/parts', '$fleet/policy', 'a b', 'ä/€/🌡', 'A' * 512, '/'.join('k' * 64), '\u00a0', '\ufffd']
BAD_KEYS = [('empty', ''), ('with a leading slash', '/a'), ('with a trailing slash', 'a/'), ('with an empty segment', 'a//b'), ('of a slash', '/'),
            ('with +', 'a+'), ('with #', 'a/#'), ('with U+0000', 'a\0'), ('with U+001F', '\x1f'), ('with U+007F', 'a\x7f'), ('with U+0080', 'a\x80'),
            ('with U+009F', '\x9f'), ('with U+FDD0', '\ufdd0'), ('with U+FFFE', '\ufffe'), ('with U+1FFFF', 'a\U0001ffff'),
            ('with a surrogate', b'\xa3\xed\xa0\x80'), ('not UTF-8', b'\xa1\xff'), ('of 65 segments', '/'.join('k' * 65))]
GOOD_IDS = ['a', 'Z', '0', '_', '-', 'meter-1', 'a' * 64]
BAD_IDS = ['', 'a' * 65, 'a b', 'a/b', 'a.b', 'a+', '#', 'ä', 'a\0', '$SYS']
