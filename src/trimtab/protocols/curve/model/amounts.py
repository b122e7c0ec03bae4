"""What a pool gives and takes, before any token moves: the contract's arithmetic on a state.

`at` is the moment, which A depends on while it ramps. Every function raises ArithmeticError
where the contract reverts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.core.quantise import Timestamp
from trimtab.protocols.curve.market import StableState
from trimtab.protocols.curve.model.checked import fits, mul_div_down
from trimtab.protocols.curve.model.invariant import get_d, get_y, get_y_d

PRECISION = 10**18
FEE_DENOMINATOR = 10**10


@dataclass(frozen=True, slots=True)
class Exchange:
    """What an exchange pays, and the balances of liquidity after it.

    `fee` is in base units of the coin bought, the admin's part included.
    """

    amount_out: int
    fee: int
    balances: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Deposit:
    """The shares that a deposit gives, and the balances of liquidity after it."""

    minted: int
    balances: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a withdrawal in one coin pays, and the balances of liquidity after it."""

    amount_out: int
    balances: tuple[int, ...]


def amplification(state: StableState, at: Timestamp) -> int:
    """A * n**(n - 1) at a moment, times the pool's precision of it."""
    if at >= state.future_a_time:
        return state.future_a
    start, end = state.initial_a, state.future_a
    gone = fits(at - state.initial_a_time)
    ramp = fits(state.future_a_time - state.initial_a_time)
    if end > start:
        return fits(start + mul_div_down(end - start, gone, ramp))
    return fits(start - mul_div_down(start - end, gone, ramp))


def scaled(state: StableState, balances: Sequence[int]) -> list[int]:
    """Balances in units of 10**-18, as the invariant takes them."""
    return [
        mul_div_down(rate, balance, PRECISION)
        for rate, balance in zip(state.rates, balances, strict=True)
    ]


def invariant(state: StableState, balances: Sequence[int], at: Timestamp) -> int:
    """D of these balances."""
    return get_d(scaled(state, balances), amplification(state, at), state.a_precision)


def get_virtual_price(state: StableState, at: Timestamp) -> int:
    """D for one share, times 10**18."""
    return mul_div_down(invariant(state, state.balances, at), PRECISION, state.shares.supply)


# ---------------------------------------------------------------------------------- exchanging


