"""The only place where a plan becomes `Approved` (INV-4)."""

from trimtab.core.plan import Approved, Breach, Measure, Plan, Refused, Verdict
from trimtab.mandate.limits import Limits, Scene

WAIVED_FOR_REPAIR = frozenset({"turnover per day", "max equity"})
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
    even if they do not reach it; they need not keep the turnover limit. All other limits hold
    after the plan. The limits are judged in order; the first that fails refuses.
    """
    broken = {breach.limit: breach for breach in breaches(limits, now)}
    measures = (*limits.of_state(after), *limits.of_plan(after))
    for measure in measures:
        if measure.limit in broken:
            was = broken[measure.limit].measured
            if not measure.is_within and measure.measured >= was:
                return _refusal(
                    measure,
                    f"the market broke this limit at {_percent(was)}, and "
                    "the plan does not move toward it",
                )
        elif not measure.is_within and not (broken and measure.limit in WAIVED_FOR_REPAIR):
            return _refusal(measure, "the plan would break this limit")
    return Approved(plan, measures)


def _refusal(measure: Measure, why: str) -> Refused:
    words = (
        f"{measure.limit}: {_percent(measure.measured)} against {_percent(measure.allowed)} "
        f"allowed; {why}"
    )
    return Refused(measure.limit, measure.measured, measure.allowed, words)


def _percent(value: object) -> str:
    return f"{float(value):.4%}" if abs(float(value)) < 100 else f"{float(value):,.0f}"  # type: ignore[arg-type]
