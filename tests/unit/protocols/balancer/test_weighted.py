"""The bounds of the weighted maths, on both of their sides."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.unit.protocols.balancer.weighted_pools import POOL, TOKENS, weighted_state
from trimtab.protocols.balancer.model.checked import ONE, Refusal
from trimtab.protocols.balancer.model.pool import _kept, initialised
from trimtab.protocols.balancer.model.powers import power_up
from trimtab.protocols.balancer.model.weighted import (
    in_given_out,
    invariant_down,
    out_given_in,
    protocol_shares,
    shares_for_tokens_in,
    shares_for_tokens_out,
    token_in_for_shares,
    token_out_for_shares,
)

HALF = ONE // 2
WEIGHTS = (HALF, HALF)
LARGE = 10**24
SUPPLY = 10**21


def refused(ask: Callable[[], int]) -> str:
    """The code of a refusal; none where there is an answer."""
    try:
        ask()
    except Refusal as refusal:
        return str(refusal)
    return ""


def test_invariant__least_there_is__taken() -> None:
    assert invariant_down(WEIGHTS, (2, 1)) == 1
    assert refused(lambda: invariant_down(WEIGHTS, (1, 1))) == "BAL#311"


def test_swaps__at_thirty_percent__and_one_beyond() -> None:
    most = LARGE * 3 // 10
    sides = (LARGE, HALF, LARGE, HALF)
    assert refused(lambda: out_given_in(*sides, most, power_up)) == ""
    assert refused(lambda: out_given_in(*sides, most + 1, power_up)) == "BAL#304"
    assert refused(lambda: in_given_out(*sides, most, power_up)) == ""
    assert refused(lambda: in_given_out(*sides, most + 1, power_up)) == "BAL#305"


def test_one_token_in__invariant_at_most_threefold() -> None:
    for shares, code in ((2 * SUPPLY, ""), (2 * SUPPLY + 1, "BAL#307")):
        found = refused(lambda: token_in_for_shares(LARGE, HALF, shares, SUPPLY, 0))  # noqa: B023
        assert found == code


def test_one_token_out__invariant_at_least_seven_tenths() -> None:
    most = SUPPLY * 3 // 10
    for shares, code in ((most + SUPPLY // ONE - 1, ""), (most + SUPPLY // ONE, "BAL#306")):
        found = refused(lambda: token_out_for_shares(LARGE, HALF, shares, SUPPLY, 0))  # noqa: B023
        assert found == code


def test_shares__for_nothing__none_and_never_less() -> None:
    assert shares_for_tokens_in((LARGE, LARGE), WEIGHTS, (0, 0), SUPPLY, 10**16) == 0


@pytest.mark.parametrize("fee", [0, 10**16])
def test_shares_for_tokens_out__in_proportion__no_fee(fee: int) -> None:
    """What is in proportion pays none: both sides of the comparison are the same."""
    for balance, amount in ((LARGE, LARGE // 4), (7, 2)):
        found = shares_for_tokens_out((balance,) * 2, WEIGHTS, (amount,) * 2, SUPPLY, fee)
        assert 0 <= found - SUPPLY * amount // balance <= SUPPLY * 3 // 10**14


def test_protocol_shares__growth_by_fees_alone__its_part_of_the_pool() -> None:
    found = protocol_shares(2 * ONE, ONE, HALF, SUPPLY)
    assert Fraction(found, SUPPLY + found) == Fraction(1, 4) - Fraction(1, 4 * (SUPPLY + found))
    assert protocol_shares(2 * ONE, ONE, 0, SUPPLY) == 0
    assert protocol_shares(ONE, ONE, HALF, SUPPLY) == 0
    assert protocol_shares(0, ONE, HALF, SUPPLY) == 0
    assert protocol_shares(0, 0, HALF, SUPPLY) == 0


def test_first_join__a_million_units_of_shares__and_no_less() -> None:
    whole = (replace(TOKENS[0], decimals=18), replace(TOKENS[1], decimals=18))
    pool = replace(POOL, tokens=whole, weights=WEIGHTS)
    state = replace(weighted_state(0, 0, 0), pool=pool, balances=(0, 0))
    assert initialised(state, (500_000, 500_001)) == (10**6, 500_000)
    assert refused(lambda: initialised(state, (500_000, 500_000))[0]) == "BAL#204"


def test_kept_invariant__of_192_bits__and_no_more() -> None:
    state = weighted_state()
    assert _kept(state, 2**192 - 1) == 2**192 - 1
    assert _kept(replace(state, is_recovering=True), 5) == 0
    assert refused(lambda: _kept(state, 2**192)) == "BAL#436"
