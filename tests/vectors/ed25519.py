# SPDX-License-Identifier: Apache-2.0
"""Ed25519 from RFC 8032 section 5.1 and nothing but Python's own library, with what a strict verifier refuses beyond it: points of
small order, other spellings of a point, s that is not below L. Neither fast nor in constant time: for vectors."""
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # of -1
IDENTITY = (0, 1, 1, 0)  # extended coordinates: x = X / Z, y = Y / Z, T = x y Z


def add(p, q):
    """Has no exceptions on this curve."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    out = IDENTITY
    while n:
        if n & 1:
            out = add(out, point)
        point = add(point, point)
        n >>= 1
    return out


def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def encode(point):
    inverse = pow(point[2], -1, P)
    return (point[1] * inverse % P | (point[0] * inverse % P & 1) << 255).to_bytes(32, 'little')


def decode(data):
    """Any spelling; None: no point of the curve."""
    number = int.from_bytes(data, 'little')
    y = number % 2**255 % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    x = (P - x) % P if x % 2 != number >> 255 else x
    return x, y, 1, x * y % P


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, 'little'))


def is_canonical(data):
    point = decode(data)
    return point is not None and encode(point) == data


def is_small(data):
    point = decode(data)
    return point is not None and same(times(8, point), IDENTITY)


def fit(public):
    """Whether a key may be enrolled: the one spelling of a point of the prime-order group other than its identity."""
    return is_canonical(public) and not is_small(public) and same(times(L, decode(public)), IDENTITY)


def scalar(*parts):
    return int.from_bytes(hashlib.sha512(b''.join(parts)).digest(), 'little')


def secret_of(seed):
    h = hashlib.sha512(seed).digest()
    return int.from_bytes(h[:32], 'little') & (2**254 - 8) | 2**254, h[32:]


def public_of(seed):
    return encode(times(secret_of(seed)[0], BASE))


def sign(seed, message):
    a, prefix = secret_of(seed)
    public, r = public_of(seed), scalar(prefix, message) % L
    big_r = encode(times(r, BASE))
    return big_r + ((r + scalar(big_r, public, message) * a) % L).to_bytes(32, 'little')


def equation(public, message, signature):
    """s B = R + k A, of any spelling and any s: what a lenient verifier looks at. k is reduced first, as everybody does."""
    a, r, s = decode(public), decode(signature[:32]), int.from_bytes(signature[32:], 'little')
    k = scalar(signature[:32], public, message) % L
    return a is not None and r is not None and same(times(s, BASE), add(r, times(k, a)))


def verifies(public, message, signature):
    return (int.from_bytes(signature[32:], 'little') < L and all(is_canonical(p) and not is_small(p) for p in (public, signature[:32])) and
            equation(public, message, signature))
