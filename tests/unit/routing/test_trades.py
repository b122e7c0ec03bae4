from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import pytest

from tests.support.desk import Desk
from trimtab.core.errors import NoRoute
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Place
from trimtab.core.states import States
from trimtab.core.token import Token
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.routing import Part
from trimtab.routing.trades import HALVINGS, Sale, Terms, affordable, sales, trades

DOLLAR, ETHER = 10**6, 10**18


def wished(
    desk: Desk, lying: dict[str, int], wishes: dict[str, int], terms: Terms | None = None
) -> list[tuple[str, str, int]]:
    """The sales that bring what lies in the wallet to the wishes."""
    states = desk.imagined(lying, {})
    held = held_everywhere(ADAPTERS, states, desk.account)
    places: dict[Place, int] = {desk.place(name): raw for name, raw in wishes.items()}
    funds = {desk.token(symbol): lying.get(symbol, 0) for symbol in ("USDC", "WETH", "WBTC")}
    found = sales(terms or desk.terms(), held, places, funds)
    return [(sale.sold.symbol, sale.bought.symbol, sale.raw) for sale in found]


def test_sales__one_surplus_one_want__sold_for_it(desk: Desk) -> None:
    found = wished(desk, {"WETH": 2 * ETHER}, {"WETH": ETHER, "USDC": 2_000 * DOLLAR})
    assert found == [("WETH", "USDC", ETHER)]


def test_sales__two_wants__the_larger_first(desk: Desk) -> None:
    wishes = {"USDC": 0, "WETH": ETHER, "WBTC": 10**7}
    found = wished(desk, {"USDC": 6_000 * DOLLAR}, wishes)
    assert found == [
        ("USDC", "WBTC", 4_000 * DOLLAR),
        ("USDC", "WETH", 2_000 * DOLLAR),
    ]


def test_sales__two_surpluses__netted_by_token(desk: Desk) -> None:
    lying = {"WETH": ETHER, "WBTC": 10**7}
    found = wished(desk, lying, {"WETH": 0, "WBTC": 0, "USDC": 6_000 * DOLLAR})
    assert found == [("WBTC", "USDC", 10**7), ("WETH", "USDC", ETHER)]


def two_legs(desk: Desk) -> Terms:
    """No pool of bitcoin and ether."""
    return desk.terms(pools=tuple(pool for pool in desk.pools if "WBTC/WETH" not in pool.name))


