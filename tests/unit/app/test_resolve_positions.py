"""Perpetuals in a mandate: whose the position is, and where its margin may lie."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.command import ROOT
from tests.support.desk import Desk, opened
from trimtab.app.resolve import resolve
from trimtab.core.errors import ConfigError
from trimtab.engine.bot import Bot
from trimtab.lab.world import CREDIT_WORLD
from trimtab.mandate import parse_mandate

BASIS = (ROOT / "examples" / "basis.toml").read_text(encoding="utf-8")
SECOND = """
[[strategies]]
name = "hedged"
use = "trimtab.strategies:HedgedLiquidity"
share = 0.5
[strategies.parameters]
pool = "uniswap_v3:WETH/USDC/500"
perpetual = "perpetual:ETH"
"""
SWEEPER = """
[[strategies]]
name = "idle"
use = "trimtab.strategies:LendingYield"
sweeps = true
[strategies.parameters]
lenders = ["perpetual:ETH:USDC"]
"""


@pytest.fixture
def credit() -> Iterator[Desk]:
    with opened(CREDIT_WORLD) as desk:
        yield desk


def resolved(desk: Desk, text: str = BASIS) -> Bot:
    return resolve(parse_mandate(text, "basis.toml"), desk.book, desk.account)


def test_resolve__perpetual__is_read_with_all_that_it_reads(credit: Desk) -> None:
    bot = resolved(credit)
    (market,) = bot.perpetuals
    read = {each.id for each in bot.markets}
    assert {market.id, *market.parts} <= read
    assert bot.positions == {market.position_place: "basis"}
    assert market.margin_place in bot.places
    assert market.position_place not in bot.places
    assert bot.names()[market.margin_place] >= {"protocol:perpetual", "perpetual:ETH:USDC"}


def test_resolve__margin__is_no_place_to_lend(credit: Desk) -> None:
    text = BASIS.replace('"perpetual:ETH",', '"perpetual:ETH:USDC", "aave_v3:USDC",')
    assert [str(place) for place in resolved(credit, text).lenders] == ["aave_v3:USDC"]


def test_resolve__two_strategies_at_one_perpetual__refused(credit: Desk) -> None:
    text = BASIS.replace("share = 1\n", "share = 0.5\n").replace("[limits]", f"{SECOND}\n[limits]")
    with pytest.raises(ConfigError, match="both need perpetual:ETH"):
        resolved(credit, text)


def test_resolve__perpetual_that_is_not_among_the_markets__refused(credit: Desk) -> None:
    with pytest.raises(ConfigError, match="add its market"):
        resolved(credit, BASIS.replace('  "perpetual:ETH",\n', ""))
