from dataclasses import replace

import pytest

from tests.unit.protocols.uniswap_v3.pools import (
    ACTOR,
    FOREVER,
    FRIEND,
    NOW,
    PLAIN,
    POOL,
    TOKEN0,
    TOKEN1,
    UNPRICED,
    WHOLE,
    account,
    pool_state,
    states,
)
from trimtab.core.actions import Swap, SwapExactOut
from trimtab.core.errors import NoRoute
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Movement, Reverted, States, reverted
from trimtab.core.token import ZERO_ADDRESS, Token
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MIN_SQRT_PRICE, Q96
from trimtab.protocols.uniswap_v3 import PoolState, quote, quote_exact_out
from trimtab.protocols.uniswap_v3.model.swap import (
    HIGHEST_LIMIT,
    INT256_MAX,
    LOWEST_LIMIT,
    exact_input_single,
    exact_output_single,
    swap,
)

SWAP = Swap(ACTOR, POOL.id, TOKEN0, TOKEN1, 10**9, 0, FOREVER, ACTOR)
LATE = Timestamp(NOW - 1)


BUY = SwapExactOut(ACTOR, POOL.id, TOKEN0, TOKEN1, 10**9, 2**256 - 1, FOREVER, ACTOR)


def outcome(action: Swap | SwapExactOut, among: States) -> Applied | Reverted:
    if isinstance(action, Swap):
        return exact_input_single(among, POOL, action)
    return exact_output_single(among, POOL, action)


def applied(action: Swap | SwapExactOut, among: States) -> tuple[PoolState, tuple[Movement, ...]]:
    result = outcome(action, among)
    assert isinstance(result, Applied)
    state = result.changed[POOL.id]
    assert isinstance(state, PoolState)
    return state, result.movements


@pytest.mark.parametrize("sold, bought", [(TOKEN0, TOKEN1), (TOKEN1, TOKEN0)])
def test_swap__plain__output_first_then_payment_by_allowance(sold: Token, bought: Token) -> None:
    expected = quote(PLAIN, POOL, sold, 10**9)
    action = replace(SWAP, token_in=sold, token_out=bought, recipient=FRIEND)
    state, movements = applied(action, states(PLAIN))
    assert movements == (
        Movement(bought, POOL.address, FRIEND, expected.amount_out),
        Movement(sold, ACTOR, POOL.address, 10**9, spender=POOL.router),
    )
    assert state.sqrt_price_x96 == expected.sqrt_price_after
    assert 0 < expected.amount_out < 10**9


def test_swap__to_nobody__goes_to_the_router() -> None:
    _, movements = applied(replace(SWAP, recipient=ZERO_ADDRESS), states(PLAIN))
    assert movements[0].target == POOL.router


def test_swap__one_unit__is_all_fee_and_gives_nothing() -> None:
    state, movements = applied(replace(SWAP, amount_in=1), states(PLAIN))
    assert movements == (Movement(TOKEN0, ACTOR, POOL.address, 1, spender=POOL.router),)
    assert state.sqrt_price_x96 == PLAIN.sqrt_price_x96
    assert state.fee_growth_global0 == 2**128 // (1_000 * WHOLE)


@pytest.mark.parametrize("token, limit", [(TOKEN0, LOWEST_LIMIT), (TOKEN1, HIGHEST_LIMIT)])
def test_swap__more_than_the_liquidity_takes__takes_only_that(token: Token, limit: int) -> None:
    thin = pool_state((-60, 60, WHOLE))
    other = TOKEN1 if token == TOKEN0 else TOKEN0
    action = replace(SWAP, token_in=token, token_out=other, amount_in=WHOLE)
    state, movements = applied(action, states(thin))
    assert movements[1].raw == quote(thin, POOL, token, WHOLE).amount_in_used < WHOLE
    assert (state.liquidity, state.sqrt_price_x96) == (0, limit)


def test_limits__where_none_is_given__one_inside_the_ends() -> None:
    assert int("7" + "f" * 63, 16) == INT256_MAX
    assert LOWEST_LIMIT == 4295128740
    assert HIGHEST_LIMIT == 1461446703485210103287273052203988822378723970341


