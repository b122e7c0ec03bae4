"""Supply, loan, collateral and authorisation, and the words in which the contract refuses."""

from dataclasses import replace

import pytest

from tests.unit.protocols.morpho.isolated import (
    ACTOR,
    AT,
    CONTRACT,
    ETH,
    FEED,
    FRIEND,
    MARKET,
    MILLION,
    OTHER,
    PRICE,
    USD,
    all_states,
    lending_state,
)
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    ALL,
    Action,
    Borrow,
    Delegate,
    Quantity,
    Repay,
    Supply,
    UpdateAnswer,
    UseAsCollateral,
    Withdraw,
)
from trimtab.core.errors import InvariantViolation, MissingRead
from trimtab.core.states import Applied, Movement, Reverted, States
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.morpho import LendingState, MorphoAdapter, Position, owed, supplied

ADAPTER = MorphoAdapter()
STATES = all_states(lending_state())
PANIC = "0x4e487b71" + f"{0x11:064x}"


def done(action: Action, states: States = STATES) -> tuple[LendingState, tuple[Movement, ...]]:
    outcome = ADAPTER.apply(states, action)
    assert isinstance(outcome, Applied), outcome
    return states.with_states(outcome.changed)[MARKET], outcome.movements


def refused(action: Action, states: States = STATES) -> str:
    outcome = ADAPTER.apply(states, action)
    assert isinstance(outcome, Reverted), outcome
    return outcome.reason


def lend(amount: int, on_behalf_of: Address = ACTOR) -> Supply:
    return Supply(ACTOR, MARKET.id, USD, amount, on_behalf_of)


def take(amount: Quantity, actor: Address = ACTOR, to: Address = ACTOR) -> Withdraw:
    return Withdraw(actor, MARKET.id, USD, amount, to)


def pledge(amount: int, on_behalf_of: Address = ACTOR) -> Supply:
    return Supply(ACTOR, MARKET.id, ETH, amount, on_behalf_of)


def free(amount: Quantity, to: Address = FRIEND) -> Withdraw:
    return Withdraw(FRIEND, MARKET.id, ETH, amount, to)


def borrow(amount: int, actor: Address = FRIEND, owner: Address = FRIEND) -> Borrow:
    return Borrow(actor, MARKET.id, USD, amount, owner)


def repay(amount: Quantity, owner: Address = FRIEND) -> Repay:
    return Repay(ACTOR, MARKET.id, USD, amount, owner)


# --------------------------------------------------------------------------------------- supply


def test_supply__for_another__shares_are_theirs() -> None:
    state, movements = done(lend(100, FRIEND))
    # shares cost a millionth each, virtual ones included
    assert state.position(FRIEND).supply_shares == 100 * 10**6
    assert state.total_supply_assets == MILLION + 100
    assert movements == (Movement(USD, ACTOR, AT, 100, AT),)


def test_supply__for_an_account_that_nobody_tracks__totals_alone() -> None:
    state, _ = done(lend(100, OTHER))
    assert state.positions == lending_state().positions
    assert state.total_supply_shares == (MILLION + 100) * 10**6


