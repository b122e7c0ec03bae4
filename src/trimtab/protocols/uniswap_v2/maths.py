"""Many exact quotes of one pair at once, in compiled code.

Mirrors `model.quotes`, which is the meaning: amounts that `quote` or `quote_exact_out` refuses have
a false flag here. Reserves are counted in 112 bits and the parts of a fee in 32, so that no product
of what is not refused exceeds 256.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trimtab.core.kernel import Words, add, inlined, kernel, less, product, subtract
from trimtab.core.token import Token
from trimtab.protocols.shared.limbs import ONE4, divide, is_zero, load, packed, store, words4
from trimtab.protocols.uniswap_v2.market import UINT112_MAX, Pair, PairState
from trimtab.protocols.uniswap_v2.model.library import Sides, sides

Array = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

_MOST = words4(UINT112_MAX)
_Z = np.uint64(0)
_IN, _OUT = 0, 1


def quotes(state: PairState, pair: Pair, token_in: Token, amounts: Array) -> tuple[Array, Flags]:
    """What selling each amount of `token_in` gives, and whether the pair can take it.

    Amounts and results are rows of four words (`limbs.packed`). Raises NoRoute for a token of
    another pair.
    """
    given, goes = np.zeros_like(amounts), np.zeros(len(amounts), dtype=np.bool_)
    of = sides(state, pair, pair.is_zero_for_one(token_in))
    if _has_liquidity(of):
        _amounts_out(_reserves(of), np.uint64(of.kept), np.uint64(of.parts), amounts, given, goes)
    return given, goes


def quotes_exact_out(
    state: PairState, pair: Pair, token_in: Token, amounts: Array
) -> tuple[Array, Flags]:
    """What buying each amount of the other token takes of `token_in`, and whether it can be had.

    As of `quotes`.
    """
    taken, goes = np.zeros_like(amounts), np.zeros(len(amounts), dtype=np.bool_)
    of = sides(state, pair, pair.is_zero_for_one(token_in))
    if _has_liquidity(of):
        _amounts_in(_reserves(of), np.uint64(of.kept), np.uint64(of.parts), amounts, taken, goes)
    return taken, goes


def _has_liquidity(of: Sides) -> bool:
    return of.reserve_in > 0 and of.reserve_out > 0


def _reserves(of: Sides) -> Array:
    return packed((of.reserve_in, of.reserve_out))


# ------------------------------------------------------------------------------------ compiled


@inlined
def _times(value: Words, factor: np.uint64) -> Words:
    """A number of 112 bits by a word."""
    low, middle, high = product((value[0], value[1]), (factor,))
    return (low, middle, high, _Z)


@inlined
def _times_wide(value: Words, factor: Words) -> Words:
    """A number of 144 bits by one of 112."""
    whole = product((value[0], value[1], value[2]), (factor[0], factor[1]))
    return (whole[0], whole[1], whole[2], whole[3])


@kernel("void(uint64[:,::1], uint64, uint64, uint64[:,::1], uint64[:,::1], boolean[::1])")
def _amounts_out(
    reserves: Array, kept: np.uint64, parts: np.uint64, amounts: Array, given: Array, goes: Flags
) -> None:
    """Writes what each amount sold gives, where there is room for it."""
    reserve_out = load(reserves, _OUT)
    room = subtract(_MOST, load(reserves, _IN))
    whole = _times(load(reserves, _IN), parts)
    for at in range(len(amounts)):
        amount = load(amounts, at)
        if less(room, amount):
            continue
        counted = _times(amount, kept)
        amount_out, _, _ = divide(_times_wide(counted, reserve_out), add(whole, counted))
        store(given, at, amount_out)
        goes[at] = True


@kernel("void(uint64[:,::1], uint64, uint64, uint64[:,::1], uint64[:,::1], boolean[::1])")
def _amounts_in(
    reserves: Array, kept: np.uint64, parts: np.uint64, amounts: Array, taken: Array, goes: Flags
) -> None:
    """Writes what each amount bought takes, where there is more of it and room for the payment."""
    reserve_out = load(reserves, _OUT)
    room = subtract(_MOST, load(reserves, _IN))
    whole = _times(load(reserves, _IN), parts)
    for at in range(len(amounts)):
        amount = load(amounts, at)
        if not less(amount, reserve_out):
            continue
        if is_zero(amount):
            goes[at] = True
            continue
        left = _times(subtract(reserve_out, amount), kept)
        quotient, _, _ = divide(_times_wide(whole, amount), left)
        amount_in = add(quotient, ONE4)
        if not less(room, amount_in):
            store(taken, at, amount_in)
            goes[at] = True
