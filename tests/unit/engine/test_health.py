"""The health of a debt, from the state of the chain to limits, plan and bounds."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.support.observed import Observed, observed
from trimtab.allocation.books import opening
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Place
from trimtab.core.plan import Approved, Breach
from trimtab.core.reading import Observation
from trimtab.core.strategy import View
from trimtab.engine.decide import decide
from trimtab.engine.memory import Memory
from trimtab.engine.tick import Outcome, costs_of, tick, values_of
from trimtab.engine.wishes import Now
from trimtab.protocols.aave_v3 import LendingPool, health_factor
from trimtab.risk import oracle_prices

pytestmark = pytest.mark.chain

WAD = 10**18
DEBT = 100_000 * 10**6


@pytest.fixture
def stage() -> Observed:
    return observed()


def lender(stage: Observed) -> LendingPool:
    return next(each for each in stage.bot.markets if isinstance(each, LendingPool))


def owing(stage: Observed, ether: int) -> Observation:
    """The first block, if the account owed 100,000 USDC against so much supplied ether."""
    seen, pool = stage.observations[0], lender(stage)
    state = seen.states[pool]
    by_symbol = {each.reserve.token.symbol: each.reserve for each in state.reserves.values()}
    usdc, weth = by_symbol["USDC"], by_symbol["WETH"]
    account = replace(
        state.account(stage.bot.account),
        user_configuration=1 << 2 * usdc.id | 2 << 2 * weth.id,
    )
    account = account.with_debt(usdc.token, DEBT).with_supply(weth.token, ether * WAD)
    lending = state.with_account(stage.bot.account, account)
    states = replace(seen.states, states={**seen.states.states, pool.id: lending})
    place = Place(pool.id, usdc.token, "debt")
    audit = {**seen.reading.audit, place: DEBT}
    return replace(seen, states=states, reading=replace(seen.reading, audit=audit))


def decided(stage: Observed, seen: Observation, least: Fraction) -> Outcome:
    limits = replace(stage.bot.limits, health=least)
    return tick(replace(stage.bot, limits=limits), seen, (), Memory())


def test_decide__debt_within_its_limit__the_plan_carries_the_bound(stage: Observed) -> None:
    """No strategy owns a debt yet, so that the sub-books leave it out."""
    limits = replace(stage.bot.limits, health=Fraction(7, 3))
    bot, seen = replace(stage.bot, limits=limits), owing(stage, 200)
    prices = oracle_prices(seen.states, bot.feeds, bot.numeraire)
    costs = costs_of(bot, seen, prices)
    held = held_everywhere(bot.adapters, seen.states, bot.account)
    owned = {place: held[place].raw for place in bot.wallets if place in held}
    view = View(seen.states, prices, owned, {}, costs)
    signals = {each: each.step(each.start, view) for each in bot.signals}
    now = Now(
        states=seen.states,
        prices=prices,
        costs=costs,
        claims=opening(owned, bot.shares),
        signals=values_of(signals),
        age=0,
        traded=Fraction(0),
    )
    judgement = decide(bot, now)
    assert isinstance(judgement.verdict, Approved)
    (bound,) = judgement.verdict.plan.bounds.healths
    assert bound.least == -(-7 * WAD // 3)
    assert (bound.pool, bound.account) == (lender(stage).address, stage.bot.account)
    assert "health aave_v3" in {measure.limit for measure in judgement.verdict.measures}


def test_tick__debt_beyond_its_limit__breach_by_the_pool_s_own_integer(stage: Observed) -> None:
    seen = owing(stage, 70)
    factor = health_factor(seen.states, lender(stage), stage.bot.account)
    assert factor is not None
    outcome = decided(stage, seen, Fraction(factor + 1, WAD))
    assert outcome.judgement is not None
    expected = Breach("health aave_v3", Fraction(WAD, factor), Fraction(WAD, factor + 1))
    assert expected in outcome.judgement.breaches
    assert "repair health aave_v3" in outcome.why


def test_tick__debt_at_its_limit_to_the_unit__no_breach(stage: Observed) -> None:
    seen = owing(stage, 70)
    factor = health_factor(seen.states, lender(stage), stage.bot.account)
    assert factor is not None
    outcome = decided(stage, seen, Fraction(factor, WAD))
    assert outcome.judgement is not None
    assert not [each for each in outcome.judgement.breaches if each.limit.startswith("health")]
