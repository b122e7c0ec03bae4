"""What a swap would give, the price, and what shares are worth; nothing is moved."""

from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.errors import NoRoute
from trimtab.core.token import Token
from trimtab.protocols.shared.rounding import div_up, mul_div_down
from trimtab.protocols.uniswap_v2.market import UINT112_MAX, Pair, PairState
from trimtab.protocols.uniswap_v2.model.library import (
    Sides,
    get_amount_in,
    get_amount_out,
    sides,
)
from trimtab.protocols.uniswap_v2.model.pair import protocol_shares


@dataclass(frozen=True, slots=True)
class Quote:
    """What a swap gives, in base units.

    `fee_paid` is in the token sold and part of what goes in, rounded up.
    """

    amount_out: int
    amount_in_used: int
    fee_paid: int


def quote(state: PairState, pair: Pair, token_in: Token, amount_in: int) -> Quote:
    """What selling `amount_in` base units of `token_in` gives.

    Assumes that the pair has no more of its tokens than its reserves say. Raises NoRoute for a
    token of another pair, a pair without liquidity, and an amount that it has no room for.
    """
    of = _sides(state, pair, token_in)
    if amount_in < 0:
        raise ValueError(f"{amount_in} cannot be sold: expected 0 or more")
    _check_room(pair, of, amount_in)
    amount_out = get_amount_out(amount_in, of) if amount_in else 0
    return Quote(amount_out, amount_in, _fee(amount_in, of))


def quote_exact_out(state: PairState, pair: Pair, token_in: Token, amount_out: int) -> Quote:
    """What buying `amount_out` base units of the other token takes of `token_in`.

    Raises as `quote`, and NoRoute for all that the pair has or more.
    """
    of = _sides(state, pair, token_in)
    if amount_out < 0:
        raise ValueError(f"{amount_out} cannot be bought: expected 0 or more")
    if amount_out >= of.reserve_out:
        raise NoRoute(
            f"{pair.name} cannot give {amount_out}: it has {of.reserve_out}, and gives less"
        )
    amount_in = get_amount_in(amount_out, of) if amount_out else 0
    _check_room(pair, of, amount_in)
    return Quote(amount_out, amount_in, _fee(amount_in, of))


def spot_price(state: PairState, pair: Pair) -> Fraction:
    """Base units of token1 for one of token0, without fee. Raises NoRoute without liquidity."""
    of = _sides(state, pair, pair.token0)
    return Fraction(of.reserve_out, of.reserve_in)


def amounts_of(state: PairState, shares: int) -> tuple[int, int]:
    """What these shares are of each reserve, rounded down, once the protocol's part is off.

    Source: `burn`, which pays at least as much: it also pays from tokens and shares that were sent
    to the pair and that it does not count. Those are for whoever calls first (`skim`, `burn`), so
    nobody's worth has them. Where either amount is nothing, the pair refuses.
    """
    if not shares:
        return 0, 0
    supply = state.shares.supply + protocol_shares(state)
    return mul_div_down(shares, state.reserve0, supply), mul_div_down(
        shares, state.reserve1, supply
    )


def _sides(state: PairState, pair: Pair, token_in: Token) -> Sides:
    of = sides(state, pair, pair.is_zero_for_one(token_in))
    if of.reserve_in == 0 or of.reserve_out == 0:
        raise NoRoute(f"{pair.name} has no price: there is no liquidity in it")
    return of


def _check_room(pair: Pair, of: Sides, amount_in: int) -> None:
    room = UINT112_MAX - of.reserve_in
    if amount_in > room:
        raise NoRoute(
            f"{pair.name} cannot take {amount_in}: it has room for {room}, since its reserves "
            "are counted in 112 bits"
        )


def _fee(amount_in: int, of: Sides) -> int:
    return div_up(amount_in * (of.parts - of.kept), of.parts)