@pytest.mark.parametrize("short, expected", [(0, Applied), (1, Reverted)])
def test_swap__minimum_met_or_missed_by_one__decided_exactly(
    short: int, expected: type[Applied] | type[Reverted]
) -> None:
    least = quote(PLAIN, POOL, TOKEN0, 10**9).amount_out + short
    assert isinstance(outcome(replace(SWAP, min_out=least), states(PLAIN)), expected)


def test_swap__at_its_deadline__goes_through() -> None:
    applied(replace(SWAP, deadline=NOW), states(PLAIN))


LATER = replace(SWAP, min_out=2**256 - 1)
"""A swap that fails at the last check; the ones before it show the contract's order."""
POOR = {"balance": 0, "allowance": 0, "custody": 0}
AT_THE_END = replace(PLAIN, sqrt_price_x96=LOWEST_LIMIT)
DRY = pool_state()


@pytest.mark.parametrize(
    "action, state, among, expected",
    [
        (replace(LATER, deadline=LATE, amount_in=0), UNPRICED, POOR, "Transaction too old"),
        (replace(LATER, amount_in=INT256_MAX + 1), UNPRICED, POOR, None),
        (replace(LATER, amount_in=-1), UNPRICED, POOR, None),
        (replace(LATER, amount_in=INT256_MAX), UNPRICED, POOR, "LOK"),
        (replace(LATER, amount_in=0), UNPRICED, POOR, "AS"),
        (LATER, UNPRICED, POOR, "LOK"),
        (LATER, AT_THE_END, POOR, "SPL"),
        (LATER, PLAIN, POOR, "TF"),
        (LATER, DRY, POOR, None),
        (LATER, PLAIN, {"balance": 10**9 - 1}, "STF"),
        (LATER, PLAIN, {"allowance": 10**9 - 1}, "STF"),
        (LATER, PLAIN, {}, "Too little received"),
    ],
)
def test_swap__several_faults__the_contracts_first(
    action: Swap, state: PoolState, among: dict[str, int], expected: str | None
) -> None:
    revert = Reverted(b"") if expected is None else reverted(expected)
    assert outcome(action, states(state, **among)) == revert


def test_swap__at_the_highest_price__cannot_buy_token0() -> None:
    end = replace(PLAIN, sqrt_price_x96=HIGHEST_LIMIT)
    action = replace(SWAP, token_in=TOKEN1, token_out=TOKEN0)
    assert outcome(action, states(end)) == reverted("SPL")


def test_swap__token_of_another_pool__no_route() -> None:
    other = Token(1, account("9"), 18, "OTHER")
    with pytest.raises(NoRoute, match="trades ZERO and ONE, not OTHER"):
        outcome(replace(SWAP, token_in=other), states(PLAIN))
    with pytest.raises(NoRoute, match="does not give OTHER"):
        outcome(replace(SWAP, token_out=other), states(PLAIN))


def test_swap__of_a_token_for_itself__no_route() -> None:
    with pytest.raises(NoRoute, match="does not give ZERO"):
        outcome(replace(SWAP, token_out=TOKEN0), states(PLAIN))


# --------------------------------------------------------------------------------- exact out


@pytest.mark.parametrize("sold, bought", [(TOKEN0, TOKEN1), (TOKEN1, TOKEN0)])
def test_exact_out__plain__the_output_and_what_it_takes(sold: Token, bought: Token) -> None:
    expected = quote_exact_out(PLAIN, POOL, sold, 10**9)
    action = replace(BUY, token_in=sold, token_out=bought, recipient=FRIEND)
    state, movements = applied(action, states(PLAIN))
    assert movements == (
        Movement(bought, POOL.address, FRIEND, 10**9),
        Movement(sold, ACTOR, POOL.address, expected.amount_in_used, spender=POOL.router),
    )
    assert state.sqrt_price_x96 == expected.sqrt_price_after
    assert expected.amount_in_used > 10**9


@pytest.mark.parametrize("over, expected", [(0, Applied), (1, Reverted)])
def test_exact_out__maximum_met_or_missed_by_one__decided_exactly(
    over: int, expected: type[Applied] | type[Reverted]
) -> None:
    most = quote_exact_out(PLAIN, POOL, TOKEN0, 10**9).amount_in_used - over
    assert isinstance(outcome(replace(BUY, max_in=most), states(PLAIN)), expected)


