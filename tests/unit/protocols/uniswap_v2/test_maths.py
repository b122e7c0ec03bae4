"""The compiled quotes against the model: every case, what is refused included."""

from __future__ import annotations

import random

import pytest

from tests.unit.protocols.uniswap_v2.pairs import DAI, USDC, pair, state
from trimtab.core.abi import UINT256_MAX
from trimtab.core.errors import NoRoute
from trimtab.core.token import Token
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.uniswap_v2 import Fee, Pair, PairState, quote, quote_exact_out
from trimtab.protocols.uniswap_v2.market import MOST_PARTS, UINT112_MAX
from trimtab.protocols.uniswap_v2.maths import quotes, quotes_exact_out

PAIRS, AMOUNTS = 400, 25
FEES = (
    Fee(),
    Fee(9975, 9975, 10_000),
    Fee(99_700, 99_500, 100_000),
    Fee(1, 1, 1),
    Fee(1, MOST_PARTS, MOST_PARTS),
)
RESERVES = (0, 1, 2, 1000, 2**64 - 1, 2**64, UINT112_MAX - 1, UINT112_MAX)
BOUNDS = (0, 1, 2, 2**64 - 1, 2**64, 2**111, UINT112_MAX, 2**112, 2**128, 2**255, UINT256_MAX)


def drawn_reserve(draw: random.Random) -> int:
    """A bound one time in four, else of any size that fits."""
    return draw.choice(RESERVES) if draw.randrange(4) == 0 else int(2 ** draw.uniform(0, 111.9))


def drawn_amounts(draw: random.Random, of: PairState) -> list[int]:
    """Parts of the reserves, what fits and one unit around it, bounds, and of any size."""
    edges = [of.reserve0, of.reserve1, UINT112_MAX - of.reserve0, UINT112_MAX - of.reserve1]
    near = [max(0, draw.choice(edges) + draw.randrange(-2, 3)) for _ in range(AMOUNTS // 5)]
    whole = max(of.reserve0, of.reserve1)
    parts = [whole * draw.randrange(1, 10**6) // 10**6 for _ in range(2 * AMOUNTS // 5)]
    sizes = [int(2 ** draw.uniform(0, 255.9)) for _ in range(AMOUNTS // 5)]
    bounds = [draw.choice(BOUNDS) for _ in range(AMOUNTS // 5)]
    return [*near, *parts, *sizes, *bounds]


def modelled(market: Pair, of: PairState, sold: Token, raw: int) -> tuple[int, bool]:
    try:
        return quote(of, market, sold, raw).amount_out, True
    except NoRoute:
        return 0, False


def modelled_exact_out(market: Pair, of: PairState, sold: Token, raw: int) -> tuple[int, bool]:
    try:
        return quote_exact_out(of, market, sold, raw).amount_in_used, True
    except NoRoute:
        return 0, False


@pytest.mark.parametrize(
    "sides", [(quotes, modelled), (quotes_exact_out, modelled_exact_out)], ids=["in", "out"]
)
def test_quotes__drawn_pairs_and_amounts__the_model(sides: tuple[object, object]) -> None:
    kernel, model = sides
    assert callable(kernel)
    assert callable(model)
    draw, goes = random.Random(7), 0
    for _ in range(PAIRS):
        market, of = pair(draw.choice(FEES)), state(drawn_reserve(draw), drawn_reserve(draw))
        sold, raws = draw.choice(market.tokens), drawn_amounts(draw, of)
        found, flags = kernel(of, market, sold, packed(raws))
        expected = [model(market, of, sold, raw) for raw in raws]
        assert list(zip(unpacked(found), map(bool, flags), strict=True)) == expected, of
        goes += sum(flag for _, flag in expected)
    assert PAIRS * AMOUNTS // 4 < goes < PAIRS * AMOUNTS * 3 // 4


def test_quotes__token_of_another_pair__refused() -> None:
    with pytest.raises(NoRoute, match="trades USDC and WETH, not DAI"):
        quotes(state(), pair(), DAI, packed([1]))


def test_quotes__no_amounts__none() -> None:
    found, flags = quotes(state(), pair(), USDC, packed([]))
    assert (len(found), len(flags)) == (0, 0)


def test_quotes_exact_out__all_there_is__refused_one_less_not() -> None:
    found, flags = quotes_exact_out(state(), pair(), USDC, packed([10**18, 10**18 - 1]))
    assert flags.tolist() == [False, True]
    assert unpacked(found)[1] == quote_exact_out(state(), pair(), USDC, 10**18 - 1).amount_in_used