def test_sales__no_pool_of_the_pair__through_the_numeraire(desk: Desk) -> None:
    found = wished(desk, {"WBTC": 10**8}, {"WBTC": 0, "WETH": 20 * ETHER}, two_legs(desk))
    assert found == [("WBTC", "USDC", 10**8), ("USDC", "WETH", 40_000 * DOLLAR * 95 // 100)]


def test_sales__pool_of_the_pair__straight(desk: Desk) -> None:
    found = wished(desk, {"WBTC": 10**8}, {"WBTC": 0, "WETH": 20 * ETHER})
    assert found == [("WBTC", "WETH", 10**8)]


def test_sales__one_want_in_reach_and_one_beyond__each_its_part(desk: Desk) -> None:
    wishes = {"WBTC": 0, "WETH": 5 * ETHER, "USDC": 30_000 * DOLLAR}
    found = wished(desk, {"WBTC": 10**8}, wishes, two_legs(desk))
    assert found == [("WBTC", "USDC", 10**8), ("USDC", "WETH", 10_000 * DOLLAR * 95 // 100)]


def test_sales__moves_between_wallet_and_lender__no_sale(desk: Desk) -> None:
    assert wished(desk, {"WETH": ETHER}, {"WETH": 0, "aave_v3:WETH": ETHER}) == []


def test_sales__worth_less_than_its_gas__left_out(desk: Desk) -> None:
    gas = desk.terms().costs.action("Swap")
    raw = int(gas / desk.prices(desk.start).price(desk.token("WETH")))
    wishes = {"WETH": 0, "USDC": 10 * DOLLAR}
    assert wished(desk, {"WETH": raw}, wishes) == []
    assert wished(desk, {"WETH": raw + 10**10}, wishes) != []


def test_sales__surplus_that_the_lender_cannot_pay_out__not_sold(desk: Desk) -> None:
    states = desk.imagined({}, {"WETH": 5 * ETHER})
    held = held_everywhere(ADAPTERS, states, desk.account)
    wishes = {desk.place("aave_v3:WETH"): 0, desk.place("USDC"): 10_000 * DOLLAR}
    (sale,) = sales(desk.terms(), held, wishes, {desk.token("WETH"): 2 * ETHER})
    assert sale.raw == 2 * ETHER


def test_sales__wish_without_means__no_sale(desk: Desk) -> None:
    assert wished(desk, {}, {"USDC": 5_000 * DOLLAR}) == []


@pytest.mark.parametrize("budget, sold", [(500, 250), (10_000, 1_000), (0, 0)])
def test_affordable__budget__as_much_as_it_leaves(desk: Desk, budget: int, sold: int) -> None:
    terms = desk.terms(budget=Fraction(budget * DOLLAR))
    sale = Sale(desk.token("WETH"), desk.token("USDC"), ETHER)
    assert affordable(terms, Fraction(0), sale).raw == ETHER * sold // 1_000


def test_affordable__budget_spent__nothing(desk: Desk) -> None:
    terms = desk.terms(budget=Fraction(500 * DOLLAR))
    sale = Sale(desk.token("WETH"), desk.token("USDC"), ETHER)
    assert affordable(terms, Fraction(600 * DOLLAR), sale).raw == 0


def test_affordable__no_budget__all(desk: Desk) -> None:
    sale = Sale(desk.token("WETH"), desk.token("USDC"), ETHER)
    assert affordable(desk.terms(budget=None), Fraction(10**30), sale) == sale


def sold(desk: Desk, raw: int, **terms: object) -> int:
    """How much of a sale of ether goes through now."""
    sale = Sale(desk.token("WETH"), desk.token("USDC"), raw)
    found = trades(desk.terms(**terms), desk.start, sale)
    return sum(trade.action.amount_in for trade in found)


def test_trades__small_sale__whole(desk: Desk) -> None:
    assert sold(desk, ETHER) == ETHER


def test_trades__slips_too_far__as_much_as_keeps_the_bounds(desk: Desk) -> None:
    wish, slippage = 10_000 * ETHER, Fraction(2, 100)
    most = sold(desk, wish, slippage=slippage)
    step = wish >> HALVINGS
    assert 0 < most < wish
    assert sold(desk, most + 2 * step, slippage=slippage) < most + 2 * step


def test_trades__more_than_any_pool_can_take__none(desk: Desk) -> None:
    assert sold(desk, 10**40) == 0


def test_trades__price_far_from_the_oracle__none(desk: Desk) -> None:
    assert sold(desk, ETHER, slippage=Fraction(1, 10_000), fill_tolerance=Fraction(0)) == 0


def test_trades__worth_less_than_its_gas__none(desk: Desk) -> None:
    assert sold(desk, 10**12) == 0


def test_trades__no_pool_of_the_pair__says_so(desk: Desk) -> None:
    with pytest.raises(NoRoute, match="no pool of WETH and USDC"):
        sold(desk, ETHER, pools=())


@dataclass(frozen=True, slots=True)
class TwoThirds:
    """A router that gives two thirds of the oracle's price, rounded down."""

    def route(
        self, states: States, pools: Sequence[Pool], sold: Token, bought: Token, amount: int
    ) -> tuple[Part, ...]:
        return (Part(pools[0], amount, amount * 2 * 2_000 * DOLLAR // (3 * ETHER), 0),)


def test_trades__below_the_slippage_bound_by_part_of_a_unit__not_whole(desk: Desk) -> None:
    third = {"slippage": Fraction(1, 3), "fill_tolerance": Fraction(0), "router": TwoThirds()}
    assert sold(desk, 3 * ETHER, **third) == 3 * ETHER
    assert sold(desk, ETHER, **third) < ETHER


def test_trades__bound__the_models_fill_less_the_tolerance(desk: Desk) -> None:
    tolerance = Fraction(1, 300)
    sale = Sale(desk.token("WETH"), desk.token("USDC"), ETHER)
    (trade,) = trades(desk.terms(fill_tolerance=tolerance), desk.start, sale)
    fraction = trade.part.amount_out * (1 - tolerance)
    assert trade.action.min_out - 1 < fraction <= trade.action.min_out
