import ast
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import trimtab
from tests.unit.core.test_plan import ACTION, PLAN
from tests.unit.mandate.test_limits import COINS, HOME, LENT, scene
from trimtab.core.actions import Supply
from trimtab.core.plan import Approved, Breach, Refused
from trimtab.mandate import Limits, breaches, review
from trimtab.mandate.limits import Fill, Scene

CAPPED = Limits(caps={"token:WETH": Fraction(1, 2)}, turnover_per_day=Fraction(1, 10))
BALANCED = scene({HOME: 50, COINS: 50})
BROKEN = scene({HOME: 40, COINS: 60})


def trading(sold: int, least: int, scene_after: Scene) -> Scene:
    """The scene after a plan that sells."""
    fill = Fill("WETH for USDC", Fraction(sold), Fraction(least))
    return replace(scene_after, fills=(fill,), traded=Fraction(sold))


def refusal(limits: Limits, now: Scene, after: Scene) -> Refused:
    verdict = review(limits, now, after, PLAN)
    assert isinstance(verdict, Refused)
    return verdict


def test_breaches__book_within__none() -> None:
    assert breaches(CAPPED, BALANCED) == ()


def test_breaches__book_beyond_a_cap__measured_and_allowed() -> None:
    expected = Breach("cap token:WETH", Fraction(3, 5), Fraction(1, 2))
    assert breaches(CAPPED, BROKEN) == (expected,)


def test_review__all_limits_kept__approved_with_every_measure() -> None:
    verdict = review(CAPPED, BALANCED, trading(10, 10, BALANCED), PLAN)
    assert isinstance(verdict, Approved)
    assert [measure.limit for measure in verdict.measures] == [
        "cap token:WETH",
        "outside the wallet",
        "turnover per day",
        "state age",
        "slippage WETH for USDC",
    ]


def test_review__plan_breaks_a_cap__refused_in_numbers_and_words() -> None:
    refused = refusal(CAPPED, BALANCED, BROKEN)
    assert (refused.limit, refused.measured, refused.allowed) == (
        "cap token:WETH",
        Fraction(3, 5),
        Fraction(1, 2),
    )
    assert refused.why == (
        "cap token:WETH: 60.0000% against 50.0000% allowed; the plan would break this limit"
    )


def test_review__turnover_without_a_breach__refused() -> None:
    assert refusal(CAPPED, BALANCED, trading(11, 11, BALANCED)).limit == "turnover per day"


def test_review__moves_toward_a_broken_limit__approved_beyond_turnover() -> None:
    after = trading(11, 11, scene({HOME: 41, COINS: 59}))
    assert isinstance(review(CAPPED, BROKEN, after, PLAN), Approved)


def test_review__repairs_a_broken_limit__approved_beyond_max_equity() -> None:
    limits = replace(CAPPED, max_equity=Fraction(10))
    assert isinstance(review(limits, BROKEN, BALANCED, PLAN), Approved)


@pytest.mark.parametrize("coins", [60, 61])
def test_review__broken_limit_no_better__refused_with_where_it_was(coins: int) -> None:
    refused = refusal(CAPPED, BROKEN, scene({HOME: 100 - coins, COINS: coins}))
    assert refused.why.endswith(
        "the market broke this limit at 60.0000%, and the plan does not move toward it"
    )


def test_review__repairs_one_of_two_broken_limits__refused() -> None:
    limits = Limits(caps={"token:WETH": Fraction(1, 2)}, minimum_idle=Fraction(9, 10))
    now, after = scene({COINS: 60, LENT: 40}), scene({HOME: 10, COINS: 50, LENT: 40})
    assert refusal(limits, now, after).limit == "outside the wallet"


def test_review__repair_that_breaks_another_limit__refused() -> None:
    limits = Limits(caps={"token:WETH": Fraction(1, 2), "aave_v3:USDC": Fraction(0)})
    assert refusal(limits, BROKEN, scene({LENT: 50, COINS: 50})).limit == "cap aave_v3:USDC"


def test_review__repair_with_too_much_slippage__refused() -> None:
    after = trading(100, 98, scene({HOME: 50, COINS: 50}))
    assert refusal(CAPPED, BROKEN, after).limit == "slippage WETH for USDC"


