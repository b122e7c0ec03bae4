"""The only place where a plan becomes `Approved` (INV-4)."""

from fractions import Fraction
from math import floor

from trimtab.core.plan import Approved, Breach, Measure, Plan, Refused, Verdict
from trimtab.mandate.limits import MAX_EQUITY, STATE_AGE, TURNOVER, Limits, Scene

WAIVED_FOR_REPAIR = frozenset({TURNOVER, MAX_EQUITY})
"""Plan limits that a repair of a broken state limit need not keep: to be stuck beyond a cap is
worse than to trade. Slippage and the age of the state are never waived."""


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
    even if they do not reach it; they need not keep the limits of WAIVED_FOR_REPAIR. All other
    limits hold after the plan. They are judged in order; the first that fails refuses. Both
    books are of one moment, or interest would count as a move.
    """
    broken = {breach.limit: breach.measured for breach in breaches(limits, now)}
    measures = (*limits.of_state(after), *limits.of_plan(after))
    for measure in measures:
        if measure.is_within:
            continue
        if measure.limit in broken:
            was = broken[measure.limit]
            if measure.measured >= was:
                return _refusal(
                    measure,
                    f"the market broke this limit at {_shown(measure.limit, was)}, and the plan "
                    "does not move toward it",
                )
        elif not (broken and measure.limit in WAIVED_FOR_REPAIR):
            return _refusal(measure, "the plan would break this limit")
    return Approved(plan, measures)


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
    return f"{float(value):.4%}"
