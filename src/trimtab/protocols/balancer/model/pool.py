"""What the pool's own functions compute, with what of it the vault keeps.

Source: BaseMinimalSwapInfoPool.sol, BasePool.sol, WeightedPool.sol and WeightedPoolProtocolFees.sol
of the third weighted pool; BalanceAllocation.sol of the vault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trimtab.protocols.balancer.market import Pause, WeightedPool, WeightedState
from trimtab.protocols.balancer.model import weighted
from trimtab.protocols.balancer.model.checked import (
    ONE,
    Code,
    Refusal,
    add,
    complement,
    divide_down,
    divide_up,
    mul,
    mul_down,
    mul_up,
    require,
    sub,
)
from trimtab.protocols.balancer.model.powers import computed_power_up, power_up
from trimtab.protocols.balancer.model.weighted import Amounts

MINIMUM_SHARES = 10**6
"""What the first join leaves to nobody."""
INVARIANT_BITS = 192
CASH_BITS = 112


def check_open(pause: Pause) -> None:
    """Raise Refusal while a contract is paused."""
    require(not pause.is_paused, Code.PAUSED)


def scaled(pool: WeightedPool, amounts: Sequence[int]) -> Amounts:
    """Base units of each token as units of 18 decimals."""
    return tuple(map(mul_down, amounts, pool.scaling_factors))


def cash(raw: int) -> int:
    """A balance as the vault can keep it."""
    require(raw >> CASH_BITS == 0, Code.BALANCE_TOTAL_OVERFLOW)
    return raw


# -------------------------------------------------------------------------------------- swaps


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a swap takes and gives, the fee in it, and the balances that it leaves."""

    amount_in: int
    amount_out: int
    fee: int
    balances: Amounts


def exchange_given_in(state: WeightedState, i: int, j: int, amount: int) -> Exchange:
    """What selling an exact amount of the token at `i` for that at `j` does."""
    check_open(state.pool_pause)
    pool, factors = state.pool, state.pool.scaling_factors
    balances = scaled(pool, state.balances)
    fee = mul_up(amount, state.swap_fee)
    net = mul_down(sub(amount, fee), factors[i])
    found = weighted.out_given_in(
        balances[i], pool.weights[i], balances[j], pool.weights[j], net, _power_up(pool)
    )
    return _exchange(state, (i, j), amount, divide_down(found, factors[j]), fee)


def exchange_given_out(state: WeightedState, i: int, j: int, amount: int) -> Exchange:
    """What buying an exact amount of the token at `j` with that at `i` does."""
    check_open(state.pool_pause)
    pool, factors = state.pool, state.pool.scaling_factors
    balances = scaled(pool, state.balances)
    found = weighted.in_given_out(
        balances[i],
        pool.weights[i],
        balances[j],
        pool.weights[j],
        mul_down(amount, factors[j]),
        _power_up(pool),
    )
    net = divide_up(found, factors[i])
    gross = divide_up(net, complement(state.swap_fee))
    return _exchange(state, (i, j), gross, amount, gross - net)


def _exchange(
    state: WeightedState, direction: tuple[int, int], amount_in: int, amount_out: int, fee: int
) -> Exchange:
    balances, (i, j) = list(state.balances), direction
    balances[i] = cash(add(balances[i], amount_in))
    balances[j] = sub(balances[j], amount_out)
    return Exchange(amount_in, amount_out, fee, tuple(balances))


def _power_up(pool: WeightedPool) -> weighted.Power:
    return power_up if pool.has_shortcuts else computed_power_up


# ---------------------------------------------------------------------------- joins and exits


@dataclass(frozen=True, slots=True)
class Terms:
    """What a join or an exit goes by: balances of 18 decimals, their invariant, and the supply.

    `due` are the protocol's shares of the fees that swaps have paid; the supply includes them.
    """

    balances: Amounts
    invariant: int
    supply: int
    due: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a join or an exit does: the liquidity provider's shares, and base units of each token.

    `fees` are the shares that the protocol gets besides.
    """

    shares: int
    amounts: Amounts
    fees: int
    last_invariant: int


Shared = tuple[int, Amounts]
"""Shares, and amounts of 18 decimals."""


def terms(state: WeightedState, supply: int) -> Terms:
    """The terms at a supply, the state's own or that before what is underway."""
    balances = scaled(state.pool, state.balances)
    invariant, due = weighted.invariant_down(state.pool.weights, balances), 0
    if state.protocol_swap_fee:
        growth = divide_down(invariant, state.last_invariant)
        due = weighted.protocol_shares(growth, ONE, state.protocol_swap_fee, supply)
    return Terms(balances, invariant, add(supply, due), due)


