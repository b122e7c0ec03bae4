"""The compiled quotes: their cases are half answers and half refusals, and what is no quote."""

from __future__ import annotations

import random

import pytest

from tests.laws.kernels_uniswap_v2 import compared
from tests.unit.protocols.uniswap_v2.pairs import DAI, USDC, pair, state
from trimtab.core.errors import NoRoute
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.uniswap_v2 import quote_exact_out
from trimtab.protocols.uniswap_v2.maths import quotes, quotes_exact_out

CASES = 2_000


def test_quotes__drawn_pairs_and_amounts__the_model() -> None:
    gone = 0
    for case in compared(random.Random(7), CASES):
        assert case.actual == case.expected, case.asked
        gone += case.expected != (0, False)
    assert CASES // 4 < gone < CASES * 3 // 4


def test_quotes__token_of_another_pair__refused() -> None:
    for asked in (quotes, quotes_exact_out):
        with pytest.raises(NoRoute, match="trades USDC and WETH, not DAI"):
            asked(state(), pair(), DAI, packed([1]))


def test_quotes__no_amounts__none() -> None:
    found, flags = quotes(state(), pair(), USDC, packed([]))
    assert (len(found), len(flags)) == (0, 0)


def test_quotes_exact_out__all_there_is__refused_one_less_not() -> None:
    found, flags = quotes_exact_out(state(), pair(), USDC, packed([10**18, 10**18 - 1]))
    assert flags.tolist() == [False, True]
    assert unpacked(found)[1] == quote_exact_out(state(), pair(), USDC, 10**18 - 1).amount_in_used