def test_exact_out__more_than_there_is__refused_without_words_unless_limited() -> None:
    thin = pool_state((-60, 60, WHOLE))
    there = quote_exact_out(thin, POOL, TOKEN0, WHOLE)
    assert there.amount_out < WHOLE
    enough = replace(BUY, amount_out=there.amount_out)
    assert applied(enough, states(thin))[1][0].raw == there.amount_out
    more = replace(BUY, amount_out=there.amount_out + 1)
    assert outcome(more, states(thin)) == Reverted(b"")
    _, movements = applied(replace(more, limit=LOWEST_LIMIT), states(thin))
    assert movements[0].raw == there.amount_out


LIMIT = Q96 * 999 // 1000


@pytest.mark.parametrize(
    "action",
    [
        replace(SWAP, amount_in=10 * WHOLE, limit=LIMIT),
        replace(BUY, amount_out=10 * WHOLE, limit=LIMIT),
    ],
)
def test_limit__before_the_amount_is_done__ends_the_swap_there(action: Swap | SwapExactOut) -> None:
    state, movements = applied(action, states(PLAIN, balance=100 * WHOLE))
    expected = swap(PLAIN, True, INT256_MAX, LIMIT)
    assert state.sqrt_price_x96 == LIMIT
    assert [movement.raw for movement in movements] == [expected.amount_out, expected.amount_in]


@pytest.mark.parametrize("action", [SWAP, BUY])
@pytest.mark.parametrize(
    "limit, expected",
    [
        (Q96 - 1, None),
        (Q96, "SPL"),
        (Q96 + 1, "SPL"),
        (MIN_SQRT_PRICE, "SPL"),
        (MIN_SQRT_PRICE + 1, None),
        (2**160 - 1, "SPL"),
        (2**160, ""),
        (-1, ""),
    ],
)
def test_limit__of_a_sale_of_token0__below_the_price_and_above_the_lowest(
    action: Swap | SwapExactOut, limit: int, expected: str | None
) -> None:
    found = outcome(replace(action, limit=limit), states(PLAIN))
    if expected is None:
        assert isinstance(found, Applied)
    else:
        assert found == (reverted(expected) if expected else Reverted(b""))


@pytest.mark.parametrize(
    "limit, expected", [(Q96 + 1, True), (Q96, False), (MAX_SQRT_PRICE, False)]
)
def test_limit__of_a_sale_of_token1__above_the_price_and_below_the_highest(
    limit: int, expected: bool
) -> None:
    action = replace(SWAP, token_in=TOKEN1, token_out=TOKEN0, limit=limit)
    found = outcome(action, states(PLAIN))
    assert isinstance(found, Applied) if expected else found == reverted("SPL")


POOREST = replace(BUY, max_in=0)


@pytest.mark.parametrize(
    "action, state, among, expected",
    [
        (replace(POOREST, deadline=LATE, amount_out=0), UNPRICED, POOR, "Transaction too old"),
        (replace(POOREST, amount_out=INT256_MAX + 1), UNPRICED, POOR, None),
        (replace(POOREST, amount_out=-1), UNPRICED, POOR, None),
        (replace(POOREST, amount_out=0), UNPRICED, POOR, "AS"),
        (POOREST, UNPRICED, POOR, "LOK"),
        (POOREST, AT_THE_END, POOR, "SPL"),
        (POOREST, PLAIN, POOR, "TF"),
        (POOREST, DRY, POOR, None),
        (POOREST, PLAIN, {"allowance": 10**9}, "STF"),
        (replace(POOREST, amount_out=10**40), PLAIN, {}, "STF"),
        (replace(POOREST, amount_out=10**40), PLAIN, {"balance": 10**40}, None),
        (POOREST, PLAIN, {}, "Too much requested"),
    ],
)
def test_exact_out__several_faults__the_contracts_first(
    action: SwapExactOut, state: PoolState, among: dict[str, int], expected: str | None
) -> None:
    revert = Reverted(b"") if expected is None else reverted(expected)
    assert outcome(action, states(state, **among)) == revert


def test_exact_out__token_of_another_pool__no_route() -> None:
    with pytest.raises(NoRoute, match="does not give ZERO"):
        outcome(replace(BUY, token_out=TOKEN0), states(PLAIN))


def test_swap__of_one_unit_out__that_and_no_more() -> None:
    walk = swap(PLAIN, True, -1, LOWEST_LIMIT)
    assert (walk.amount_out, walk.amount_in, walk.fees) == (1, 3, 1)
