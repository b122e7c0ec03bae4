"""What a run hears of: each thing once, when it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest

from tests.support.story import Story
from trimtab.app.alerts import Alert, Alerts
from trimtab.app.running import Hearing
from trimtab.core.market import MarketId
from trimtab.core.plan import Breach
from trimtab.core.settlement import Mismatch
from trimtab.engine.run import Step

CAP = Breach("cap token:WETH", Fraction(3, 5), Fraction(1, 2))
MARKET = MarketId("uniswap_v3:31337:0x1")


@dataclass(slots=True)
class Kept(Alerts):
    """Alerts that are kept and go nowhere."""

    kept: list[Alert] = field(default_factory=list)

    def send(self, alert: Alert, *, is_said: bool = True) -> None:
        self.kept.append(alert)


@pytest.fixture
def alerts() -> Kept:
    return Kept({}, {}, lambda _: None)


@pytest.fixture
def calm(story: Story) -> Step:
    """A turn of a real run that was judged, of which nothing is to be told."""
    return next(each for each in story.steps if each.outcome and each.outcome.judgement)


def turned(
    step: Step,
    breakers: Mapping[str, str] | None = None,
    breaches: tuple[Breach, ...] = (),
    leaving: frozenset[MarketId] = frozenset(),
    *,
    is_judged: bool = True,
) -> Step:
    """The turn with this to be told of."""
    outcome = step.outcome
    assert outcome is not None
    assert outcome.judgement is not None
    judgement = replace(outcome.judgement, breaches=breaches) if is_judged else None
    memory = replace(outcome.memory, reduce_only=leaving)
    changed = replace(outcome, breakers=breakers or {}, judgement=judgement, memory=memory)
    return replace(step, outcome=changed)


def heard(alerts: Kept, *steps: Step) -> list[tuple[str, str]]:
    hearing = Hearing(alerts, 300)
    for step in steps:
        hearing.hear(step)
    return [(each.kind, each.why) for each in alerts.kept]


def test_hear__breaker__once_when_it_opens_and_again_when_it_opens_anew(
    alerts: Kept, calm: Step
) -> None:
    is_open = turned(calm, {"turnover": "60 % was sold"})
    told = heard(alerts, turned(calm), is_open, is_open, turned(calm), is_open)
    assert told == [("halt", "breaker turnover: 60 % was sold")] * 2


def test_hear__second_breaker__told_beside_the_first(alerts: Kept, calm: Step) -> None:
    one = turned(calm, {"operator": "lunch"})
    two = turned(calm, {"operator": "lunch", "blindness": "600 s"})
    told = heard(alerts, one, two)
    assert told == [("halt", "breaker operator: lunch"), ("halt", "breaker blindness: 600 s")]


def test_hear__breach__once_while_it_lasts(alerts: Kept, calm: Step) -> None:
    broken = turned(calm, breaches=(CAP,))
    worse = turned(calm, breaches=(replace(CAP, measured=Fraction(4, 5)),))
    told = heard(alerts, broken, worse, turned(calm), broken)
    assert told == [("breach", "cap token:WETH: 0.6, allowed 0.5")] * 2


def test_hear__breach_while_a_plan_is_on_its_way__not_told_again(alerts: Kept, calm: Step) -> None:
    broken = turned(calm, breaches=(CAP,))
    assert len(heard(alerts, broken, turned(calm, is_judged=False), broken)) == 1


def test_hear__market_that_may_only_be_left__once(alerts: Kept, calm: Step) -> None:
    leaving = turned(calm, leaving=frozenset({MARKET}))
    told = heard(alerts, leaving, leaving)
    assert told == [("breach", f"{MARKET} may only be left: its code is not admitted")]


def test_hear__skipped_block__nothing_and_what_lasts_is_remembered(
    alerts: Kept, calm: Step
) -> None:
    is_open = turned(calm, {"operator": "lunch"})
    skipped = Step(None, None, (), None, "a stale feed")
    assert len(heard(alerts, is_open, skipped, is_open)) == 1


def test_hear__block__is_part_of_the_alert(alerts: Kept, calm: Step) -> None:
    heard(alerts, turned(calm, {"operator": "lunch"}))
    assert calm.outcome is not None
    assert alerts.kept[0].block == calm.outcome.states.head.number


# --------------------------------------------------------------------------------- blindness


def test_hear__no_block_judged_for_long__told_once_and_again_after_sight(
    alerts: Kept, calm: Step
) -> None:
    """No tick can open a breaker while there is none, so silence is measured by the clock."""
    now = [0.0]
    blind = Step(None, None, (), None, "the node gives no answer")
    hearing = Hearing(alerts, 300, clock=lambda: now[0])
    for seconds, step in ((0, calm), (200, blind), (301, blind), (900, blind), (901, calm)):
        now[0] = float(seconds)
        hearing.hear(step)
    assert [(each.kind, each.why) for each in alerts.kept] == [
        ("halt", "no block could be judged for 301 s: the node gives no answer")
    ]
    now[0] = 1300.0
    hearing.hear(blind)
    assert len(alerts.kept) == 2


def test_hear__mismatch__is_told(alerts: Kept, calm: Step) -> None:
    differing = replace(calm, sent=Mismatch("plan", "the fill differs by 3", ("a pool",)))
    told = heard(alerts, differing)
    assert told == [
        ("breach", "the chain and the models differ, nothing is sent: the fill differs by 3")
    ]
