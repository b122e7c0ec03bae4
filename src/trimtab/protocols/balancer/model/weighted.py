"""What a weighted pool gives and takes.

Source: WeightedMath.sol; F. Martinelli, N. Mushegian, "A non-custodial portfolio manager,
liquidity provider, and price sensor" (2019).

Balances, amounts and shares are times 10**18, whatever the tokens' decimals; weights are times
10**18 and sum to one. Every rounding favours the pool.
"""

from collections.abc import Callable, Sequence

from trimtab.protocols.balancer.model.checked import (
    ONE,
    Code,
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
from trimtab.protocols.balancer.model.powers import power_down, power_up

MAX_IN_RATIO = 3 * 10**17
MAX_OUT_RATIO = 3 * 10**17
MAX_INVARIANT_RATIO = 3 * 10**18
MIN_INVARIANT_RATIO = 7 * 10**17

Power = Callable[[int, int], int]
Amounts = tuple[int, ...]


def invariant_down(weights: Sequence[int], balances: Sequence[int]) -> int:
    """The product of each balance to the power of its weight; it is not zero."""
    product = ONE
    for weight, balance in zip(weights, balances, strict=True):
        product = mul_down(product, power_down(balance, weight))
    require(product > 0, Code.ZERO_INVARIANT)
    return product


# ------------------------------------------------------------------------------------- swaps


def out_given_in(
    balance_in: int, weight_in: int, balance_out: int, weight_out: int, amount_in: int, up: Power
) -> int:
    """What comes out for what goes in, fees left out; `up` is the pool's power."""
    require(amount_in <= mul_down(balance_in, MAX_IN_RATIO), Code.MAX_IN_RATIO)
    base = divide_up(balance_in, add(balance_in, amount_in))
    power = up(base, divide_down(weight_in, weight_out))
    return mul_down(balance_out, complement(power))


def in_given_out(
    balance_in: int, weight_in: int, balance_out: int, weight_out: int, amount_out: int, up: Power
) -> int:
    """What has to go in for what comes out, fees left out; `up` is the pool's power."""
    require(amount_out <= mul_down(balance_out, MAX_OUT_RATIO), Code.MAX_OUT_RATIO)
    base = divide_up(balance_out, sub(balance_out, amount_out))
    power = up(base, divide_up(weight_out, weight_in))
    return mul_up(balance_in, sub(power, ONE))


# ------------------------------------------------------------------------------------- joins


def shares_for_tokens_in(
    balances: Sequence[int], weights: Sequence[int], amounts: Sequence[int], supply: int, fee: int
) -> int:
    """The shares for exact amounts, with the swap fee on what is not in proportion."""
    ratios, with_fees = [], 0
    for balance, weight, amount in zip(balances, weights, amounts, strict=True):
        ratios.append(divide_down(add(balance, amount), balance))
        with_fees = add(with_fees, mul_down(ratios[-1], weight))
    growth = ONE
    for balance, weight, amount, ratio in zip(balances, weights, amounts, ratios, strict=True):
        net = amount
        if ratio > with_fees:
            free = mul_down(balance, sub(with_fees, ONE))
            taxable = sub(amount, free)
            net = add(free, sub(taxable, mul_up(taxable, fee)))
        grown = divide_down(add(balance, net), balance)
        growth = mul_down(growth, power_down(grown, weight))
    return mul_down(supply, max(growth - ONE, 0))


def token_in_for_shares(balance: int, weight: int, shares: int, supply: int, fee: int) -> int:
    """What of one token alone has to go in for exact shares."""
    growth = divide_up(add(supply, shares), supply)
    require(growth <= MAX_INVARIANT_RATIO, Code.MAX_OUT_BPT_FOR_TOKEN_IN)
    ratio = power_up(growth, divide_up(ONE, weight))
    without_fee = mul_up(balance, sub(ratio, ONE))
    taxable = mul_up(without_fee, complement(weight))
    return add(sub(without_fee, taxable), divide_up(taxable, complement(fee)))


def tokens_in_for_shares(balances: Sequence[int], shares: int, supply: int) -> Amounts:
    """What of every token, in proportion, has to go in for exact shares."""
    ratio = divide_up(shares, supply)
    return tuple(mul_up(balance, ratio) for balance in balances)


# ------------------------------------------------------------------------------------- exits


def tokens_out_for_shares(balances: Sequence[int], shares: int, supply: int) -> Amounts:
    """What exact shares give of every token, in proportion."""
    ratio = divide_down(shares, supply)
    return tuple(mul_down(balance, ratio) for balance in balances)


def token_out_for_shares(balance: int, weight: int, shares: int, supply: int, fee: int) -> int:
    """What exact shares give of one token alone."""
    shrunk = divide_up(sub(supply, shares), supply)
    require(shrunk >= MIN_INVARIANT_RATIO, Code.MIN_BPT_IN_FOR_TOKEN_OUT)
    ratio = power_up(shrunk, divide_down(ONE, weight))
    without_fee = mul_down(balance, complement(ratio))
    taxable = mul_up(without_fee, complement(weight))
    return add(sub(without_fee, taxable), mul_up(taxable, complement(fee)))


def shares_for_tokens_out(
    balances: Sequence[int], weights: Sequence[int], amounts: Sequence[int], supply: int, fee: int
) -> int:
    """The shares that exact amounts out take, with the swap fee on what is not in proportion."""
    ratios, without_fees = [], 0
    for balance, weight, amount in zip(balances, weights, amounts, strict=True):
        ratios.append(divide_up(sub(balance, amount), balance))
        without_fees = add(without_fees, mul_up(ratios[-1], weight))
    left = ONE
    for balance, weight, amount, ratio in zip(balances, weights, amounts, ratios, strict=True):
        gross = amount
        if without_fees > ratio:
            free = mul_down(balance, complement(without_fees))
            taxable = sub(amount, free)
            gross = add(free, divide_up(taxable, complement(fee)))
        shrunk = divide_down(sub(balance, gross), balance)
        left = mul_down(left, power_down(shrunk, weight))
    return mul_up(supply, complement(left))


# ----------------------------------------------------------------------------- protocol fees


def protocol_shares(growth: int, supply_growth: int, percentage: int, supply: int) -> int:
    """The shares that give the protocol its part of what fees made the invariant grow by.

    Growths are ratios, after over before; `supply` is what there is before these shares.
    Source: InvariantGrowthProtocolSwapFees.sol, ProtocolFees.sol.
    """
    if supply_growth >= growth:
        return 0
    from_fees = ONE - divide_down(supply_growth, growth)
    owned = mul_down(from_fees, percentage)
    return mul(supply, owned) // complement(owned)