@pytest.mark.parametrize(
    "action, reason",
    [
        (lend(0), "inconsistent input"),
        (lend(1, ZERO_ADDRESS), "zero address"),
        (lend(0, ZERO_ADDRESS), "inconsistent input"),
        (lend(2**128 // 10**6 + 1), "max uint128 exceeded"),
        (lend(UINT256_MAX), PANIC),
        (lend(MILLION + 1), "transferFrom reverted"),
        (pledge(0), "zero assets"),
        (pledge(1, ZERO_ADDRESS), "zero address"),
        (pledge(2**128), "max uint128 exceeded"),
        (pledge(10**21 + 1), "transferFrom reverted"),
    ],
)
def test_supply__that_cannot_be__the_words_of_the_contract(action: Action, reason: str) -> None:
    assert refused(action) == reason


def test_withdraw__more_than_liquidity__refused() -> None:
    states = all_states(lending_state(borrowed=MILLION - 10))
    assert refused(take(11), states) == "insufficient liquidity"
    state, _ = done(take(10), states)
    assert state.total_supply_assets == state.total_borrow_assets


def test_withdraw__all__every_share() -> None:
    state, movements = done(take(ALL, to=OTHER))
    assert state.position(ACTOR) == Position()
    assert movements == (Movement(USD, AT, OTHER, MILLION // 5),)


@pytest.mark.parametrize(
    "action, reason",
    [
        (take(0), "inconsistent input"),
        (take(ALL, FRIEND, FRIEND), "inconsistent input"),
        (take(1, to=ZERO_ADDRESS), "zero address"),
        (take(MILLION // 5 + 1), PANIC),
        (take(10**10 * MILLION), PANIC),
        (free(0), "zero assets"),
        (free(1, to=ZERO_ADDRESS), "zero address"),
        (free(10**18 + 1), PANIC),
        (free(2**128), "max uint128 exceeded"),
    ],
)
def test_withdraw__that_cannot_be__the_words_of_the_contract(action: Action, reason: str) -> None:
    assert refused(action) == reason


# ---------------------------------------------------------------------------------------- debts


def test_collateral__down_to_the_last_unit_that_covers__let_go() -> None:
    """1,000 dollars at 80 % of 2,000 a piece are 0.625 ether."""
    assert owed(lending_state(), FRIEND) == 10**9
    state, _ = done(free(375 * 10**15))
    assert state.position(FRIEND).collateral == 625 * 10**15
    assert refused(free(375 * 10**15 + 1)) == "insufficient collateral"
    assert refused(free(ALL)) == "insufficient collateral"


def test_borrow__up_to_the_last_unit_that_is_covered__let_go() -> None:
    """1,600 dollars may be owed in all."""
    state, movements = done(borrow(600 * 10**6))
    assert owed(state, FRIEND) == 1_600 * 10**6
    assert movements == (Movement(USD, AT, FRIEND, 600 * 10**6),)
    assert refused(borrow(600 * 10**6 + 1)) == "insufficient collateral"


def test_borrow__health_before_liquidity() -> None:
    states = all_states(lending_state(borrowed=MILLION - 1))
    assert refused(borrow(2), states) == "insufficient liquidity"
    assert refused(borrow(MILLION), states) == "insufficient collateral"


def test_borrow__for_another__as_that_one_allows() -> None:
    state, movements = done(borrow(100, actor=ACTOR))
    assert state.position(FRIEND).borrow_shares == 10**15 + 100 * 10**6
    assert movements == (Movement(USD, AT, ACTOR, 100),)
    assert refused(borrow(100, actor=FRIEND, owner=ACTOR)) == "unauthorized"
    assert refused(borrow(0, actor=FRIEND, owner=ACTOR)) == "inconsistent input"


def test_borrow__oracle_with_a_price_beyond_all_sums__panic() -> None:
    states = all_states(lending_state(), price=UINT256_MAX)
    assert refused(borrow(1), states) == PANIC


def test_repay__all__whatever_is_owed_rounded_up() -> None:
    uneven = replace(lending_state(), total_borrow_assets=MILLION // 2 + 1)
    states = all_states(uneven)
    state, movements = done(repay(ALL), states)
    assert state.position(FRIEND).borrow_shares == 0
    assert movements == (Movement(USD, ACTOR, AT, owed(uneven, FRIEND), AT),)
    assert owed(uneven, FRIEND) == 10**9 + 1


def test_repay__last_debt_rounded_up__never_below_nothing() -> None:
    alone = replace(
        lending_state(borrowed=1), total_borrow_shares=1, positions={FRIEND: Position(0, 1)}
    )
    state, movements = done(repay(ALL), all_states(alone))
    assert movements[0].raw == 1
    assert (state.total_borrow_assets, state.total_borrow_shares) == (0, 0)
    emptied = replace(alone, total_borrow_assets=0)
    state, movements = done(repay(ALL), all_states(emptied))
    assert (movements[0].raw, state.total_borrow_assets) == (1, 0)


@pytest.mark.parametrize(
    "action, reason",
    [
        (repay(0), "inconsistent input"),
        (repay(ALL, ACTOR), "inconsistent input"),
        (repay(1, ZERO_ADDRESS), "zero address"),
        (repay(ALL, ZERO_ADDRESS), "inconsistent input"),
        (repay(10**9 + 1), PANIC),
        (repay(2**128), "max uint128 exceeded"),
    ],
)
def test_repay__that_cannot_be__the_words_of_the_contract(action: Action, reason: str) -> None:
    assert refused(action) == reason


# ------------------------------------------------------------------------------- authorisations


def test_delegate__given_and_taken_back__holds_at_the_contract() -> None:
    given = ADAPTER.apply(STATES, Delegate(ACTOR, MARKET.id, USD, FRIEND, UINT256_MAX))
    assert isinstance(given, Applied)
    assert list(given.changed) == [CONTRACT.id]
    after = STATES.with_states(given.changed)
    assert after[CONTRACT].is_authorised(ACTOR, FRIEND)
    again = Delegate(ACTOR, MARKET.id, USD, FRIEND, UINT256_MAX)
    assert refused(again, after) == "already set"
    back = ADAPTER.apply(after, Delegate(ACTOR, MARKET.id, USD, FRIEND, 0))
    assert isinstance(back, Applied)
    assert after.with_states(back.changed)[CONTRACT] == STATES[CONTRACT]


def test_delegate__to_whom_nobody_tracks__missing() -> None:
    with pytest.raises(MissingRead, match="act for it is not tracked"):
        ADAPTER.apply(STATES, Delegate(ACTOR, MARKET.id, USD, OTHER, 0))


# ----------------------------------------------------------------------------------- impossible


@pytest.mark.parametrize(
    "action",
    [
        Delegate(ACTOR, MARKET.id, USD, FRIEND, 5),
        UseAsCollateral(ACTOR, MARKET.id, ETH, is_used=True),
        UpdateAnswer(ACTOR, MARKET.id, 1),
        UpdateAnswer(ACTOR, FEED.id, -1),
        UpdateAnswer(ACTOR, FEED.id, 2**256),
        Supply(ACTOR, FEED.id, USD, 1, ACTOR),
        Supply(ACTOR, CONTRACT.id, USD, 1, ACTOR),
    ],
)
def test_action__that_no_market_knows__names_the_law(action: Action) -> None:
    with pytest.raises(InvariantViolation, match="INV-5"):
        ADAPTER.apply(STATES, action)
    with pytest.raises(InvariantViolation, match="INV-5"):
        ADAPTER.encode(STATES, action)


@pytest.mark.parametrize(
    "action",
    [
        Borrow(FRIEND, MARKET.id, ETH, 1, FRIEND),
        Repay(FRIEND, MARKET.id, ETH, 1, FRIEND),
        Supply(ACTOR, MARKET.id, replace(USD, address=OTHER), 1, ACTOR),
        Withdraw(ACTOR, MARKET.id, replace(USD, address=OTHER), 1, ACTOR),
    ],
)
def test_action__of_another_token__missing(action: Action) -> None:
    with pytest.raises(MissingRead, match="lends, which is USD against ETH"):
        ADAPTER.apply(STATES, action)
    with pytest.raises(MissingRead, match="lends, which is USD against ETH"):
        ADAPTER.encode(STATES, action)


def test_action__of_an_account_that_nobody_tracks__missing() -> None:
    with pytest.raises(MissingRead, match="is not tracked: add the account"):
        ADAPTER.apply(STATES, take(1, OTHER, OTHER))
    with pytest.raises(MissingRead, match="is not tracked: add the account"):
        ADAPTER.apply(STATES, repay(1, OTHER))


def test_price__set_by_hand__is_the_oracle_s() -> None:
    outcome = ADAPTER.apply(STATES, UpdateAnswer(ACTOR, FEED.id, PRICE + 1))
    assert isinstance(outcome, Applied)
    assert STATES.with_states(outcome.changed)[FEED].price == PRICE + 1


# ------------------------------------------------------------------------------------- holdings


def test_holdings__lent_pledged_and_owed__three_places() -> None:
    both = replace(
        lending_state(), positions={ACTOR: Position(7 * 10**12, 3 * 10**12 + 1, 5 * 10**17)}
    )
    lent, pledged, owes = ADAPTER.holdings(all_states(both), MARKET, ACTOR)
    assert (lent.place.token, lent.shares, lent.raw) == (USD, 7 * 10**12, supplied(both, ACTOR))
    assert (pledged.place.token, pledged.shares, pledged.raw) == (ETH, 5 * 10**17, 5 * 10**17)
    assert owes.place.is_debt
    assert (owes.shares, owes.raw) == (-3 * 10**12 - 1, -3 * 10**6 - 1)
    assert (lent.audited, owes.audited, pledged.audited) == (lent.shares, owes.shares, 5 * 10**17)
    for other in (CONTRACT, FEED):
        assert ADAPTER.holdings(all_states(both), other, ACTOR) == ()
        assert ADAPTER.audits(other, None, ACTOR) == ()


def test_audits__of_a_market__the_words_of_the_position() -> None:
    audits = ADAPTER.audits(MARKET, None, ACTOR)
    assert [(each.place.token, each.place.side, each.word) for each in audits] == [
        (USD, "long", 0),
        (USD, "debt", 1),
        (ETH, "long", 2),
    ]
    assert len({each.read for each in audits}) == 1
