"""What a pool's logs tell, folded into its state.

A burn logs a Transfer to the zero address, and the event that follows names the supply; where
none follows, nothing was burnt. An allowance that `transferFrom` uses up
is told by no log.
"""

from collections.abc import Sequence
from dataclasses import replace

from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.protocols.curve.market import StableState
from trimtab.protocols.curve.model import amounts
from trimtab.protocols.curve.model.amounts import FEE_DENOMINATOR
from trimtab.protocols.curve.model.checked import mul_div_down


def exchanged(
    state: StableState, at: Timestamp, i: int, sold: int, j: int, bought: int
) -> StableState:
    """After an exchange; the fee that the admin has of it is not logged, and computed.

    Raises ValueError where the pool gave something else than the model says.
    """
    done = amounts.exchanged(state, at, i, j, sold)
    _check_same(done.amount_out, bought)
    return replace(state, balances=done.balances)


def deposited(
    state: StableState, added: Sequence[int], fees: Sequence[int], supply: int
) -> StableState:
    """After a deposit of these amounts, on which these fees were counted."""
    return _with_supply(_changed(state, added, fees), supply)


def withdrawn(
    state: StableState, taken: Sequence[int], fees: Sequence[int], supply: int
) -> StableState:
    """After a withdrawal of several coins, on which these fees were counted."""
    return _with_supply(_changed(state, [-raw for raw in taken], fees), supply)


def withdrawn_one(
    state: StableState, at: Timestamp, pool: Address, shares: int, paid: int, supply: int
) -> StableState:
    """After a withdrawal in one coin: the one that the pool sent just before.

    Raises ValueError where no coin was seen to be sent, or the model says another amount.
    """
    coin, source = state.last_transfer or (None, None)
    if source != pool or coin not in state.coins:
        raise ValueError("a withdrawal in one coin before which no coin left the pool")
    done = amounts.withdrawn_one(state, at, shares, state.coins.index(coin))
    _check_same(done.amount_out, paid)
    return _with_supply(replace(state, balances=done.balances), supply)


def ramped(state: StableState, a: tuple[int, int], times: tuple[int, int]) -> StableState:
    """After the owner let A go from one value to another between two times."""
    return replace(
        state, initial_a=a[0], future_a=a[1], initial_a_time=times[0], future_a_time=times[1]
    )


def _changed(state: StableState, changes: Sequence[int], fees: Sequence[int]) -> StableState:
    """With the balances changed, and the admin's part of fees counted off."""
    balances = tuple(
        balance + change - mul_div_down(fee, state.admin_fee, FEE_DENOMINATOR)
        for balance, change, fee in zip(state.balances, changes, fees, strict=True)
    )
    if min(balances) < 0:
        raise ValueError(f"balances of {balances}")
    return replace(state, balances=balances)


def _with_supply(state: StableState, supply: int) -> StableState:
    return replace(state, shares=replace(state.shares, supply=supply))


def _check_same(modelled: int, logged: int) -> None:
    if modelled != logged:
        raise ValueError(f"the pool gave {logged}, the model gives {modelled}")
