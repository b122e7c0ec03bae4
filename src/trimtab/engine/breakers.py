"""What stops new risk when things start to go wrong. Pure: time is that of blocks.

A breaker that opens stays open until a person resumes. While one is open no strategy is asked,
and only what repairs a broken limit is planned. `TURNOVER` closes by itself, since it measures a
window of time.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from trimtab.allocation.fit import MARGIN
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.engine.bot import Bot

BLINDNESS = "blindness"
TURNOVER = "turnover"


def opened(bot: Bot, before: States | None, now: Timestamp) -> Mapping[str, str]:
    """The breakers that this block opens: too long without one that could be judged."""
    gap = 0 if before is None else now - before.timestamp
    if gap <= bot.execution.blind_after:
        return {}
    return {
        BLINDNESS: f"no block was judged for {gap} s, {bot.execution.blind_after} are allowed: "
        "look at the book, then resume"
    }


def passing(bot: Bot, equity: Fraction, traded: Fraction) -> Mapping[str, str]:
    """The breakers that are open for as long as what they measure lasts.

    `traded` is the value sold within the last 24 hours: a price feed that lies, within what a
    single plan may lose, makes plan after plan.
    """
    allowed = bot.limits.turnover_per_day * equity
    if not allowed or traded < (1 - 2 * MARGIN) * allowed:
        return {}  # where nothing may be sold at all, what was sold repaired a limit
    share = float(traded / equity) if equity else 0.0
    return {
        TURNOVER: f"{share:.1%} of the book was sold within 24 hours, "
        f"{float(bot.limits.turnover_per_day):.1%} are allowed: are the prices right?"
    }
