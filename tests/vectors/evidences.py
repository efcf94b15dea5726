# SPDX-License-Identifier: Apache-2.0
"""Evidence (docs/protocol.md section 7): pairs of one actor's envelopes, whether they contradict each other, and what is no pair."""
import ed25519
from envelopes import body, envelope, invalid, invalid_runs, seal
from primitives import body_of, pack, sha
from signatures import PUBLIC, SEEDS, message


def evidence(*envelopes):
    return pack([7, *sorted(envelopes, key=lambda e: sha(body_of(e)))])


def proof(*entries, **over):
    b = body(*entries, signed=True, **over)
    return seal(b, sha(PUBLIC['meter-1'])[:8], ed25519.sign(SEEDS['meter-1'], message('delta', 'demo', b)))


def at(to, *entry, **over):
    return envelope(entry, to=to, **over)


FIVE, SIX = at(9, 'parts', 1, 0, 9, 5), at(9, 'parts', 1, 0, 9, 6)


def valid_evidence():
    def v(name, contradicts, a, b):
        first, second = sorted((a, b), key=lambda e: sha(body_of(e)))
        hashes = sha(body_of(first)) + sha(body_of(second))
        return {'name': name, 'hex': evidence(a, b).hex(), 'contradicts': contradicts, 'id': sha(hashes).hex(),
                'fields': {'first': first.hex(), 'second': second.hex()}}
    yield v('two counts at one operation', True, FIVE, SIX)
    yield v('two counts at one operation, both signed', True, proof(('parts', 1, 0, 9, 5)), proof(('parts', 1, 0, 9, 6)))
    yield v('a count that went down', True, SIX, at(10, 'parts', 1, 0, 10, 5))
    yield v('a count that went up', False, FIVE, at(10, 'parts', 1, 0, 10, 6))
    yield v('one count told twice', False, FIVE, at(9, 'parts', 1, 0, 9, 5, id=6))
    yield v('up and down', True, at(9, 'p', 2, 0, 9, [5, 2]), at(10, 'p', 2, 0, 10, [6, 1]))
    yield v('other keys', False, FIVE, at(9, 'others', 1, 0, 9, 6))
    yield v('one write, two values', True, at(9, 't', 5, 0, 9, [4, 1, 20]), at(12, 't', 5, 0, 12, [4, 1, 21]))
    yield v('an older last write, later', True, at(9, 't', 5, 0, 9, [4, 1, 20]), at(12, 't', 5, 0, 12, [3, 1, 20]))
    yield v('two last writes at one operation', True, at(9, 't', 5, 0, 9, [4, 1, 20]), at(9, 't', 5, 0, 9, [5, 2, 20]))
    yield v('a newer write, later', False, at(9, 't', 5, 0, 9, [4, 1, 20]), at(12, 't', 5, 0, 12, [11, 0, 21]))
    yield v('one add, two elements', True, at(9, 's', 4, 0, 9, [{2: b'a'}, [], []]), at(12, 's', 4, 0, 12, [{2: b'b'}, [], []]))
    yield v('dead, then live', True, at(9, 's', 4, 0, 9, [{}, [], []]), at(12, 's', 4, 0, 12, [{2: b'a'}, [], []]))
    yield v('dead by its number, then live', True, at(9, 's', 4, 5, 9, [{}, [2], []]), at(12, 's', 4, 0, 12, [{2: b'a'}, [], []]))
    yield v('dead and live at one operation', True, at(9, 's', 4, 0, 9, [{}, [], []]), at(9, 's', 4, 1, 9, [{2: b'a'}, [], []]))
    yield v('live, then dead', False, at(9, 's', 4, 0, 9, [{2: b'a'}, [], []]), at(12, 's', 4, 0, 12, [{}, [], []]))
    yield v('live, then dead, in a piece that ends where the other does', False, at(9, 's', 4, 0, 4, [{2: b'a'}, [], []]),
            at(12, 's', 4, 0, 4, [{}, [], []]))
    yield v('one interval, cut in two', False, at(9, 's', 4, 0, 9, [{2: b'a', 7: b'b'}, [], []]), at(9, 's', 4, 4, 9, [{7: b'b'}, [], []]))
    yield v('sets that only grow', False, at(9, 'g', 3, 0, 9, [b'a']), at(9, 'g', 3, 0, 9, [b'b']))
    yield v('a type not yet known', False, at(9, 'f', 77, 0, 9, 1), at(9, 'f', 77, 0, 9, 2))


def invalid_evidence():
    first, second = sorted((FIVE, SIX), key=lambda e: sha(body_of(e)))
    yield invalid('frame 6', 'version', pack([6, first, second]))
    yield invalid('an envelope', 'version', FIVE)
    yield invalid('one envelope', 'type', pack([7, first]))
    yield invalid('three', 'type', pack([7, first, second, second]))
    yield invalid('the larger hash first', 'not_canonical', pack([7, second, first]))
    yield invalid('one envelope twice', 'not_canonical', pack([7, first, first]))
    signed = proof(('parts', 1, 0, 9, 5))
    yield invalid('one body under two signatures', 'not_canonical', pack([7, signed, seal(body_of(signed), b'k', bytes(64))]))
    for name, other in (('of two devices', dict(device='meter-2')), ('of two epochs', dict(epoch=8)), ('of two fleets', dict(fleet='demo2'))):
        yield invalid(name, 'range', evidence(FIVE, at(9, 'parts', 1, 0, 9, 6, **other)))
    yield invalid('as str', 'type', pack([7, 'a', second]))
    yield invalid('an empty envelope', 'truncated', pack([7, b'', second]))
    yield invalid('half an envelope', 'truncated', pack([7, first[:20], second]))
    yield invalid('a batch in it', 'version', pack([7, first, pack([3, 'gw-a', 1, 2, 1, b''])]))
    yield invalid('a byte too many', 'trailing', pack([7, first, second]) + b'\0')
    yield invalid_runs('262,145 bytes', 'limit', (b'\x93\x07', 1), (b'\x00', 262143))
