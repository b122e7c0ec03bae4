"""The StableSwap invariant and its roots, with the contract's names, order and roundings.

`xp` are balances times their rates, all in units of 10**-18; `amp` is A * n**(n - 1) times
`a_precision`, which is 100 in pools of the factory and 1 in the oldest. Source: M. Egorov,
"StableSwap: efficient mechanism for stablecoin liquidity" (2019), and the contract's own
iterations. Every function raises ArithmeticError where the contract reverts.
"""

from collections.abc import Sequence

from trimtab.core.abi import UINT256_MAX
from trimtab.protocols.curve.model.checked import fits, mul_div_down

MOST_ROUNDS = 255
"""Iterations after which a contract gives up."""


def get_d(xp: Sequence[int], amp: int, a_precision: int) -> int:
    """The invariant D: the sum of balances if they were equal."""
    total = fits(sum(xp))
    if total == 0:
        return 0
    count, ann = len(xp), fits(amp * len(xp))
    weighted = mul_div_down(ann, total, a_precision)
    slope = fits(ann - a_precision)
    scaled = [fits(x * count) for x in xp]
    d = total
    for _ in range(MOST_ROUNDS):
        d_p = d
        for x in scaled:
            d_p = mul_div_down(d_p, d, x)
        previous = d
        numerator = fits(fits(weighted + fits(d_p * count)) * d)
        d = numerator // fits(mul_div_down(slope, d, a_precision) + fits((count + 1) * d_p))
        if -1 <= d - previous <= 1:
            return d
    raise ArithmeticError("the invariant does not converge")


def get_y(i: int, j: int, x: int, xp: Sequence[int], amp: int, a_precision: int) -> int:
    """What `xp[j]` has to be where `xp[i]` is `x`, for the invariant to stay."""
    moved = [x if index == i else value for index, value in enumerate(xp)]
    return _root(j, moved, get_d(xp, amp, a_precision), amp, a_precision)


def get_y_d(i: int, xp: Sequence[int], d: int, amp: int, a_precision: int) -> int:
    """What `xp[i]` has to be for the invariant to be `d`."""
    return _root(i, xp, d, amp, a_precision)


def _root(index: int, xp: Sequence[int], d: int, amp: int, a_precision: int) -> int:
    """The balance at `index` that gives the others the invariant `d`."""
    count, ann = len(xp), fits(amp * len(xp))
    total, c = 0, d
    for other, value in enumerate(xp):
        if other != index:
            total = fits(total + value)
            c = mul_div_down(c, d, fits(value * count))
    c = fits(fits(c * d) * a_precision) // fits(ann * count)
    b = fits(total + mul_div_down(d, a_precision, ann))
    y = d
    for _ in range(MOST_ROUNDS):
        previous = y
        numerator = y * y + c
        if numerator > UINT256_MAX:
            raise OverflowError("the square of a balance")
        y = numerator // fits(fits(2 * y + b) - d)
        if -1 <= y - previous <= 1:
            return y
    raise ArithmeticError("the balance does not converge")
