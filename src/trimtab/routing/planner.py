"""From wished amounts to one ordered, bounded plan: withdraw, swap, supply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.actions import ALL, Action, Supply, Swap, Withdraw
from trimtab.core.adapter import Adapters, encode, walk
from trimtab.core.errors import Infeasible
from trimtab.core.flows import held_everywhere, share_changes
from trimtab.core.market import Holding, Place, wallet
from trimtab.core.plan import Plan, PlanCost
from trimtab.core.prices import Prices
from trimtab.core.quantise import Rounding, Timestamp, quantise
from trimtab.core.states import Reverted, States
from trimtab.core.strategy import Costs
from trimtab.core.token import Address, Token
from trimtab.protocols.aave_v3 import LendingPool, withdrawable
from trimtab.protocols.erc20 import Erc20, approvals
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.routing.gas import gas_units
from trimtab.routing.route import Part, Router


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which a plan is made: who acts, what it may cost, and how far fills may slip."""

    adapters: Adapters
    account: Address
    pools: tuple[Pool, ...]
    router: Router
    prices: Prices
    costs: Costs
    slippage: Fraction
    fill_tolerance: Fraction
    deadline: Timestamp

    def value(self, token: Token, raw: int) -> Fraction:
        """What base units of a token are worth in base units of the numeraire."""
        return raw * self.prices.price(token)

    def is_worth_its_gas(self, token: Token, raw: int, kind: str) -> bool:
        """Whether the value moved exceeds the gas of moving it."""
        return self.value(token, raw) > self.costs.action(kind)


@dataclass(frozen=True, slots=True)
class Trade:
    """A swap with the part of the route that it follows."""

    action: Swap
    part: Part


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan with what limits and reports want to know of it.

    `after` are the states once it has run, by the model.
    """

    plan: Plan
    after: States
    trades: tuple[Trade, ...]


def draft(
    terms: Terms,
    states: States,
    wishes: Mapping[Place, int],
    gain: Fraction,
    why: str,
    *,
    lowers_risk: bool,
) -> Draft | None:
    """The plan that moves the account's book to the wished base units per place.

    `states` stand at the moment for which the plan is computed. Places without a wish stay.
    Moves smaller than their own gas are left out; None when nothing is left. Supplies are sized
    by the least that the swaps before them may bring, so that a worse fill reverts nothing;
    what is over stays in the wallet. Raises NoRoute or Infeasible.
    """
    held = held_everywhere(terms.adapters, states, terms.account)
    withdraws = tuple(_withdraws(terms, states, held, wishes))
    funds = _wallet(held, wishes)
    for action in withdraws:
        raw = (
            held[Place(action.market, action.token)].raw if action.amount is ALL else action.amount
        )
        funds[action.token] = funds.get(action.token, 0) + int(raw)
    after = _walked(terms, states, withdraws)
    trades = []
    for sold, bought, raw in _pairs(terms, held, wishes, funds):
        for part in terms.router.route(after, terms.pools, sold, bought, raw):
            trade = _trade(terms, sold, bought, part)
            after = _walked(terms, after, _with_approvals(terms, after, (trade.action,)))
            trades.append(trade)
            funds[sold] -= trade.action.amount_in
            funds[bought] = funds.get(bought, 0) + trade.action.min_out
    supplies = tuple(_supplies(terms, held, wishes, funds))
    moves: tuple[Action, ...] = (*withdraws, *(trade.action for trade in trades), *supplies)
    if not moves:
        return None
    actions = _with_approvals(terms, states, moves)
    after = _walked(terms, states, actions)
    plan = Plan(
        chain=states.clock,
        account=terms.account,
        block=states.head.number,
        deadline=terms.deadline,
        actions=actions,
        calls=encode(terms.adapters, states, actions),
        expected=share_changes(held, held_everywhere(terms.adapters, after, terms.account)),
        cost=_cost(terms, actions, trades),
        gain=gain,
        lowers_risk=lowers_risk,
        why=why,
    )
    return Draft(plan, after, tuple(trades))


def _wallet(held: Mapping[Place, Holding], wishes: Mapping[Place, int]) -> dict[Token, int]:
    tokens = dict.fromkeys(place.token for place in (*held, *wishes))
    return {t: held[wallet(t)].raw if wallet(t) in held else 0 for t in tokens}


def _withdraws(
    terms: Terms, states: States, held: Mapping[Place, Holding], wishes: Mapping[Place, int]
) -> Iterator[Withdraw]:
    """What lies at lenders beyond the wish, as far as the lender can pay it out now."""
    for place, wish in sorted(wishes.items()):
        lender = states.market(place.market)
        if not isinstance(lender, LendingPool) or place not in held or place.is_debt:
            continue
        surplus = held[place].raw - wish
        if surplus <= 0 or not terms.is_worth_its_gas(place.token, surplus, "Withdraw"):
            continue
        ready = withdrawable(states, lender, terms.account, place.token)
        if wish == 0 and ready >= held[place].raw:
            yield Withdraw(terms.account, lender.id, place.token, ALL, terms.account)
        elif min(surplus, ready) > 0:
            amount = min(surplus, ready)
            yield Withdraw(terms.account, lender.id, place.token, amount, terms.account)


def _pairs(
    terms: Terms,
    held: Mapping[Place, Holding],
    wishes: Mapping[Place, int],
    funds: Mapping[Token, int],
) -> Iterator[tuple[Token, Token, int]]:
    """What to sell for what, the largest surplus against the largest want, netted by token."""
    change: dict[Token, int] = {}
    for place, wish in wishes.items():
        have = held[place].raw if place in held else 0
        change[place.token] = change.get(place.token, 0) + wish - have
    worth = {token: terms.value(token, raw) for token, raw in change.items()}
    order = sorted(worth, key=lambda token: (abs(worth[token]), token.address), reverse=True)
    wants = {token: worth[token] for token in order if worth[token] > 0}
    for sold in (token for token in order if worth[token] < 0):
        left = min(-change[sold], funds.get(sold, 0))
        price = terms.prices.price(sold)
        for bought, want in tuple(wants.items()):
            raw = min(left, quantise(want, price, Rounding.DOWN))
            if raw > 0 and terms.is_worth_its_gas(sold, raw, "Swap"):
                yield sold, bought, raw
                wants[bought] = want - raw * price
                left -= raw


def _trade(terms: Terms, sold: Token, bought: Token, part: Part) -> Trade:
    """The swap with its bound: near the model's fill and never beyond the slippage limit."""
    of_model = quantise(part.amount_out * (1 - terms.fill_tolerance), 1, Rounding.UP)
    value = terms.value(sold, part.amount_in) * (1 - terms.slippage)
    of_oracle = quantise(value, terms.prices.price(bought), Rounding.UP)
    if of_oracle > part.amount_out:
        raise Infeasible(
            f"{part.pool.name} gives {bought.amount(part.amount_out)} for "
            f"{sold.amount(part.amount_in)}, the slippage limit of {float(terms.slippage):.2%} "
            f"against the oracle asks for {bought.amount(of_oracle)}: trade less at once, or wait"
        )
    action = Swap(
        actor=terms.account,
        market=part.pool.id,
        token_in=sold,
        token_out=bought,
        amount_in=part.amount_in,
        min_out=max(of_model, of_oracle),
        deadline=terms.deadline,
        recipient=terms.account,
    )
    return Trade(action, part)


