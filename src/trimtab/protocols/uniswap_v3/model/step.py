"""A swap between two neighbouring ticks. Source: SqrtPriceMath.sol and SwapMath.sol.

Prices are square roots times 2**96; every rounding favours the pool.
"""

from trimtab.core.abi import UINT256_MAX
from trimtab.protocols.shared.rounding import div_up, mul_div_down, mul_div_up
from trimtab.protocols.shared.ticks import Q96

PIPS = 10**6


def amount0_delta_up(lower: int, upper: int, liquidity: int) -> int:
    """Token0 between two prices, lower first, at this liquidity."""
    return div_up(mul_div_up(liquidity << 96, upper - lower, upper), lower)


def amount0_delta_down(lower: int, upper: int, liquidity: int) -> int:
    """Token0 between two prices, lower first, at this liquidity."""
    return mul_div_down(liquidity << 96, upper - lower, upper) // lower


def amount1_delta_up(lower: int, upper: int, liquidity: int) -> int:
    """Token1 between two prices, lower first, at this liquidity."""
    return mul_div_up(liquidity, upper - lower, Q96)


def amount1_delta_down(lower: int, upper: int, liquidity: int) -> int:
    """Token1 between two prices, lower first, at this liquidity."""
    return mul_div_down(liquidity, upper - lower, Q96)


def next_sqrt_price_from_amount0_up(price: int, liquidity: int, amount: int) -> int:
    """The price after `amount` of token0 went in.

    Where the exact denominator would not fit 256 bits, the contract divides first, and so does
    this: a coarser price.
    """
    if amount == 0:
        return price
    reserve = liquidity << 96
    denominator = reserve + amount * price
    if denominator <= UINT256_MAX:
        return mul_div_up(reserve, price, denominator)
    return div_up(reserve, reserve // price + amount)


def next_sqrt_price_from_amount1_down(price: int, liquidity: int, amount: int) -> int:
    """The price after `amount` of token1 went in."""
    return price + mul_div_down(amount, Q96, liquidity)


def fee_up(amount_in: int, fee: int) -> int:
    """The fee on top of `amount_in`, which is what is left after it; `fee` in pips."""
    return mul_div_up(amount_in, fee, PIPS - fee)


def next_sqrt_price_from_amount0_out_up(price: int, liquidity: int, amount: int) -> int:
    """The price after `amount` of token0 went out, less than there is up to any higher price."""
    reserve = liquidity << 96
    return mul_div_up(reserve, price, reserve - amount * price)


def next_sqrt_price_from_amount1_out_down(price: int, liquidity: int, amount: int) -> int:
    """The price after `amount` of token1 went out, less than there is down to any lower price."""
    return price - mul_div_up(amount, Q96, liquidity)


def compute_swap_step(
    price: int, target: int, liquidity: int, remaining: int, fee: int
) -> tuple[int, int, int, int]:
    """The next price, amount in without fee, amount out, and fee of a swap towards `target`.

    `remaining` is what is still to go in; where it is negative, what is still to come out.
    """
    if remaining < 0:
        return _step_of_exact_out(price, target, liquidity, -remaining, fee)
    return _step_of_exact_in(price, target, liquidity, remaining, fee)


def _step_of_exact_in(
    price: int, target: int, liquidity: int, remaining: int, fee: int
) -> tuple[int, int, int, int]:
    """If the target is not reached, whatever remains beyond the amount in is fee.

    Reached it is only by all of the amount up to it: less than that, already rounded up, cannot
    round onto it.
    """
    net = mul_div_down(remaining, PIPS - fee, PIPS)
    if price >= target:
        amount_in = amount0_delta_up(target, price, liquidity)
        if net >= amount_in:
            reached = amount1_delta_down(target, price, liquidity)
            return target, amount_in, reached, fee_up(amount_in, fee)
        after = next_sqrt_price_from_amount0_up(price, liquidity, net)
        amount_in = amount0_delta_up(after, price, liquidity)
        amount_out = amount1_delta_down(after, price, liquidity)
    else:
        amount_in = amount1_delta_up(price, target, liquidity)
        if net >= amount_in:
            reached = amount0_delta_down(price, target, liquidity)
            return target, amount_in, reached, fee_up(amount_in, fee)
        after = next_sqrt_price_from_amount1_down(price, liquidity, net)
        amount_in = amount1_delta_up(price, after, liquidity)
        amount_out = amount0_delta_down(price, after, liquidity)
    return after, amount_in, amount_out, remaining - amount_in


def _step_of_exact_out(
    price: int, target: int, liquidity: int, wanted: int, fee: int
) -> tuple[int, int, int, int]:
    """What is wanted, or all there is up to the target.

    The price moves far enough for what is wanted, so that no less comes out; what it sets free
    beyond that stays in the pool. Less than all of the amount can round onto the target.
    """
    if price >= target:
        amount_out, after = amount1_delta_down(target, price, liquidity), target
        if wanted < amount_out:
            amount_out = wanted
            after = next_sqrt_price_from_amount1_out_down(price, liquidity, wanted)
        amount_in = amount0_delta_up(after, price, liquidity)
    else:
        amount_out, after = amount0_delta_down(price, target, liquidity), target
        if wanted < amount_out:
            amount_out = wanted
            after = next_sqrt_price_from_amount0_out_up(price, liquidity, wanted)
        amount_in = amount1_delta_up(price, after, liquidity)
    return after, amount_in, amount_out, fee_up(amount_in, fee)