def exchanged(state: StableState, at: Timestamp, i: int, j: int, dx: int) -> Exchange:
    """What `exchange` does with `dx` of coin `i` for coin `j`."""
    dy = _given(state, at, i, j, dx)
    fee = mul_div_down(dy, state.fee, FEE_DENOMINATOR)
    rate = state.rates[j]
    amount_out = mul_div_down(fits(dy - fee), PRECISION, rate)
    admin = mul_div_down(mul_div_down(fee, state.admin_fee, FEE_DENOMINATOR), PRECISION, rate)
    balances = list(state.balances)
    balances[i] = fits(balances[i] + dx)
    balances[j] = fits(balances[j] - amount_out - admin)
    return Exchange(amount_out, fee * PRECISION // rate, tuple(balances))


def get_dy(state: StableState, at: Timestamp, i: int, j: int, dx: int) -> int:
    """What the contract's own view says that an exchange gives; the oldest round otherwise."""
    dy, rate = _given(state, at, i, j, dx), state.rates[j]
    if state.version == "legacy":
        raw = mul_div_down(dy, PRECISION, rate)
        return fits(raw - mul_div_down(state.fee, raw, FEE_DENOMINATOR))
    return mul_div_down(fits(dy - mul_div_down(state.fee, dy, FEE_DENOMINATOR)), PRECISION, rate)


def _given(state: StableState, at: Timestamp, i: int, j: int, dx: int) -> int:
    """What the invariant gives of coin `j`, in units of 10**-18, less one against rounding."""
    xp = scaled(state, state.balances)
    x = fits(xp[i] + mul_div_down(dx, state.rates[i], PRECISION))
    y = get_y(i, j, x, xp, amplification(state, at), state.a_precision)
    return fits(xp[j] - y - 1)


# ----------------------------------------------------------------------------- depositing


def deposited(
    state: StableState, at: Timestamp, amounts: Sequence[int], invariant_before: int
) -> Deposit:
    """What `add_liquidity` does with amounts that have come in.

    What makes the pool less balanced pays a fee, half of what an exchange would: it stays in the
    pool but for the admin's part.
    """
    d0, supply = invariant_before, state.shares.supply
    added = tuple(fits(b + amount) for b, amount in zip(state.balances, amounts, strict=True))
    d1 = invariant(state, added, at)
    if d1 <= d0:
        raise ArithmeticError("the invariant does not grow")
    if supply == 0:
        return Deposit(d1, added)
    fee, kept, counted = base_fee(state), [], []
    for old, new in zip(state.balances, added, strict=True):
        charged = mul_div_down(fee, abs(mul_div_down(d1, old, d0) - new), FEE_DENOMINATOR)
        kept.append(fits(new - mul_div_down(charged, state.admin_fee, FEE_DENOMINATOR)))
        counted.append(fits(new - charged))
    d2 = invariant(state, counted, at)
    return Deposit(mul_div_down(supply, fits(d2 - d0), d0), tuple(kept))


def calc_token_amount(
    state: StableState, at: Timestamp, amounts: Sequence[int], is_deposit: bool
) -> int:
    """What the contract's own view says of a deposit or withdrawal: shares, fees left out."""
    d0 = invariant(state, state.balances, at)
    sign = 1 if is_deposit else -1
    changed = [fits(b + sign * amount) for b, amount in zip(state.balances, amounts, strict=True)]
    d1 = invariant(state, changed, at)
    return mul_div_down(fits(sign * (d1 - d0)), state.shares.supply, d0)


def base_fee(state: StableState) -> int:
    """The fee on what makes a pool less balanced, per 10**10."""
    count = len(state.coins)
    return fits(state.fee * count) // (4 * (count - 1))


# ---------------------------------------------------------------------------- withdrawing


def withdrawn_one(state: StableState, at: Timestamp, shares: int, i: int) -> Withdrawal:
    """What `remove_liquidity_one_coin` does for these shares."""
    amount_out, fee = _one_coin(state, at, shares, i)
    balances = list(state.balances)
    taken = fits(amount_out + mul_div_down(fee, state.admin_fee, FEE_DENOMINATOR))
    balances[i] = fits(balances[i] - taken)
    return Withdrawal(amount_out, tuple(balances))


def calc_withdraw_one_coin(state: StableState, at: Timestamp, shares: int, i: int) -> int:
    """What the contract's own view says that these shares give of coin `i`."""
    return _one_coin(state, at, shares, i)[0]


def _one_coin(state: StableState, at: Timestamp, shares: int, i: int) -> tuple[int, int]:
    """What shares give of coin `i`, and the fee in it, in base units."""
    amp, precision, rate = amplification(state, at), state.a_precision, state.rates[i]
    xp = scaled(state, state.balances)
    d0 = get_d(xp, amp, precision)
    d1 = fits(d0 - mul_div_down(shares, d0, state.shares.supply))
    new_y = get_y_d(i, xp, d1, amp, precision)
    fee, reduced = base_fee(state), []
    for index, x in enumerate(xp):
        kept = mul_div_down(x, d1, d0)
        expected = fits(kept - new_y) if index == i else fits(x - kept)
        reduced.append(fits(x - mul_div_down(fee, expected, FEE_DENOMINATOR)))
    dy = fits(reduced[i] - get_y_d(i, reduced, d1, amp, precision))
    without_fee = mul_div_down(fits(xp[i] - new_y), PRECISION, rate)
    amount_out = mul_div_down(fits(dy - 1), PRECISION, rate)
    return amount_out, fits(without_fee - amount_out)


def share_of(state: StableState, shares: int, i: int) -> int:
    """What `remove_liquidity` gives of coin `i` for these shares."""
    return mul_div_down(state.balances[i], shares, state.shares.supply)
