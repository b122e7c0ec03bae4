"""The only place where a plan becomes `Approved` (INV-4)."""

from collections.abc import Collection, Mapping
from fractions import Fraction
from math import floor

from trimtab.core.plan import Approved, Breach, Measure, Plan, Refused, Verdict
from trimtab.mandate.limits import (
    GAS_PER_DAY,
    MAX_EQUITY,
    REDUCE_ONLY,
    STATE_AGE,
    TURNOVER,
    Limits,
    Scene,
)
from trimtab.mandate.reduce import adding
from trimtab.mandate.repair import is_health, leads_away, only_repays

WAIVED_FOR_REPAIR = frozenset({TURNOVER, MAX_EQUITY})
"""Plan limits that a repair of a broken state limit need not keep: to be stuck beyond a cap is
worse than to trade. Slippage, the age of the state and reduce-only are never waived."""

ETHER = 10**18


def breaches(limits: Limits, now: Scene) -> tuple[Breach, ...]:
    """The state limits that the book breaks as it lies, before anything is planned."""
    return tuple(
        Breach(measure.limit, measure.measured, measure.allowed)
        for measure in limits.of_state(now)
        if not measure.is_within
    )


def review(limits: Limits, now: Scene, after: Scene, plan: Plan) -> Verdict:
    """Whether a plan may be executed, judged by the book before and after it.

    Where the market broke a limit, only plans that move toward every broken limit are approved,
    even if they do not reach it; they need not keep the limits of WAIVED_FOR_REPAIR, and a plan
    that leads away from liquidation need not keep the gas per day. Health comes before all else:
    a plan that only repays, and leads away from liquidation, need not keep caps or the idle
    floor either, broken or not, since what it costs makes the rest of the book a larger share.
    All other limits hold after the plan. They are judged in order; the first that fails refuses.
    Both books are of one moment, or interest would count as a move.

    Hence no plan leaves a position nearer to liquidation than the greater of its limit and where
    it was (INV-8).
    """
    broken = {breach.limit: breach.measured for breach in breaches(limits, now)}
    waived = _waived(broken)
    healths = {m.limit: m.measured for m in limits.of_state(after) if is_health(m.limit)}
    saves = only_repays(plan.actions, plan.account) and leads_away(broken, healths)
    into = adding(plan.actions, now.reduce_only)
    measures = (
        *limits.of_state(after),
        *limits.of_plan(after),
        *((Measure(REDUCE_ONLY, Fraction(len(into)), Fraction(0)),) if now.reduce_only else ()),
    )
    of_state = {measure.limit for measure in limits.of_state(after)}
    for measure in measures:
        if measure.is_within or (saves and _is_waived_to_save(measure, of_state, broken)):
            continue
        if measure.limit in broken:
            was = broken[measure.limit]
            if measure.measured >= was:
                return _refusal(
                    measure,
                    f"the market broke this limit at {_shown(measure.limit, was)}, and the plan "
                    "does not move toward it",
                )
        elif measure.limit == REDUCE_ONLY:
            return _refusal(measure, "code that no law was proven on stands there")
        elif measure.limit not in waived:
            return _refusal(measure, "the plan would break this limit")
    return Approved(plan, measures)


def _is_waived_to_save(
    measure: Measure, of_state: Collection[str], broken: Mapping[str, Fraction]
) -> bool:
    """Whether a plan that leads away from liquidation may leave a limit of the book broken."""
    return measure.limit in of_state and (not is_health(measure.limit) or measure.limit in broken)


def _waived(broken: Collection[str]) -> frozenset[str]:
    if any(map(is_health, broken)):
        return WAIVED_FOR_REPAIR | {GAS_PER_DAY}
    return WAIVED_FOR_REPAIR if broken else frozenset()


def _refusal(measure: Measure, why: str) -> Refused:
    measured = _shown(measure.limit, measure.measured)
    allowed = _shown(measure.limit, measure.allowed)
    hair = ", by less than can be seen here" if measured == allowed else ""
    words = f"{measure.limit}: {measured} against {allowed} allowed{hair}; {why}"
    return Refused(measure.limit, measure.measured, measure.allowed, words)


def _shown(limit: str, value: Fraction) -> str:
    if limit == STATE_AGE:
        return f"{value} s"
    if limit == MAX_EQUITY:
        return f"{floor(value):,} base units"
    if limit == GAS_PER_DAY:
        return f"{float(value / ETHER):.6f} of the native token"
    if limit == REDUCE_ONLY:
        return f"{value} actions into markets that may only be left"
    if is_health(limit):
        return f"{float(1 / value):.6f}" if value else "no debt"
    return f"{float(value):.4%}"
