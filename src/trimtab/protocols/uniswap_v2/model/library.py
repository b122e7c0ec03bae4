"""Amounts by the constant product, with the contract's overflows. Source: UniswapV2Library.sol."""

from dataclasses import dataclass

from trimtab.protocols.uniswap_v2.market import Pair, PairState
from trimtab.protocols.uniswap_v2.model.checked import add, div_down, mul, refuse, sub


@dataclass(frozen=True, slots=True)
class Sides:
    """A pair as the sale of one of its tokens sees it: `kept` of `parts` sold count."""

    reserve_in: int
    reserve_out: int
    kept: int
    parts: int


def sides(state: PairState, pair: Pair, zero_for_one: bool) -> Sides:
    """The pair as a sale of token0, or of token1, sees it."""
    reserves = state.reserve0, state.reserve1
    reserve_in, reserve_out = reserves if zero_for_one else reserves[::-1]
    return Sides(reserve_in, reserve_out, pair.fee.kept(zero_for_one), pair.fee.parts)


def get_amount_out(amount_in: int, of: Sides) -> int:
    """What selling `amount_in` gives, rounded down. Raises RevertError."""
    if amount_in == 0:
        raise refuse("UniswapV2Library: INSUFFICIENT_INPUT_AMOUNT")
    _check_liquidity(of)
    counted = mul(amount_in, of.kept)
    return mul(counted, of.reserve_out) // add(mul(of.reserve_in, of.parts), counted)


def get_amount_in(amount_out: int, of: Sides) -> int:
    """What buying `amount_out` takes, rounded down and one more. Raises RevertError.

    The sum cannot overflow: what is divided by is 0 or at least `kept`.
    """
    if amount_out == 0:
        raise refuse("UniswapV2Library: INSUFFICIENT_OUTPUT_AMOUNT")
    _check_liquidity(of)
    numerator = mul(mul(of.reserve_in, amount_out), of.parts)
    return div_down(numerator, mul(sub(of.reserve_out, amount_out), of.kept)) + 1


def quote(amount_a: int, reserve_a: int, reserve_b: int) -> int:
    """How much of the other token is in proportion, rounded down. Raises RevertError."""
    if amount_a == 0:
        raise refuse("UniswapV2Library: INSUFFICIENT_AMOUNT")
    if reserve_a == 0 or reserve_b == 0:
        raise refuse(_NO_LIQUIDITY)
    return mul(amount_a, reserve_b) // reserve_a


_NO_LIQUIDITY = "UniswapV2Library: INSUFFICIENT_LIQUIDITY"


def _check_liquidity(of: Sides) -> None:
    if of.reserve_in == 0 or of.reserve_out == 0:
        raise refuse(_NO_LIQUIDITY)
