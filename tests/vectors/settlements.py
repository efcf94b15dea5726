"""Closings and settlements, withdrawals, exemptions and removals: records of the fleet's registry that say what counts no more, and what does all the same."""

from envelopes import invalid
from primitives import Raw, pack, sha
from signatures import PUBLIC

KEY = PUBLIC['meter-1']
U64_MAX = 2**64 - 1


def hashes(n):
    return sorted(sha(bytes([i])) for i in range(n))


def valid_closings():
    def v(name, device, epoch, key=None):
        fields = {'device': device, 'epoch': epoch, 'key': key.hex() if key else ''}
        record = ('closing-key', device, key) if key else ('closing', device, epoch)
        return {'name': name, 'hex': pack(record).hex(), 'fields': fields}
    yield v('an epoch', 'meter-1', 7)
    yield v('epoch 0', 'x', 0)
    yield v('the last epoch', 'A0_-' * 16, U64_MAX)
    yield v('a key', 'meter-1', None, KEY)


def invalid_closings():
    def bad(name, error, *fields):
        return invalid(name, error, pack(fields))
    yield invalid('nothing', 'truncated', b'')
    yield bad('an empty record', 'type')
    yield bad('another kind', 'version', 'key', 'device', 'meter-1', KEY)
    yield bad('a closing of 2', 'type', 'closing', 'meter-1')
    yield bad('a closing of 4', 'type', 'closing', 'meter-1', 7, 8)
    yield bad('device empty', 'utf8', 'closing', '', 7)
    yield bad('device with a slash', 'utf8', 'closing', 'a/b', 7)
    yield bad('device of 65', 'limit', 'closing', 'a' * 65, 7)
    yield bad('epoch as key', 'type', 'closing', 'meter-1', KEY)
    yield bad('epoch below 0', 'range', 'closing', 'meter-1', -1)
    yield bad('key as epoch', 'type', 'closing-key', 'meter-1', 7)
    yield bad('key of 31', 'range', 'closing-key', 'meter-1', KEY[:31])
    yield bad('key of 33', 'limit', 'closing-key', 'meter-1', KEY + b'\0')
    yield invalid('epoch in 16 bits', 'not_canonical', pack(('closing', 'meter-1', Raw(b'\xcd\x00\x07'))))
    yield invalid('a byte too many', 'trailing', pack(('closing', 'meter-1', 7)) + b'\0')


def valid_settlements():
    def v(name, device, number, part, parts, of):
        return {'name': name, 'hex': pack(('settlement', device, number, part, parts, of)).hex(),
                'fields': {'device': device, 'id': number, 'part': part, 'parts': parts, 'hashes': [h.hex() for h in of]}}
    yield v('one envelope', 'meter-1', 5, 1, 1, hashes(1))
    yield v('as many as go in', 'meter-1', 5, 2, 3, hashes(24))
    yield v('none', 'meter-1', 0, 1, 1, [])
    yield v('the last part of the longest', 'A0_-' * 16, U64_MAX, 100_000, 100_000, hashes(2))


def invalid_settlements():
    def bad(name, error, *fields):
        return invalid(name, error, pack(fields))
    two = hashes(2)
    yield invalid('nothing', 'truncated', b'')
    yield bad('another kind', 'version', 'closing', 'meter-1', 7)
    yield bad('a settlement of 5', 'type', 'settlement', 'meter-1', 5, 1, 1)
    yield bad('part 0', 'range', 'settlement', 'meter-1', 5, 0, 1, two)
    yield bad('a part beyond the last', 'range', 'settlement', 'meter-1', 5, 3, 2, two)
    yield bad('too many parts', 'range', 'settlement', 'meter-1', 5, 1, 100_001, two)
    yield bad('a hash of 31', 'range', 'settlement', 'meter-1', 5, 1, 1, [two[0][:31]])
    yield bad('a hash as str', 'type', 'settlement', 'meter-1', 5, 1, 1, ['h' * 32])
    yield bad('hashes out of order', 'not_canonical', 'settlement', 'meter-1', 5, 1, 1, two[::-1])
    yield bad('a hash twice', 'not_canonical', 'settlement', 'meter-1', 5, 1, 1, [two[0], two[0]])
    yield bad('25 hashes', 'limit', 'settlement', 'meter-1', 5, 1, 1, hashes(25))
    yield bad('device as bin', 'type', 'settlement', b'meter-1', 5, 1, 1, two)
    yield invalid('a byte too many', 'trailing', pack(('settlement', 'meter-1', 5, 1, 1, two)) + b'\0')


def grant(n=0):
    return sha(pack(('grant', f'sensor-{n}', 'a/*', [], 1, 0, U64_MAX, 0, U64_MAX)))


