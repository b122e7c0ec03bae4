"""INV-7, INV-8, and what a verdict means, for drawn scenes."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.core.test_plan import ACTION, PLAN
from tests.unit.core.test_token import USDC, WETH
from tests.unit.mandate.test_limits import COINS, HOME, LENT, NAMES
from trimtab.core.actions import Action, Approve, Borrow, Repay, Supply, Swap
from trimtab.core.market import MarketId, token_market
from trimtab.core.plan import Approved
from trimtab.core.quantise import Timestamp
from trimtab.mandate import Limits, Scene, breaches, review
from trimtab.mandate.limits import Fill
from trimtab.mandate.reduce import adding

POOL = MarketId("uniswap_v3:1:0x")
MARKETS = [POOL, ACTION.market, token_market(USDC), token_market(WETH)]

SHARES = st.integers(0, 8).map(lambda eighths: Fraction(eighths, 8))
VALUES = st.builds(Fraction, st.integers(0, 8))
IDS = sorted(set.union(*map(set, NAMES.values())))
CAPS = st.dictionaries(st.sampled_from(IDS), SHARES)
HEALTHS = st.integers(8, 16).map(lambda eighths: Fraction(eighths, 8))
NEAR = st.dictionaries(
    st.sampled_from(["one pool", "another"]), st.integers(1, 9).map(lambda e: Fraction(e, 8))
)
LIMITS = st.builds(
    Limits,
    caps=CAPS,
    turnover_per_day=SHARES,
    minimum_idle=SHARES,
    slippage=SHARES,
    state_age=st.integers(0, 3),
    max_equity=st.none() | VALUES,
    health=HEALTHS,
    gas_per_day=st.none() | VALUES,
)
FILLS = st.lists(st.builds(Fill, st.just("one"), VALUES, VALUES), max_size=2).map(tuple)
SCENES = st.builds(
    Scene,
    values=st.fixed_dictionaries({HOME: VALUES, COINS: VALUES, LENT: VALUES}),
    names=st.just(NAMES),
    wallets=st.just(frozenset({HOME, COINS})),
    age=st.integers(0, 3),
    fills=FILLS,
    traded=VALUES,
    gas_spent=st.integers(0, 8),
    nearness=NEAR,
)


@st.composite
def limits_near(draw: st.DrawFn, now: Scene, after: Scene) -> Limits:
    """Limits that mostly hold for both scenes, some of them to the unit."""

    def near(*measured: Fraction) -> Fraction:
        return max(measured) + Fraction(draw(st.integers(-1, 20)), 16) * draw(st.booleans())

    slips = [1 - fill.least / fill.sold for fill in after.fills if fill.sold]
    return Limits(
        caps={
            name: near(*(scene.share(scene.held(name)) for scene in (now, after)))
            for name in draw(st.sets(st.sampled_from(IDS)))
        },
        turnover_per_day=near(after.share(after.traded)),
        minimum_idle=1 - near(*(scene.share(scene.equity - scene.idle) for scene in (now, after))),
        slippage=near(*slips, Fraction(0)),
        state_age=after.age + draw(st.integers(0, 1)),
        max_equity=near(after.equity),
        health=1 / near(*now.nearness.values(), *after.nearness.values(), Fraction(1, 8)),
        gas_per_day=near(Fraction(after.gas_spent)),
    )


@st.composite
def loosened(draw: st.DrawFn, limits: Limits) -> Limits:
    """Limits of which each is as loose or looser."""
    kept = {name: cap for name, cap in limits.caps.items() if draw(st.integers(0, 3))}
    return Limits(
        caps={name: cap + draw(SHARES) for name, cap in kept.items()},
        turnover_per_day=limits.turnover_per_day + draw(SHARES),
        minimum_idle=limits.minimum_idle - draw(SHARES),
        slippage=limits.slippage + draw(SHARES),
        state_age=limits.state_age + draw(st.integers(0, 3)),
        max_equity=draw(st.none() | st.just(limits.max_equity)),
        health=limits.health / (1 + draw(SHARES)),
        gas_per_day=draw(st.none() | st.just(limits.gas_per_day)),
    )


@given(st.data(), SCENES, SCENES)
def test_review__looser_limits__approve_no_less(
    data: st.DataObject, now: Scene, after: Scene
) -> None:
    """INV-7, the other way round: what tight limits approve, looser ones do."""
    tight = data.draw(limits_near(now, after))
    assume(not breaches(tight, now))
    assume(isinstance(review(tight, now, after, PLAN), Approved))
    loose = data.draw(loosened(tight))
    assert isinstance(review(loose, now, after, PLAN), Approved)


@given(LIMITS, SCENES, SCENES)
def test_review__nothing_broken_before__approves_just_what_keeps_all(
    limits: Limits, now: Scene, after: Scene
) -> None:
    assume(not breaches(limits, now))
    keeps_all = all(each.is_within for each in (*limits.of_state(after), *limits.of_plan(after)))
    assert isinstance(review(limits, now, after, PLAN), Approved) == keeps_all


@given(LIMITS, SCENES, SCENES)
def test_review__limits_broken_before__approves_just_what_moves_toward_them_all(
    limits: Limits, now: Scene, after: Scene
) -> None:
    was = {breach.limit: breach.measured for breach in breaches(limits, now)}
    assume(was)
    waived = {*was, "turnover per day", "max equity"}
    if any(limit.startswith("health ") for limit in was):
        waived |= {"gas per day"}
    measures = (*limits.of_state(after), *limits.of_plan(after))
    toward = all(
        each.is_within or each.measured < was[each.limit] for each in measures if each.limit in was
    )
    others = all(each.is_within for each in measures if each.limit not in waived)
    assert isinstance(review(limits, now, after, PLAN), Approved) == (toward and others)


@given(LIMITS, SCENES)
def test_review__nothing_changes_in_a_broken_book__refused(limits: Limits, now: Scene) -> None:
    assume(breaches(limits, now))
    still = replace(now, fills=(), traded=Fraction(0), age=0)
    assert not isinstance(review(limits, now, still, PLAN), Approved)


@given(st.data(), LIMITS, SCENES, SCENES)
def test_review__any_plan__nearer_to_liquidation_than_the_limit_or_before_refused(
    data: st.DataObject, limits: Limits, now: Scene, after: Scene
) -> None:
    """INV-8: what is approved leaves no position nearer than the greater of limit and before."""
    if data.draw(st.booleans()):
        limits = data.draw(limits_near(now, after))
    assume(isinstance(review(limits, now, after, PLAN), Approved))
    for name, nearness in after.nearness.items():
        was = now.nearness.get(name, Fraction(0))
        assert nearness <= max(1 / limits.health, was)
        assert nearness < was or was <= 1 / limits.health


ACTIONS = st.lists(
    st.sampled_from(
        [
            ACTION,
            Supply(ACTION.actor, ACTION.market, USDC, 1, ACTION.actor),
            Borrow(ACTION.actor, ACTION.market, WETH, 1, ACTION.actor),
            Repay(ACTION.actor, ACTION.market, WETH, 1, ACTION.actor),
            Approve(ACTION.actor, token_market(WETH), WETH, ACTION.actor, 1),
            Swap(ACTION.actor, POOL, USDC, WETH, 1, 1, Timestamp(9), ACTION.actor),
            Swap(ACTION.actor, POOL, WETH, USDC, 1, 1, Timestamp(9), ACTION.actor),
        ]
    ),
    max_size=4,
).map(tuple)


@given(LIMITS, SCENES, SCENES, ACTIONS, st.sets(st.sampled_from(MARKETS)))
def test_review__more_markets_that_may_only_be_left__approve_no_more(
    limits: Limits, now: Scene, after: Scene, actions: tuple[Action, ...], left: set[MarketId]
) -> None:
    """INV-7 for what stands in the mandate's place: the code that is on the chain."""
    plan = replace(PLAN, actions=actions)
    reduced = replace(now, reduce_only=frozenset(left))
    verdict = review(limits, reduced, after, plan)
    approved = isinstance(review(limits, now, after, plan), Approved)
    into = adding(actions, frozenset(left))
    assert isinstance(verdict, Approved) == (approved and not into)
