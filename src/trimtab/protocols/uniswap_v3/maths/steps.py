"""A swap between two neighbouring ticks, for kernels: `model.step` in words, to the last unit.

Prices have three words, liquidity two, amounts four. No sum here outgrows its width: an amount
between two prices is below 2**193 and with a fee below 2**213, since a price lies between 2**32 and
2**160, liquidity is below 2**128, and a fee leaves at least a millionth.
"""

import numpy as np

from trimtab.core.kernel import Words, add, inlined, less, product, routine, subtract
from trimtab.protocols.shared.limbs import (
    ONE4,
    ZERO4,
    divide,
    divide_by_word,
    divide_wide,
    is_zero,
    low,
)

U64 = np.uint64
Z = U64(0)
ONE = U64(1)
HALF = U64(32)
LOWER_HALF = U64(0xFFFFFFFF)
PIPS = U64(10**6)


@inlined
def times_q96(value: Words) -> Words:
    """Two words times 2**96."""
    middle = (value[0] >> HALF) | (value[1] << HALF)
    return (Z, value[0] << HALF, middle, value[1] >> HALF)


@inlined
def wide(price: Words) -> Words:
    """A price as four words."""
    return (price[0], price[1], price[2], Z)


@inlined
def narrow(value: Words) -> Words:
    """Four words of which the upper is 0, as a price."""
    return (value[0], value[1], value[2])


@inlined
def is_same_price(a: Words, b: Words) -> bool:
    """Whether two prices are equal."""
    return bool(((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2])) == Z)


@inlined
def one_more_if(value: Words, has_rest: bool) -> Words:
    """A quotient rounded up where something is left."""
    return add(value, ONE4) if has_rest else value


@routine
def amount0_delta(lower: Words, upper: Words, liquidity: Words, is_up: bool) -> Words:
    """Token0 between two prices, lower first, rounded up or down.

    The contract divides by the one price and then by the other, rounding the same way both times:
    that is one division by their product, done where that fits 256 bits.
    """
    whole = widened(product(times_q96(liquidity), subtract(upper, lower)))
    both = product(upper, lower)
    if (both[4] | both[5]) == Z:
        quotient, has_rest, _ = divide_wide(whole, (both[0], both[1], both[2], both[3]))
        return one_more_if(quotient, has_rest and is_up)
    first, has_rest, _ = divide_wide(whole, wide(upper))
    second, has_more, _ = divide(one_more_if(first, has_rest and is_up), wide(lower))
    return one_more_if(second, has_more and is_up)


@inlined
def amount1_delta(lower: Words, upper: Words, liquidity: Words, is_up: bool) -> Words:
    """Token1 between two prices, lower first, rounded up or down."""
    whole = product(liquidity, subtract(upper, lower))
    value = (
        (whole[1] >> HALF) | (whole[2] << HALF),
        (whole[2] >> HALF) | (whole[3] << HALF),
        (whole[3] >> HALF) | (whole[4] << HALF),
        whole[4] >> HALF,
    )
    has_rest = (whole[0] | (whole[1] & LOWER_HALF)) != Z
    return one_more_if(value, has_rest and is_up)


@inlined
def fee_up(amount_in: Words, fee: U64) -> Words:
    """The fee on top of an amount in, which is what is left after it; `fee` in pips."""
    quotient, rest = divide_by_word(low4(product(amount_in, (fee,))), PIPS - fee)
    return one_more_if(quotient, rest != Z)


@inlined
def low4(value: Words) -> Words:
    """The lower four of five words."""
    return (value[0], value[1], value[2], value[3])


@inlined
def without_fee(remaining: Words, fee: U64) -> Words:
    """What of an amount may move the price."""
    return divide_by_word(low4(product(remaining, (PIPS - fee,))), PIPS)[0]


@inlined
def next_price_from_amount0_up(price: Words, liquidity: Words, amount: Words) -> Words:
    """The price after `amount` of token0 went in.

    Divided first, as the contract does, where the exact denominator does not fit 256 bits.
    """
    reserve = times_q96(liquidity)
    moved = product(amount, price)
    denominator = add(low4(moved), reserve)
    if (moved[4] | moved[5] | moved[6]) == Z and not less(denominator, reserve):
        whole = product(reserve, price)
        quotient, has_rest, _ = divide_wide(
            (whole[0], whole[1], whole[2], whole[3], whole[4], whole[5], whole[6], Z), denominator
        )
    else:
        divisor = add(divide(reserve, wide(price))[0], amount)
        quotient, has_rest, _ = divide(reserve, divisor)
    return narrow(one_more_if(quotient, has_rest))