def valid_withdrawals():
    for name, of in (('a grant', grant()), ('another', grant(1)), ('any 32 bytes', b'\0' * 32)):
        yield {'name': name, 'hex': pack(('withdrawal', of)).hex(), 'fields': {'grant': of.hex()}}


def invalid_withdrawals():
    def bad(name, error, *fields):
        return invalid(name, error, pack(fields))
    yield invalid('nothing', 'truncated', b'')
    yield bad('another kind', 'version', 'exemption', grant())
    yield bad('a withdrawal of 1', 'type', 'withdrawal')
    yield bad('a withdrawal of 3', 'type', 'withdrawal', grant(), grant(1))
    yield bad('a grant of 31', 'range', 'withdrawal', grant()[:31])
    yield bad('a grant of 33', 'limit', 'withdrawal', grant() + b'\0')
    yield bad('a grant as str', 'type', 'withdrawal', 'g' * 32)
    yield invalid('a byte too many', 'trailing', pack(('withdrawal', grant())) + b'\0')


def valid_exemptions():
    def v(name, number, part, parts, of):
        return {'name': name, 'hex': pack(('exemption', grant(), number, part, parts, of)).hex(),
                'fields': {'grant': grant().hex(), 'id': number, 'part': part, 'parts': parts, 'hashes': [h.hex() for h in of]}}
    yield v('one envelope', 5, 1, 1, hashes(1))
    yield v('as many as go in', 5, 2, 3, hashes(24))
    yield v('none', 0, 1, 1, [])
    yield v('the last part of the longest', U64_MAX, 100_000, 100_000, hashes(2))


def invalid_exemptions():
    def bad(name, error, *fields):
        return invalid(name, error, pack(fields))
    two = hashes(2)
    yield invalid('nothing', 'truncated', b'')
    yield bad('another kind', 'version', 'settlement', 'meter-1', 5, 1, 1, two)
    yield bad('an exemption of 5', 'type', 'exemption', grant(), 5, 1, 1)
    yield bad('a device', 'type', 'exemption', 'meter-1', 5, 1, 1, two)
    yield bad('a grant of 31', 'range', 'exemption', grant()[:31], 5, 1, 1, two)
    yield bad('part 0', 'range', 'exemption', grant(), 5, 0, 1, two)
    yield bad('a part beyond the last', 'range', 'exemption', grant(), 5, 3, 2, two)
    yield bad('too many parts', 'range', 'exemption', grant(), 5, 1, 100_001, two)
    yield bad('a hash of 31', 'range', 'exemption', grant(), 5, 1, 1, [two[0][:31]])
    yield bad('hashes out of order', 'not_canonical', 'exemption', grant(), 5, 1, 1, two[::-1])
    yield bad('a hash twice', 'not_canonical', 'exemption', grant(), 5, 1, 1, [two[0], two[0]])
    yield bad('25 hashes', 'limit', 'exemption', grant(), 5, 1, 1, hashes(25))
    yield invalid('a byte too many', 'trailing', pack(('exemption', grant(), 5, 1, 1, two)) + b'\0')


def valid_removals():
    def v(name, key, device, epoch, op):
        return {'name': name, 'hex': pack(('removal', key, device, epoch, op)).hex(),
                'fields': {'key': key, 'device': device, 'epoch': epoch, 'op': op}}
    yield v('of an add', 'hall/doors', 'meter-1', 7, 3)
    yield v('epoch 0', 'a', 'x', 0, 1)
    yield v('the last operation of the last epoch', 'k' * 200, 'A0_-' * 16, U64_MAX, U64_MAX)


def invalid_removals():
    def bad(name, error, *fields):
        return invalid(name, error, pack(fields))
    yield invalid('nothing', 'truncated', b'')
    yield bad('another kind', 'version', 'closing', 'meter-1', 7)
    yield bad('a removal of 4', 'type', 'removal', 'hall/doors', 'meter-1', 7)
    yield bad('a removal of 6', 'type', 'removal', 'hall/doors', 'meter-1', 7, 3, 4)
    yield bad('no key', 'utf8', 'removal', '', 'meter-1', 7, 3)
    yield bad('a key of the fleet', 'range', 'removal', '$fleet/keys', 'meter-1', 7, 3)
    yield bad('a key with +', 'utf8', 'removal', 'a/+', 'meter-1', 7, 3)
    yield bad('device with a slash', 'utf8', 'removal', 'hall/doors', 'a/b', 7, 3)
    yield bad('operation 0', 'range', 'removal', 'hall/doors', 'meter-1', 7, 0)
    yield bad('operation as str', 'type', 'removal', 'hall/doors', 'meter-1', 7, '3')
    yield invalid('a byte too many', 'trailing', pack(('removal', 'hall/doors', 'meter-1', 7, 3)) + b'\0')