def _supplies(
    terms: Terms,
    held: Mapping[Place, Holding],
    wishes: Mapping[Place, int],
    funds: Mapping[Token, int],
) -> Iterator[Supply]:
    """What the wallet surely has beyond its own wish, to the lenders that want it."""
    left = dict(funds)
    for place, wish in sorted(wishes.items()):
        if place == wallet(place.token):
            continue
        have = held[place].raw if place in held else 0
        spare = left.get(place.token, 0) - wishes.get(wallet(place.token), 0)
        raw = min(wish - have, spare)
        if raw > 0 and terms.is_worth_its_gas(place.token, raw, "Supply"):
            left[place.token] -= raw
            yield Supply(terms.account, place.market, place.token, raw, terms.account)


def _with_approvals(terms: Terms, states: States, moves: tuple[Action, ...]) -> tuple[Action, ...]:
    """The moves behind the approvals that they need: exact sums, so that none outlives them."""
    required: dict[tuple[Token, Address], int] = {}
    for move in moves:
        match move:
            case Swap():
                spent, token = move.amount_in, move.token_in
            case Supply():
                spent, token = move.amount, move.token
            case _:
                continue
        (spender,) = states.market(move.market).spenders
        required[token, spender] = required.get((token, spender), 0) + spent
    tokens = {
        market.token: states[market]
        for market in states.markets.values()
        if isinstance(market, Erc20)
    }
    return (*approvals(terms.account, required, tokens), *moves)


def _walked(terms: Terms, states: States, actions: tuple[Action, ...]) -> States:
    outcome = walk(terms.adapters, states, actions)
    if isinstance(outcome, Reverted):
        raise Infeasible(
            f"the model of the plan reverts with {outcome.reason!r}: {actions}; "
            "the target cannot be reached from this book"
        )
    return outcome[0]


def _cost(terms: Terms, actions: tuple[Action, ...], trades: list[Trade]) -> PlanCost:
    units = gas_units(actions)
    fees, slippage = Fraction(0), Fraction(0)
    for trade in trades:
        fee = terms.value(trade.action.token_in, trade.part.fee)
        fees += fee
        slippage += (
            terms.value(trade.action.token_in, trade.part.amount_in)
            - fee
            - terms.value(trade.action.token_out, trade.part.amount_out)
        )
    return PlanCost(units, units * terms.costs.gas, fees, slippage)
