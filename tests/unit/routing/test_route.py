from dataclasses import replace

import pytest

from tests.support.desk import Desk
from trimtab.core.errors import NoRoute
from trimtab.protocols.uniswap_v3 import quote
from trimtab.routing import BestSinglePool, Part

ETHER = 10**18


def route(desk: Desk, amount: int, *names: str) -> tuple[Part, ...]:
    """Ether for dollars, through the pools of these names or all."""
    pools = tuple(map(desk.pool, names)) or desk.pools
    sold, bought = desk.token("WETH"), desk.token("USDC")
    return BestSinglePool().route(desk.start, pools, sold, bought, amount)


def test_route__small_sale__through_the_pool_that_gives_most(desk: Desk) -> None:
    (part,) = route(desk, ETHER)
    outs = {
        name: quote(desk.start[desk.pool(name)], desk.pool(name), desk.token("WETH"), ETHER)
        for name in ("WETH/USDC/500", "WETH/USDC/3000")
    }
    assert part.pool == desk.pool("WETH/USDC/500")
    assert part.amount_out == max(each.amount_out for each in outs.values())


def test_route__part__is_the_pools_own_quote(desk: Desk) -> None:
    (part,) = route(desk, ETHER, "WETH/USDC/3000")
    pool = desk.pool("WETH/USDC/3000")
    expected = quote(desk.start[pool], pool, desk.token("WETH"), ETHER)
    assert part == Part(pool, ETHER, expected.amount_out, expected.fee_paid)


def test_route__more_than_any_pool_can_take__no_part(desk: Desk) -> None:
    assert route(desk, 2**250) == ()


def test_route__nothing_comes_out__no_part(desk: Desk) -> None:
    assert route(desk, 1) == ()


def test_route__pool_without_a_price__passed_over(desk: Desk) -> None:
    pool = desk.pool("WETH/USDC/500")
    states = desk.start.with_states({pool.id: replace(desk.start[pool], sqrt_price_x96=0)})
    sold, bought = desk.token("WETH"), desk.token("USDC")
    (part,) = BestSinglePool().route(states, desk.pools, sold, bought, ETHER)
    assert part.pool == desk.pool("WETH/USDC/3000")


def test_route__no_pool_of_the_pair__says_to_add_one(desk: Desk) -> None:
    with pytest.raises(NoRoute, match="no pool of WETH and USDC is in use: add one"):
        route(desk, ETHER, "WBTC/WETH/500")
