from dataclasses import replace
from fractions import Fraction

import pytest

from tests.unit.protocols.balancer.weighted_pools import (
    ACTOR,
    FOREVER,
    POOL,
    TOKENS,
    account,
    all_states,
    weighted_state,
)
from trimtab.core.actions import Swap, SwapExactOut
from trimtab.core.errors import NoRoute
from trimtab.core.states import Applied
from trimtab.core.token import Token
from trimtab.protocols.balancer import (
    BalancerAdapter,
    Quote,
    quote,
    quote_exact_out,
    spot_price,
)

STATE = weighted_state()
A, B, C = TOKENS


def test_quote__sale__what_the_swap_moves() -> None:
    found = quote(STATE, POOL, A, C, 10**10)
    swap = Swap(ACTOR, POOL.id, A, C, 10**10, found.amount_out, FOREVER, ACTOR)
    outcome = BalancerAdapter().apply(all_states(STATE), swap)
    assert isinstance(outcome, Applied)
    assert [each.raw for each in outcome.movements] == [10**10, found.amount_out]
    assert found.fee_paid == 3 * 10**7


def test_quote_exact_out__purchase__what_the_swap_moves() -> None:
    found = quote_exact_out(STATE, POOL, C, B, 10**10)
    swap = SwapExactOut(ACTOR, POOL.id, C, B, 10**10, found.amount_in_used, FOREVER, ACTOR)
    outcome = BalancerAdapter().apply(all_states(STATE), swap)
    assert isinstance(outcome, Applied)
    assert [each.raw for each in outcome.movements] == [found.amount_in_used, 10**10]
    share = Fraction(found.fee_paid, found.amount_in_used)
    assert abs(share - Fraction(3, 1000)) < Fraction(1, 10**12)


def test_quotes__there_and_back__never_a_gain() -> None:
    for raw in (1, 999, 10**6, 10**11):
        out = quote(STATE, POOL, A, B, raw).amount_out
        assert quote_exact_out(STATE, POOL, A, B, out).amount_in_used <= raw or out == 0
        bought = quote_exact_out(STATE, POOL, A, B, raw).amount_in_used
        assert quote(STATE, POOL, A, B, bought).amount_out >= raw


def test_quotes__nothing__costs_nothing() -> None:
    assert quote(STATE, POOL, A, C, 0) == Quote(0, 0, 0)
    assert quote_exact_out(STATE, POOL, A, C, 0) == Quote(0, 0, 0)


def test_quote__at_most_thirty_percent__net_of_the_fee() -> None:
    most = 3 * 10**11
    with_fee = most * 1000 // 997
    assert quote(STATE, POOL, A, C, with_fee).amount_out > 0
    with pytest.raises(NoRoute, match=r"refuses .* of A \(BAL#304\).*try less"):
        quote(STATE, POOL, A, C, with_fee + 2)
    assert quote_exact_out(STATE, POOL, C, A, most).amount_in_used > 0
    with pytest.raises(NoRoute, match=r"\(BAL#305\)"):
        quote_exact_out(STATE, POOL, C, A, most + 1)


@pytest.mark.parametrize("raw", [2**112, 2**128, 2**256 - 1])
def test_quotes__absurd__no_route(raw: int) -> None:
    with pytest.raises(NoRoute):
        quote(STATE, POOL, A, C, raw)
    with pytest.raises(NoRoute):
        quote_exact_out(STATE, POOL, A, C, raw)


@pytest.mark.parametrize("raw", [-1, 2**256])
def test_quotes__no_number_of_the_chain__refused(raw: int) -> None:
    with pytest.raises(ValueError, match="cannot be sold"):
        quote(STATE, POOL, A, C, raw)
    with pytest.raises(ValueError, match="cannot be bought"):
        quote_exact_out(STATE, POOL, A, C, raw)


def test_quotes__empty_paused_or_other_token__no_route() -> None:
    empty = weighted_state(0, 0, 0)
    paused = replace(STATE, pool_pause=replace(STATE.pool_pause, is_paused=True))
    other = Token(1, account("f"), 18, "X")
    for state, bought in ((empty, C), (paused, C), (STATE, other), (STATE, A)):
        with pytest.raises(NoRoute):
            quote(state, POOL, A, bought, 10)
        with pytest.raises(NoRoute):
            quote_exact_out(state, POOL, A, bought, 10)


def test_quote__one_sided_pool__nothing_to_have() -> None:
    lone = weighted_state(10**12, 0, 10**24)
    assert quote(lone, POOL, A, B, 10**6).amount_out == 0
    with pytest.raises(NoRoute, match="BAL#305"):
        quote_exact_out(lone, POOL, A, B, 1)


def test_spot_price__of_weights_and_balances__without_fee() -> None:
    assert spot_price(STATE, POOL, A, B) == 3
    assert spot_price(STATE, POOL, C, A) == Fraction(2 * 10**12, 5 * 10**24)
    with pytest.raises(NoRoute, match="has no price"):
        spot_price(weighted_state(0, 0, 0), POOL, A, B)