@inlined
def next_price_from_amount1_down(price: Words, liquidity: Words, amount: Words) -> Words:
    """The price after `amount` of token1 went in."""
    moved = divide_wide(shifted_q96(amount), (liquidity[0], liquidity[1], Z, Z))[0]
    return add(price, narrow(moved))


@inlined
def next_price_from_amount0_out_up(price: Words, liquidity: Words, amount: Words) -> Words:
    """The price after `amount` of token0 went out, less than there is up to any higher price."""
    reserve = times_q96(liquidity)
    whole = product(reserve, price)
    divisor = subtract(reserve, low(widened(product(amount, price))))
    quotient, has_rest, _ = divide_wide(widened(whole), divisor)
    return narrow(one_more_if(quotient, has_rest))


@inlined
def next_price_from_amount1_out_down(price: Words, liquidity: Words, amount: Words) -> Words:
    """The price after `amount` of token1 went out, less than there is down to any lower price."""
    moved, has_rest, _ = divide_wide(shifted_q96(amount), (liquidity[0], liquidity[1], Z, Z))
    return subtract(price, narrow(one_more_if(moved, has_rest)))


@inlined
def widened(value: Words) -> Words:
    """Seven words as eight."""
    return (value[0], value[1], value[2], value[3], value[4], value[5], value[6], Z)


@inlined
def shifted_q96(value: Words) -> Words:
    """Four words times 2**96, as eight."""
    return (
        Z,
        value[0] << HALF,
        (value[0] >> HALF) | (value[1] << HALF),
        (value[1] >> HALF) | (value[2] << HALF),
        (value[2] >> HALF) | (value[3] << HALF),
        value[3] >> HALF,
        Z,
        Z,
    )


@routine
def whole_step(
    price: Words, target: Words, liquidity: Words, fee: U64, zero_for_one: bool
) -> tuple[Words, Words, Words]:
    """What goes in with the fee, what comes out, and the fee, all the way to the target."""
    if zero_for_one:
        amount_in = amount0_delta(target, price, liquidity, True)
        amount_out = amount1_delta(target, price, liquidity, False)
    else:
        amount_in = amount1_delta(price, target, liquidity, True)
        amount_out = amount0_delta(price, target, liquidity, False)
    fees = fee_up(amount_in, fee)
    return add(amount_in, fees), amount_out, fees


@routine
def part_of_exact_in(
    price: Words, liquidity: Words, remaining: Words, fee: U64, zero_for_one: bool
) -> tuple[Words, Words]:
    """What comes out, and the price after, of less than goes in up to the target."""
    net = without_fee(remaining, fee)
    if is_zero(net):
        return ZERO4, price
    if zero_for_one:
        after = next_price_from_amount0_up(price, liquidity, net)
        return amount1_delta(after, price, liquidity, False), after
    after = next_price_from_amount1_down(price, liquidity, net)
    return amount0_delta(price, after, liquidity, False), after


@inlined
def fee_of_part(price: Words, after: Words, liquidity: Words, paid: Words) -> Words:
    """What of a payment, all of which is taken, did not move the price."""
    if less(after, price):
        return subtract(paid, amount0_delta(after, price, liquidity, True))
    return subtract(paid, amount1_delta(price, after, liquidity, True))


@routine
def part_of_exact_out(
    price: Words, liquidity: Words, wanted: Words, fee: U64, zero_for_one: bool
) -> tuple[Words, Words, Words]:
    """What goes in with the fee, the fee, and the price after, of less than comes out.

    The price moves far enough for all that is wanted; what it gives beyond that stays in the pool.
    """
    if zero_for_one:
        after = next_price_from_amount1_out_down(price, liquidity, wanted)
        amount_in = amount0_delta(after, price, liquidity, True)
    else:
        after = next_price_from_amount0_out_up(price, liquidity, wanted)
        amount_in = amount1_delta(price, after, liquidity, True)
    fees = fee_up(amount_in, fee)
    return add(amount_in, fees), fees, after