def initialised(state: WeightedState, amounts: Sequence[int]) -> tuple[int, int]:
    """What the first join, of exactly these base units, makes: shares, and the invariant kept."""
    pool = state.pool
    invariant = weighted.invariant_down(pool.weights, scaled(pool, amounts))
    shares = mul(invariant, len(amounts))
    last = _kept(state, invariant)
    require(shares >= MINIMUM_SHARES, Code.MINIMUM_BPT)
    return shares, last


def joined(state: WeightedState, by: Terms, found: Shared) -> Change:
    """A join that gives these shares for these amounts."""
    shares, amounts = found
    supply = add(by.supply, shares)
    balances = tuple(map(add, by.balances, amounts))
    last, fees = _after(state, by, balances, supply)
    raws = _downscaled(state.pool, amounts, divide_up)
    return Change(shares, raws, by.due + fees, last)


def left(state: WeightedState, by: Terms, found: Shared) -> Change:
    """An exit that burns these shares for these amounts."""
    shares, amounts = found
    supply = sub(by.supply, shares)
    balances = tuple(map(sub, by.balances, amounts))
    last, fees = _after(state, by, balances, supply)
    raws = _downscaled(state.pool, amounts, divide_down)
    return Change(shares, raws, by.due + fees, last)


def _after(
    state: WeightedState, by: Terms, balances: Sequence[int], supply: int
) -> tuple[int, int]:
    """The invariant to be kept, and the protocol's shares of the fees in the change itself."""
    invariant = weighted.invariant_down(state.pool.weights, balances)
    last = _kept(state, invariant)
    growth = divide_down(invariant, by.invariant)
    supply_growth = divide_down(supply, by.supply)
    fees = weighted.protocol_shares(growth, supply_growth, state.protocol_swap_fee, supply)
    return last, fees


def _kept(state: WeightedState, invariant: int) -> int:
    require(invariant >> INVARIANT_BITS == 0, Code.CODEC_OVERFLOW)
    return 0 if state.is_recovering else invariant


def _downscaled(
    pool: WeightedPool, amounts: Sequence[int], divide: Callable[[int, int], int]
) -> Amounts:
    return tuple(map(divide, amounts, pool.scaling_factors))


def worth(state: WeightedState, shares: int) -> Amounts:
    """What giving back shares for all tokens brings, in base units, were nothing paused.

    Nothing where there is nothing: in an empty pool.
    """
    try:
        found = all_tokens_out(terms(state, state.shares.supply), shares)
    except Refusal:
        return (0,) * len(state.balances)
    return _downscaled(state.pool, found[1], divide_down)


# -------------------------------------------------------------------------- kinds of the two


def exact_tokens_in(state: WeightedState, by: Terms, raws: Sequence[int]) -> Shared:
    """The shares for exact base units."""
    pool = state.pool
    amounts = scaled(pool, raws)
    shares = weighted.shares_for_tokens_in(
        by.balances, pool.weights, amounts, by.supply, state.swap_fee
    )
    return shares, amounts


def one_token_in(state: WeightedState, by: Terms, shares: int, index: int) -> Shared:
    """What of one token exact shares take."""
    amount = weighted.token_in_for_shares(
        by.balances[index], state.pool.weights[index], shares, by.supply, state.swap_fee
    )
    return shares, _alone(state.pool, index, amount)


def all_tokens_in(by: Terms, shares: int) -> Shared:
    """What of every token exact shares take, in proportion."""
    return shares, weighted.tokens_in_for_shares(by.balances, shares, by.supply)


def all_tokens_out(by: Terms, shares: int) -> Shared:
    """What of every token exact shares give, in proportion."""
    return shares, weighted.tokens_out_for_shares(by.balances, shares, by.supply)


def one_token_out(state: WeightedState, by: Terms, shares: int, index: int) -> Shared:
    """What of one token exact shares give."""
    amount = weighted.token_out_for_shares(
        by.balances[index], state.pool.weights[index], shares, by.supply, state.swap_fee
    )
    return shares, _alone(state.pool, index, amount)


def exact_tokens_out(state: WeightedState, by: Terms, raws: Sequence[int]) -> Shared:
    """The shares that exact base units take."""
    pool = state.pool
    amounts = scaled(pool, raws)
    shares = weighted.shares_for_tokens_out(
        by.balances, pool.weights, amounts, by.supply, state.swap_fee
    )
    return shares, amounts


def _alone(pool: WeightedPool, index: int, amount: int) -> Amounts:
    return tuple(amount if at == index else 0 for at in range(len(pool.tokens)))
