"""One plan across protocols: out of a lender, through a swap, into another, and back."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest

from tests.support.desk import Desk, opened
from trimtab.core.actions import Supply, Swap, Withdraw
from trimtab.core.market import Place
from trimtab.lab.world import CREDIT_WORLD
from trimtab.routing import Draft, Purpose, draft

pytestmark = pytest.mark.chain

DOLLAR, ETHER = 10**6, 10**18
WORTH_IT = Purpose(Fraction(10**12), Fraction(10**12), lowers_risk=False, why="move")


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk before lenders, vaults and a perpetual."""
    with opened(CREDIT_WORLD) as desk:
        yield desk


def kinds(found: Draft) -> list[tuple[str, str]]:
    """What is done where, approvals left out."""
    return [
        (type(action).__name__, action.market.partition(":")[0])
        for action in found.plan.actions
        if isinstance(action, Supply | Swap | Withdraw)
    ]


def moved(desk: Desk, wishes: dict[Place, int]) -> tuple[Draft, dict[Place, int]]:
    """The one plan that the wishes come to, and the book once its calls ran on the bytecode."""
    found = draft(desk.terms(), desk.ahead(), wishes, WORTH_IT)
    assert found is not None
    before = desk.ahead()
    after = desk.execute(found.plan)
    assert desk.changes(before, after) == found.plan.expected
    return found, desk.held(after)


def test_draft__collateral_to_a_perpetual_s_margin_and_back__one_plan_each(desk: Desk) -> None:
    lent, margin = desk.place("aave_v3:WETH"), desk.place("perpetual:ETH:USDC")
    desk.lend("WETH", 10 * ETHER)
    wishes = {lent: 5 * ETHER, margin: 9_000 * DOLLAR, desk.place("USDC"): 0}
    found, held = moved(desk, wishes)
    assert kinds(found) == [
        ("Withdraw", "aave_v3"),
        ("Swap", "uniswap_v3"),
        ("Supply", "perpetual"),
    ]
    assert 0 <= 5 * ETHER - held[lent] <= 1, "the lender rounds"
    assert held[margin] > 8_900 * DOLLAR
    back = {lent: 9 * ETHER, margin: 0, desk.place("WETH"): 0, desk.place("USDC"): 0}
    found, held = moved(desk, back)
    assert kinds(found) == [
        ("Withdraw", "perpetual"),
        ("Swap", "uniswap_v3"),
        ("Supply", "aave_v3"),
    ]
    assert margin not in held
    assert held[lent] > 9 * ETHER - ETHER // 2


@pytest.mark.parametrize(
    "name",
    ["aave_v36:USDC", "morpho:WETH/USDC/8600:USDC", "erc4626:vUSDC:USDC", "perpetual:ETH:USDC"],
)
def test_draft__dollars_from_one_lender_to_another__one_plan(desk: Desk, name: str) -> None:
    lent, other = desk.place("aave_v3:USDC"), desk.place(name)
    desk.lend("USDC", 10_000 * DOLLAR)
    found, held = moved(desk, {lent: 4_000 * DOLLAR, other: 6_000 * DOLLAR})
    assert kinds(found) == [("Withdraw", "aave_v3"), ("Supply", name.partition(":")[0])]
    assert held[lent] == 4_000 * DOLLAR
    fee = 3 * DOLLAR if name.startswith("morpho") else 0  # the account is its recipient
    assert 6_000 * DOLLAR - 2 <= held[other] <= 6_000 * DOLLAR + fee
    found, held = moved(desk, {lent: 10_000 * DOLLAR, other: 0})
    assert kinds(found) == [("Withdraw", name.partition(":")[0]), ("Supply", "aave_v3")]
    assert held.get(other, 0) <= fee
