"""Many exact quotes of one weighted pool at once, in compiled code.

Mirrors `model.quotes`, which is the meaning: amounts that `quote` or `quote_exact_out` refuses have
a false flag here. A balance has up to 112 bits, and 60 more in units of 18 decimals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab.core.kernel import Words, add, inlined, kernel, less, product, subtract
from trimtab.core.token import Token
from trimtab.protocols.balancer.market import WeightedPool, WeightedState
from trimtab.protocols.balancer.maths.divisions import ByWord, by_word, four_by_word, up
from trimtab.protocols.balancer.maths.powers import BY_UNIT, UNIT, power_up
from trimtab.protocols.balancer.model.checked import (
    ONE,
    complement,
    divide_down,
    divide_up,
    mul_down,
)
from trimtab.protocols.balancer.model.pool import CASH_BITS, scaled
from trimtab.protocols.balancer.model.routes import direction
from trimtab.protocols.balancer.model.weighted import MAX_IN_RATIO, MAX_OUT_RATIO
from trimtab.protocols.shared.limbs import divide, is_zero, load, packed, store

Array = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
U64 = np.uint64
Z = U64(0)

BALANCE_IN, BALANCE_OUT, INFLATED, EXPONENT, MOST, ROOM, LYING = range(7)
"""Rows of what a batch goes by; the last two are base units, of the token in and of that out."""


@dataclass(frozen=True, slots=True)
class _Side:
    """What all quotes of one direction go by, and whether there are any."""

    rows: Array
    shortcut: np.uint64
    factor_in: int
    factor_out: int
    is_open: bool


def quotes(
    state: WeightedState, pool: WeightedPool, token_in: Token, token_out: Token, amounts: Array
) -> tuple[Array, Flags]:
    """What selling each amount of `token_in` gives, and whether the pool takes it.

    Amounts and results are rows of four words (`limbs.packed`). Raises NoRoute for tokens that
    are not two of the pool's.
    """
    i, j = direction(pool, token_in, token_out)
    given, goes = np.zeros_like(amounts), np.zeros(len(amounts), dtype=np.bool_)
    exponent = divide_down(pool.weights[i], pool.weights[j])
    side = _side(state, (i, j), i, exponent, MAX_IN_RATIO)
    if side.is_open:
        fee, factor, by = U64(state.swap_fee), U64(side.factor_in), by_word(side.factor_out)
        _amounts_out(side.rows, side.shortcut, fee, factor, by, amounts, given, goes)
    return given, goes


def quotes_exact_out(
    state: WeightedState, pool: WeightedPool, token_in: Token, token_out: Token, amounts: Array
) -> tuple[Array, Flags]:
    """What buying each amount of `token_out` takes of `token_in`, and whether it can be had.

    As of `quotes`.
    """
    i, j = direction(pool, token_in, token_out)
    taken, goes = np.zeros_like(amounts), np.zeros(len(amounts), dtype=np.bool_)
    exponent = divide_up(pool.weights[j], pool.weights[i])
    side = _side(state, (i, j), j, exponent, MAX_OUT_RATIO)
    kept = complement(state.swap_fee)
    if side.is_open and kept:
        factor, by = U64(side.factor_out), by_word(side.factor_in)
        _amounts_in(side.rows, side.shortcut, factor, by, by_word(kept), amounts, taken, goes)
    goes |= ~amounts.any(axis=1)  # nothing costs nothing, in whatever pool
    return taken, goes


def _side(
    state: WeightedState, places: tuple[int, int], moved: int, exponent: int, ratio: int
) -> _Side:
    """The rows of a direction; `moved` is the token whose balance is the base of the power."""
    pool, (i, j) = state.pool, places
    balances = scaled(pool, state.balances)
    rows = (
        balances[i],
        balances[j],
        balances[moved] * ONE,
        exponent,
        mul_down(balances[moved], ratio),
        (1 << CASH_BITS) - 1 - state.balances[i],
        state.balances[j],
    )
    is_short = pool.has_shortcuts and exponent in (ONE, 2 * ONE, 4 * ONE)
    factor_in, factor_out = (pool.scaling_factors[at] // ONE for at in places)
    is_open = balances[moved] > 0 and not state.pool_pause.is_paused
    shortcut = U64(exponent // ONE if is_short else 0)
    return _Side(packed(rows), shortcut, factor_in, factor_out, is_open)


# ------------------------------------------------------------------------------------ compiled


@inlined
def _three(rows: Array, at: int) -> Words:
    return (rows[at, 0], rows[at, 1], rows[at, 2])


@inlined
def _base_up(inflated: Words, divisor: Words) -> np.uint64:
    """The base of the power: a balance over what it is after the swap, or before it."""
    quotient, has_rest, _ = divide(inflated, divisor)
    return quotient[0] + U64(has_rest)


@kernel(
    "void(uint64[:,::1], uint64, uint64, uint64, UniTuple(uint64, 3),"
    " uint64[:,::1], uint64[:,::1], boolean[::1])"
)
def _amounts_out(
    rows: Array,
    shortcut: np.uint64,
    fee: np.uint64,
    factor_in: np.uint64,
    by_factor_out: ByWord,
    amounts: Array,
    given: Array,
    goes: Flags,
) -> None:
    """Writes what each amount sold gives, where it is not too much."""
    balance_in, balance_out = load(rows, BALANCE_IN), _three(rows, BALANCE_OUT)
    inflated, most, room = load(rows, INFLATED), load(rows, MOST), load(rows, ROOM)
    exponent = (rows[EXPONENT, 0], rows[EXPONENT, 1])
    for at in range(len(amounts)):
        amount = load(amounts, at)
        if less(room, amount):
            continue
        sold = (amount[0], amount[1])
        charged = product(sold, (fee,))
        charge, rest = four_by_word((charged[0], charged[1], charged[2], Z), BY_UNIT)
        charge = up(charge, rest)
        net = product(subtract(sold, (charge[0], charge[1])), (factor_in,))
        if less(most, net):
            continue
        power = power_up(_base_up(inflated, add(balance_in, net)), exponent, shortcut)
        goes[at] = True
        if power[0] < UNIT and power[1] == Z:
            found, _ = four_by_word(product(balance_out, (UNIT - power[0],)), BY_UNIT)
            amount_out, _ = four_by_word(found, by_factor_out)
            store(given, at, amount_out)


@kernel(
    "void(uint64[:,::1], uint64, uint64, UniTuple(uint64, 3), UniTuple(uint64, 3),"
    " uint64[:,::1], uint64[:,::1], boolean[::1])"
)
def _amounts_in(
    rows: Array,
    shortcut: np.uint64,
    factor_out: np.uint64,
    by_factor_in: ByWord,
    by_kept: ByWord,
    amounts: Array,
    taken: Array,
    goes: Flags,
) -> None:
    """Writes what each amount bought takes, where it is not too much and there is room for it."""
    balance_in, balance_out = _three(rows, BALANCE_IN), load(rows, BALANCE_OUT)
    inflated, most = load(rows, INFLATED), load(rows, MOST)
    room, lying = load(rows, ROOM), load(rows, LYING)
    exponent = (rows[EXPONENT, 0], rows[EXPONENT, 1])
    for at in range(len(amounts)):
        amount = load(amounts, at)
        if is_zero(amount) or less(lying, amount):
            continue
        bought = product((amount[0], amount[1]), (factor_out,))
        if less(most, bought):
            continue
        power = power_up(_base_up(inflated, subtract(balance_out, bought)), exponent, shortcut)
        whole = product(balance_in, subtract(power, (UNIT, Z)))
        if whole[4] != Z:
            continue
        found, rest = four_by_word((whole[0], whole[1], whole[2], whole[3]), BY_UNIT)
        net, rest = four_by_word(up(found, rest), by_factor_in)
        net = up(net, rest)
        if less(room, net):
            continue
        gross = product((net[0], net[1]), (UNIT,))
        amount_in, rest = four_by_word((gross[0], gross[1], gross[2], Z), by_kept)
        amount_in = up(amount_in, rest)
        if not less(room, amount_in):
            store(taken, at, amount_in)
            goes[at] = True
