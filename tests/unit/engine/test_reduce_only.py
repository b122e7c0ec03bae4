"""Markets that may only be left: what is planned, what is remembered, and what gas may cost."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.observed import Observed, observed
from tests.unit.core.test_plan import PLAN
from trimtab.core.actions import Action, Approve, Supply, Swap
from trimtab.core.market import MarketId, token_market
from trimtab.core.orders import Order, ReduceOnly
from trimtab.core.plan import Refused
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Intent
from trimtab.core.token import Token
from trimtab.engine.memory import DAY, Memory, Pending
from trimtab.engine.tick import Outcome, most_fee_of, tick
from trimtab.engine.window import Window
from trimtab.journal import records
from trimtab.journal.store import Journal
from trimtab.journal.values import order_of
from trimtab.mandate.reduce import adding

pytestmark = pytest.mark.chain


@pytest.fixture
def stage() -> Observed:
    return observed()


def planned(stage: Observed, *left: MarketId) -> Outcome:
    """What a first tick comes to while these markets may only be left."""
    memory = Memory(reduce_only=frozenset(left))
    return tick(stage.bot, stage.observations[0], (), memory)


def actions(outcome: Outcome) -> tuple[Action, ...]:
    assert outcome.judgement is not None
    plan = outcome.judgement.plan
    return () if plan is None else plan.actions


def token(stage: Observed, symbol: str) -> Token:
    return next(each for each in stage.bot.feeds if each.symbol == symbol)


def swaps(outcome: Outcome) -> list[Swap]:
    return [each for each in actions(outcome) if isinstance(each, Swap)]


def bought(outcome: Outcome) -> set[str]:
    return {swap.token_out.symbol for swap in swaps(outcome)}


def test_tick__nothing_changed__buys_both_and_lends(stage: Observed) -> None:
    outcome = planned(stage)
    assert bought(outcome) == {"WETH", "WBTC"}
    assert any(isinstance(each, Supply) for each in actions(outcome))


def test_tick__token_that_may_only_be_left__is_not_bought(stage: Observed) -> None:
    weth = token_market(token(stage, "WETH"))
    outcome = planned(stage, weth)
    assert bought(outcome) == {"WBTC"}
    assert outcome.approved is not None
    assert adding(actions(outcome), frozenset({weth})) == ()


def test_tick__feed_that_may_only_be_left__nor_is_the_token_nor_anything_lent(
    stage: Observed,
) -> None:
    """The lending pool reads the feed for all that it values."""
    feed = stage.bot.feeds[token(stage, "WETH")]
    outcome = planned(stage, feed.id)
    assert bought(outcome) == {"WBTC"}
    assert not any(isinstance(each, Supply) for each in actions(outcome))


def test_tick__lender_that_may_only_be_left__nothing_goes_in(stage: Observed) -> None:
    lender = stage.bot.lenders[0].market
    outcome = planned(stage, lender)
    assert {type(each) for each in actions(outcome)} <= {Approve, Swap}
    assert outcome.approved is not None
    assert swaps(outcome) == swaps(planned(stage)), "what is not lent is not traded away"


def test_tick__pools_that_may_only_be_left__are_not_traded_with(stage: Observed) -> None:
    outcome = planned(stage, *(pool.id for pool in stage.bot.pools))
    assert bought(outcome) == set()


def test_ordered__reduce_only__replaces_what_was_left_before(tmp_path: Path) -> None:
    first, second = MarketId("aave_v3:1:0xa"), MarketId("erc20:1:0xb")
    given: tuple[Order, ...] = (ReduceOnly((first,), "an upgrade"), ReduceOnly((second,), "back"))
    journal = Journal.create(tmp_path / "journal.sqlite")
    memory = Memory()
    for each in given:
        journal.append(records.order(each))
        memory = memory.ordered(each)
    assert memory.reduce_only == {second}
    assert tuple(order_of(record) for record in journal.records("order")) == given


# ------------------------------------------------------------------------------------- gas


def test_tick__gas_of_a_day__counts_this_plan_at_its_highest_fee(stage: Observed) -> None:
    """To the wei: at what is spent and this plan's own the limit is kept, a wei below it is not."""
    outcome = planned(stage)
    assert outcome.judgement is not None
    assert outcome.judgement.plan is not None
    units = 2 * outcome.judgement.plan.cost.gas_units
    own = units * most_fee_of(stage.bot, stage.observations[0])
    at, spent = outcome.states.timestamp, 12345
    memory = Memory(
        offered=Window((), (at, Timestamp(at - DAY)), (Fraction(spent), Fraction(10**30)))
    )

    def verdict(most: int) -> object:
        limits = replace(stage.bot.limits, gas_per_day=Fraction(most))
        found = tick(replace(stage.bot, limits=limits), stage.observations[0], (), memory)
        assert found.judgement is not None
        return found.judgement.verdict

    assert not isinstance(verdict(own + spent), Refused)
    refused = verdict(own + spent - 1)
    assert isinstance(refused, Refused)
    found = (refused.limit, refused.measured, refused.allowed)
    assert found == ("gas per day", Fraction(own + spent), Fraction(own + spent - 1))


def test_with_replacement__higher_fees__only_what_they_add_is_counted(stage: Observed) -> None:
    """One transaction lands for a nonce: a cancellation of less gas costs no more."""
    plan = replace(PLAN, account=stage.bot.account)
    first = Intent(plan.hash, 1, plan.account, 7, 1, ("0x1",), (b"",), 100, 30, 1)
    raised = replace(first, hashes=("0x1", "0x2"), raws=(b"", b""), most_fee=40)
    nothing = replace(raised, gas=21, most_fee=90, cancels=True)
    memory = Memory(pending=Pending(plan, {}, Fraction(0))).with_intent(first)
    assert memory.gas_since(-1) == 100 * 30
    memory = memory.with_replacement(raised)
    assert memory.gas_since(-1) == 100 * 40
    assert memory.with_replacement(nothing).gas_since(-1) == 100 * 40
