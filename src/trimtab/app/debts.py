"""What became of the account's debts in a run: how near liquidation, and what repairs cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from trimtab.core.actions import ALL, LeaveLoop, Repay
from trimtab.core.flows import held
from trimtab.core.plan import Plan
from trimtab.core.settlement import Landed
from trimtab.engine.bot import Bot
from trimtab.engine.run import Step
from trimtab.engine.tick import Outcome
from trimtab.journal.liquidations import liquidations
from trimtab.mandate.repair import is_health
from trimtab.risk import Lender, is_lender, liquidation_bonus, nearness, owed

_ZERO = Fraction(0)


@dataclass(slots=True)
class Debts:
    """What is counted of debts while the loop turns; values are in base units of the numeraire.

    `unwind_cost` is what the repairs that landed cost by their plans: gas, fees and slippage.
    `penalty_avoided` is what liquidators would have got on top of the debts that they repaid.
    `nearest` is one over the least health factor seen; 0 where nothing was owed.
    """

    liquidated: int = 0
    unwind_cost: Fraction = _ZERO
    penalty_avoided: Fraction = _ZERO
    nearest: Fraction = _ZERO
    _waiting: dict[str, tuple[Fraction, Fraction]] = field(default_factory=dict)

    def add(self, bot: Bot, step: Step) -> None:
        """Count one turn."""
        for settled in step.settled:
            if isinstance(settled, Landed) and settled.plan_hash in self._waiting:
                cost, penalty = self._waiting.pop(settled.plan_hash)
                self.unwind_cost += cost
                self.penalty_avoided += penalty
        outcome = step.outcome
        if outcome is None:
            return
        states = outcome.states
        for lender in filter(is_lender, bot.markets):
            self.nearest = max(self.nearest, nearness(states, lender, bot.account))
        self.liquidated += len(liquidations(outcome.reconciliation.flows))
        approved = outcome.approved
        broken = outcome.judgement.breaches if outcome.judgement else ()
        if approved is not None and any(is_health(breach.limit) for breach in broken):
            penalty = _penalty(bot, outcome, approved.plan)
            self._waiting[approved.plan.hash] = (approved.plan.cost.total, penalty)

    @property
    def least_health(self) -> str | None:
        """The least health factor, in decimals, rounded down; None where nothing was owed."""
        if not self.nearest:
            return None
        whole, part = divmod(int(10**6 / self.nearest), 10**6)
        return f"{whole}.{part:06}"


def _penalty(bot: Bot, outcome: Outcome, plan: Plan) -> Fraction:
    """What a liquidator would have got on top of what the plan repays."""
    states, found = outcome.states, _ZERO
    for action in plan.actions:
        if isinstance(action, LeaveLoop):
            pool = states.market(action.pool)
            assert is_lender(pool), f"{pool.name} lends nothing"
            repaid = min(action.loan, owed(states, pool, bot.account, action.debt))
            found += repaid * outcome.prices.price(action.debt) * _bonus(bot, outcome, pool)
            continue
        lender = states.market(action.market)
        if isinstance(action, Repay) and is_lender(lender):
            raw = action.amount
            if raw is ALL:
                raw = owed(states, lender, bot.account, action.token)
            found += raw * outcome.prices.price(action.token) * _bonus(bot, outcome, lender)
    return found


def _bonus(bot: Bot, outcome: Outcome, lender: Lender) -> Fraction:
    """The bonus in the most valuable collateral, which a liquidator takes first."""
    lying = held(bot.adapters, outcome.states, lender, bot.account)
    lent = [place for place in lying if not place.is_debt]
    if not lent:
        return _ZERO
    dearest = max(lent, key=lambda p: (lying[p].raw * outcome.prices.price(p.token), p.key))
    return liquidation_bonus(outcome.states, lender, bot.account, dearest.token)