def test_review__repair_on_a_stale_state__refused_in_seconds() -> None:
    stale = replace(BALANCED, age=3601)
    words = refusal(CAPPED, BROKEN, stale).why
    assert words == "state age: 3601 s against 3600 s allowed; the plan would break this limit"


def test_review__too_much_equity__refused_in_base_units() -> None:
    words = refusal(Limits(max_equity=Fraction(1_000)), scene({}), scene({HOME: 2_000})).why
    assert words.startswith("max equity: 2,000 base units against 1,000 base units allowed")


def test_review__beyond_by_a_hair__says_that_it_cannot_be_seen() -> None:
    after = scene({HOME: 10**30, COINS: 10**30 + 1})
    words = refusal(CAPPED, scene({HOME: 1}), after).why
    assert "50.0000% against 50.0000% allowed, by less than can be seen here" in words


OWING = replace(BALANCED, nearness={"aave_v3": Fraction(1, 2)})
GUARDED = Limits(health=Fraction(5, 4))


def near(nearness: Fraction, gas: int = 0) -> Scene:
    return replace(BALANCED, nearness={"aave_v3": nearness}, gas_spent=gas)


def test_review__plan_lowers_the_health_too_far__refused_in_health_factors() -> None:
    refused = refusal(GUARDED, OWING, near(Fraction(9, 10)))
    assert (refused.limit, refused.measured) == ("health aave_v3", Fraction(9, 10))
    assert refused.why == (
        "health aave_v3: 1.111111 against 1.250000 allowed; the plan would break this limit"
    )


def test_review__plan_lowers_the_health_to_its_limit__approved() -> None:
    assert isinstance(review(GUARDED, OWING, near(Fraction(4, 5)), PLAN), Approved)


@pytest.mark.parametrize(
    "after, is_approved", [((8, 9), True), ((9, 10), False), ((91, 100), False)]
)
def test_review__health_broken_by_the_market__only_away_from_liquidation(
    after: tuple[int, int], is_approved: bool
) -> None:
    """INV-8: where it was is as near as it may be left, and a repair has to lead away."""
    verdict = review(GUARDED, near(Fraction(9, 10)), near(Fraction(*after)), PLAN)
    assert isinstance(verdict, Approved) == is_approved


def test_review__debt_repaid_whole__approved() -> None:
    assert isinstance(review(GUARDED, near(Fraction(9, 10)), BALANCED, PLAN), Approved)


def test_review__gas_of_a_day_spent__refused_in_the_native_token() -> None:
    limits = Limits(gas_per_day=Fraction(10**17))
    words = refusal(limits, BALANCED, replace(BALANCED, gas_spent=2 * 10**17)).why
    assert words.startswith(
        "gas per day: 0.200000 of the native token against 0.100000 of the native token allowed"
    )


def test_review__gas_of_a_day_spent__waived_for_health_and_not_for_a_cap() -> None:
    """Strangers can break a cap with dust, again and again; a liquidation costs more than gas."""
    limits = replace(CAPPED, gas_per_day=Fraction(1), health=Fraction(5, 4))
    assert refusal(limits, BROKEN, replace(BALANCED, gas_spent=2)).limit == "gas per day"
    verdict = review(limits, near(Fraction(9, 10)), near(Fraction(8, 9), gas=2), PLAN)
    assert isinstance(verdict, Approved)


def test_review__supply_to_a_market_that_may_only_be_left__refused() -> None:
    supply = Supply(ACTION.actor, ACTION.market, ACTION.token, 1, ACTION.actor)
    now = replace(BALANCED, reduce_only=frozenset({ACTION.market}))
    verdict = review(Limits(), now, BALANCED, replace(PLAN, actions=(ACTION, supply)))
    assert isinstance(verdict, Refused)
    found = (verdict.limit, verdict.measured, verdict.allowed)
    assert found == ("reduce only", Fraction(1), Fraction(0))
    assert verdict.why.endswith("code that no law was proven on stands there")
    assert isinstance(review(Limits(), now, BALANCED, PLAN), Approved)


def test_approved__anywhere_in_the_source__made_by_review_alone() -> None:
    """INV-4: only Approved executes, so only one place may make one."""
    source = Path(trimtab.__file__).parent
    makers = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and "Approved" in {getattr(node.func, "id", ""), getattr(node.func, "attr", "")}
    }
    assert makers == {"mandate/review.py"}
