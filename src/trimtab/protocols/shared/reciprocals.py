"""Division of words through a reciprocal: a few multiplications in place of a slow instruction.

Source: Moeller and Granlund, Improved division by invariant integers, IEEE Transactions on
Computers 60 (2011), algorithms 2 to 6; its names for the variables. All sums are modulo 2**64, and
every divisor has its top bit set.
"""

import numpy as np

from trimtab.core.kernel import add, inlined, less, product, subtract

U64 = np.uint64
Z = U64(0)
ONE = U64(1)


@inlined
def reciprocal(d: U64) -> U64:
    """`(2**128 - 1) // d - 2**64`, by Newton's iteration. Algorithm 2, its table a division."""
    d0 = d & ONE
    d40 = (d >> U64(24)) + ONE
    d63 = (d >> ONE) + d0
    v0 = U64(0x7FD00) // (d >> U64(55))
    v1 = (v0 << U64(11)) - ((v0 * v0 * d40) >> U64(40)) - ONE
    v2 = (v1 << U64(13)) + ((v1 * ((ONE << U64(60)) - v1 * d40)) >> U64(47))
    e = (v2 >> ONE) * d0 - v2 * d63
    v3 = (v2 << U64(31)) + (product((v2,), (e,))[1] >> ONE)
    return v3 - add(product((v3,), (d,)), (d, Z))[1] - d


@inlined
def divide_pair(u1: U64, u0: U64, d: U64, v: U64) -> tuple[U64, U64]:
    """Two words by one that is above the upper: quotient and remainder. Algorithm 4."""
    q = add(product((v,), (u1,)), (u0, u1))
    q0, q1 = q[0], q[1] + ONE
    r = u0 - q1 * d
    if r > q0:
        q1 -= ONE
        r += d
    if r >= d:
        q1 += ONE
        r -= d
    return q1, r


@inlined
def reciprocal_of_pair(d1: U64, d0: U64) -> U64:
    """`(2**192 - 1) // (d1 * 2**64 + d0) - 2**64`. Algorithm 6."""
    v = reciprocal(d1)
    p = d1 * v + d0
    if p < d0:
        v -= ONE
        if p >= d1:
            v -= ONE
            p -= d1
        p -= d1
    t = product((v,), (d0,))
    p += t[1]
    if p < t[1]:
        v -= ONE
        if not less((t[0], p), (d0, d1)):
            v -= ONE
    return v


@inlined
def divide_3by2(u2: U64, u1: U64, u0: U64, d1: U64, d0: U64, v: U64) -> U64:
    """The quotient of three words by two, the upper two less than the divisor. Algorithm 5."""
    d = (d0, d1)
    q = add(product((v,), (u2,)), (u1, u2))
    q0, q1 = q[0], q[1]
    r = subtract((u0, u1 - q1 * d1), product((d0,), (q1,)))
    r = subtract(r, d)
    q1 += ONE
    if r[1] >= q0:
        q1 -= ONE
        r = add(r, d)
    if not less(r, d):
        q1 += ONE
    return q1
