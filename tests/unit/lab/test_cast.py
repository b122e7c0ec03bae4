"""Who lives in the world, what they begin with, and whose random numbers are whose."""

import pytest

from tests.unit.lab.market import ALICE, PRICES, USDC, WETH
from tests.unit.lab.test_scenario import BOOK
from trimtab.core.errors import ConfigError
from trimtab.lab.agents import Hold
from trimtab.lab.cast import default_cast, stocks
from trimtab.lab.roles import Player
from trimtab.lab.streams import stream

GOLDEN = 3_319_516_091_634_466_097
"""The first number of the stream (7, "a", 1), on any machine."""


def test_default_cast__too_few_accounts__refused() -> None:
    with pytest.raises(ConfigError, match="the cast needs 19 accounts, the world has 1"):
        default_cast(BOOK, [ALICE])


def test_stocks__dollars__base_units_rounded_down() -> None:
    players = [Player(Hold("hold", ALICE), {"USDC": 7, "WETH": 1_000})]
    found = stocks(players, BOOK, {**PRICES, "WETH": 3 * 10**8})
    assert found == {ALICE: {USDC: 7 * 10**6, WETH: 1_000 * 10**18 // 3}}


def test_stream__names__each_has_its_own_numbers() -> None:
    drawn = [int(stream(*key).integers(2**63)) for key in ((7, "a", 1), (7, "a", 2), (8, "a", 1))]
    assert len(set(drawn)) == 3
    assert int(stream(7, "a", 1).integers(2**63)) == drawn[0]
    assert drawn[0] == GOLDEN
