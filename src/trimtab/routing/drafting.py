"""A plan made of moves: its approvals, calls, bounds, expected changes and cost."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.actions import Action, AddLiquidity, Supply, Swap
from trimtab.core.adapter import apply, encode
from trimtab.core.bounds import Bounds
from trimtab.core.errors import Infeasible
from trimtab.core.flows import held_everywhere, share_changes
from trimtab.core.plan import Plan, PlanCost
from trimtab.core.states import Reverted, States
from trimtab.routing.approvals import with_approvals
from trimtab.routing.bounds import least_balances, least_healths
from trimtab.routing.gas import gas_units
from trimtab.routing.positions import Turn
from trimtab.routing.trades import Terms, Trade


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why a plan is made, and what it is worth within the horizon, in numeraire base units.

    `by_trading` is gained by the swaps, and in part by a part of them; `by_placing` by where
    tokens come to rest. What lowers risk is never weighed against its cost.
    """

    by_trading: Fraction
    by_placing: Fraction
    lowers_risk: bool
    why: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan with what limits and reports want to know of it.

    `after` are the states once it has run, by the model; `turns` are its trades of positions.
    """

    plan: Plan
    after: States
    trades: tuple[Trade, ...]
    turns: tuple[Turn, ...] = ()


def drafted(
    terms: Terms,
    states: States,
    moves: tuple[Action, ...],
    trades: tuple[Trade, ...],
    purpose: Purpose,
    slack: Fraction = Fraction(0),
    turns: tuple[Turn, ...] = (),
) -> Draft:
    """The plan of these moves, in order, behind the approvals that they need.

    `trades` and `turns` are those among the moves, with what they cost, and `slack` the share by
    which health may be less on the chain than planned. Raises Infeasible where the
    models refuse a move, or where the plan would leave too little health.
    """
    actions = with_approvals(terms.account, states, moves)
    after = walked(terms, states, actions)
    held = held_everywhere(terms.adapters, states, terms.account)
    bounds = _bounds(terms, states, after, actions, slack)
    plan = Plan(
        chain=states.clock,
        account=terms.account,
        block=states.head.number,
        bounds=bounds,
        actions=actions,
        calls=encode(terms.adapters, states, actions),
        expected=share_changes(held, held_everywhere(terms.adapters, after, terms.account)),
        cost=_cost(terms, gas_units(actions, bounds), trades, turns),
        gain=purpose.by_placing + purpose.by_trading,
        lowers_risk=purpose.lowers_risk,
        why=purpose.why,
    )
    return Draft(plan, after, trades, turns)


def walked(terms: Terms, states: States, actions: tuple[Action, ...]) -> States:
    """The states after the actions. Raises Infeasible where the models refuse one of them."""
    for action in actions:
        outcome = apply(terms.adapters, states, action)
        if isinstance(outcome, Reverted):
            raise Infeasible(
                f"by the model the chain refuses {_named(states, action)} with "
                f"{outcome.reason!r}: the target cannot be reached from this book"
            )
        states = states.fold(outcome)
    return states


def _named(states: States, action: Action) -> str:
    name = states.market(action.market).name
    match action:
        case Swap():
            return f"the sale of {action.token_in.amount(action.amount_in)} at {name}"
        case Supply():
            return f"the supply of {action.token.amount(action.amount)} to {name}"
        case AddLiquidity():
            return f"the liquidity put into {name}"
        case _:
            return f"{type(action).__name__} at {name}"


def _bounds(
    terms: Terms, states: States, after: States, actions: tuple[Action, ...], slack: Fraction
) -> Bounds:
    """What holds on the chain after the plan however its swaps fill and whenever it lands."""
    return Bounds(
        terms.deadline,
        least_balances(states, terms.account, actions),
        least_healths(states, after, terms.account, terms.health, slack),
    )


def _cost(terms: Terms, units: int, done: tuple[Trade, ...], turns: tuple[Turn, ...]) -> PlanCost:
    fees = sum((turn.fee for turn in turns), Fraction(0))
    slippage = sum((turn.slippage for turn in turns), Fraction(0))
    for trade in done:
        fee = terms.value(trade.action.token_in, trade.part.fee)
        fees += fee
        slippage += (
            terms.value(trade.action.token_in, trade.part.amount_in)
            - fee
            - terms.value(trade.action.token_out, trade.part.amount_out)
        )
    return PlanCost(units, units * terms.costs.gas, fees, slippage)
