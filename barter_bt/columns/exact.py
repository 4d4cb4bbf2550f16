"""Exact integer arithmetic for kernels (rules 2 and 3).

Both functions exist twice: on Python's unbounded integers for the interpreted run, and on int64 for the
compiled one, where a product may need 124 bits.
"""

from __future__ import annotations

import numpy as np

from barter_bt.columns.marks import native

LIMIT = 1 << 62  # the largest magnitude of a posting
TOO_LARGE = LIMIT + 1  # stands for every result beyond it


@native(lambda: _muldiv_int64)
def muldiv(a: int, b: int, c: int) -> int:
    """``a * b / c``, rounded half to even.

    Parameters
    ----------
    a, b
        Factors from 0 to 2^62.
    c
        Divisor from 1 to 2^62.

    Returns
    -------
    int
        At most 2^62, or ``TOO_LARGE``.

    Examples
    --------
    >>> muldiv(5, 1, 2), muldiv(7, 1, 2), muldiv(10**18, 10**18, 10**18 + 1)
    (2, 4, 999999999999999999)
    """
    q, r = divmod(a * b, c)
    if r > c - r or (r == c - r and q & 1):
        q += 1
    return min(q, TOO_LARGE)


@native(lambda: _muldiv_floor_int64)
def muldiv_floor(a: int, b: int, c: int) -> int:
    """``a * b / c``, rounded down; same ranges as :func:`muldiv`.

    Examples
    --------
    >>> muldiv_floor(7, 1, 2)
    3
    """
    return min(a * b // c, TOO_LARGE)


def signed_muldiv(a: int, b: int, c: int) -> int:
    """``a * b / c`` of an ``a`` of either sign, rounded half to even; same ranges as :func:`muldiv`.

    Examples
    --------
    >>> signed_muldiv(-5, 1, 2), signed_muldiv(-7, 1, 2), signed_muldiv(-LIMIT, 2, 1) == -TOO_LARGE
    (-2, -4, True)
    """
    return muldiv(a, b, c) if a >= 0 else -muldiv(-a, b, c)


@native(lambda: _difference_int64)
def difference(a: int, b: int, c: int, d: int) -> int:
    """``a * b - c * d``, of which the products may be beyond 2^63 as long as the difference is not.

    Numba tells the compiler that numbers with a sign never overflow, and what does is undefined then. So whatever may
    wrap around is computed by this, and without a sign.

    Examples
    --------
    >>> difference(1 << 40, 1 << 40, (1 << 40) - 1, 1 << 40) == 1 << 40
    True
    """
    return a * b - c * d


def _difference_int64(a: int, b: int, c: int, d: int) -> int:
    return np.int64(np.uint64(a) * np.uint64(b) - np.uint64(c) * np.uint64(d))  # type: ignore[return-value]


def bounded_sum(a: int, b: int) -> int:
    """``a + b`` of amounts of at most ``TOO_LARGE``; what is beyond 2^62 becomes ``TOO_LARGE`` of its sign.

    Examples
    --------
    >>> bounded_sum(2, 3), bounded_sum(LIMIT, 1) == TOO_LARGE, bounded_sum(-LIMIT, -LIMIT) == -TOO_LARGE
    (5, True, True)
    """
    if b > 0:
        return a + b if a <= LIMIT - b else TOO_LARGE
    return a + b if a >= -LIMIT - b else -TOO_LARGE


def _long_division(a: int, b: int, c: int) -> tuple[int, int]:
    """Bit by bit, for products beyond 2^100: nothing exceeds int64 while c is at most 2^62."""
    q, r, quotient, remainder = 0, 0, b // c, b % c
    for k in range(62, -1, -1):
        q, r = 2 * q, 2 * r
        if r >= c:
            q, r = q + 1, r - c
        if (a >> k) & 1:
            q, r = q + quotient, r + remainder
            if r >= c:
                q, r = q + 1, r - c
    return q, r


def _quotient(a: int, b: int, c: int) -> tuple[int, int]:
    """Quotient and remainder of a * b / c in int64, for a quotient of at most 2^62.

    The float estimate is off by at most 1 + q / 2^51. While that times c stays below 2^62 the remainder fits int64,
    and mends it.
    """
    estimate = float(a) * float(b) / float(c)
    if c > 1 << 50 and estimate > 1e15:
        return _long_division(a, b, c)
    q = int(estimate)
    r = difference(a, b, q, c)
    if r < 0 or r >= c:
        step = r // c
        q, r = q + step, r - step * c
    return q, r


def _muldiv_int64(a: int, b: int, c: int) -> int:
    if float(a) * float(b) > 4.7e18 * float(c):
        return TOO_LARGE
    q, r = _quotient(a, b, c)
    q += int(r > c - r) | (int(r == c - r) & q & 1)  # without a branch: it would be a coin toss
    return min(q, TOO_LARGE)


def _muldiv_floor_int64(a: int, b: int, c: int) -> int:
    if float(a) * float(b) > 4.7e18 * float(c):
        return TOO_LARGE
    return min(_quotient(a, b, c)[0], TOO_LARGE)
