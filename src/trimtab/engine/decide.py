"""From what a tick sees to a verdict: decisions, wishes, plan, review. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from trimtab.allocation.books import Claims
from trimtab.allocation.fit import Room, fit
from trimtab.core.adapter import accrue
from trimtab.core.errors import PlanError
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Holding, MarketId, Place, wallet
from trimtab.core.plan import Approved, Breach, Plan, Verdict
from trimtab.core.prices import Prices
from trimtab.core.quantise import Rounding, Timestamp, quantise
from trimtab.core.states import States
from trimtab.core.strategy import AnySignal, Costs, Decision, Hold, Strategy, Target, View
from trimtab.engine.bot import Bot, Seat
from trimtab.mandate.limits import Fill, Scene
from trimtab.mandate.review import breaches, review
from trimtab.routing import Draft, Terms, draft

Values = Mapping[Place, Fraction]


@dataclass(frozen=True, slots=True)
class Now:
    """What is known at a tick: the pinned states, prices, costs, sub-books and signals.

    `age` is how far, in seconds, the states lie behind the newest block known; `traded` the
    value sold within the last 24 hours.
    """

    states: States
    prices: Prices
    costs: Costs
    claims: Claims
    signals: Mapping[AnySignal, object]
    age: int
    traded: Fraction
    quarantined: frozenset[MarketId] = frozenset()

    def view(self, amounts: Mapping[Place, int]) -> View:
        """What a strategy with these amounts sees."""
        return View(self.states, self.prices, amounts, self.signals, self.costs)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a tick came to: who decided what, which plan if any, and the verdict on it.

    `wants` are the changes that each strategy wished for, in base units.
    """

    decisions: tuple[tuple[str, Decision], ...]
    breaches: tuple[Breach, ...]
    plan: Plan | None
    verdict: Verdict | None
    wants: Claims
    sold: Fraction
    why: str


def decide(bot: Bot, now: Now) -> Judgement:
    """Ask every strategy, net their wishes, fit them to the limits, plan and review."""
    scene = scene_of(bot, now, now.states)
    broken = breaches(bot.limits, scene)
    decisions, wished = _owners(bot, now)
    swept, places, swept_decision = _sweep(bot, now, _netted(wished))
    decisions = (*decisions, *swept_decision)
    targets = [(seat, d, e) for seat, d, e in _targets(bot, now, decisions, swept)]
    reasons = "; ".join(f"{name}: {decision.why}" for name, decision in decisions)
    if not targets and not broken:
        return Judgement(decisions, broken, None, None, {}, Fraction(0), reasons)
    gain = sum((Fraction(d.edge) * e for _, d, e in targets), Fraction(0)) * bot.execution.horizon
    closes = any(not decision.legs for _, decision, _ in targets)
    room = Room(bot.limits.caps, bot.limits.minimum_idle, bot.names(), wallet(bot.numeraire))
    wishes = _raw(fit(places, room), now.prices)
    if broken:
        reasons = f"repair {', '.join(breach.limit for breach in broken)}; {reasons}"
    try:
        found = _draft(bot, now, wishes, gain, reasons, lowers_risk=bool(broken) or closes)
    except PlanError as error:
        return Judgement(decisions, broken, None, None, {}, Fraction(0), f"{error} ({reasons})")
    if isinstance(found, str):
        return Judgement(decisions, broken, None, None, {}, Fraction(0), f"{found} ({reasons})")
    after = after_of(bot, now, found)
    verdict = review(bot.limits, scene, after, found.plan)
    sold = sum((fill.sold for fill in after.fills), Fraction(0))
    why = reasons if isinstance(verdict, Approved) else f"{verdict.why} ({reasons})"
    return Judgement(decisions, broken, found.plan, verdict, _wants(now, wished), sold, why)


def scene_of(bot: Bot, now: Now, states: States) -> Scene:
    """What limits see of the book in some states, at this tick's prices."""
    held = held_everywhere(bot.adapters, states, bot.account)
    values = {place: _raw_of(held, place) * now.prices.price(place.token) for place in bot.places}
    return Scene(values, bot.names(), frozenset(bot.wallets), now.age, traded=now.traded)


def after_of(bot: Bot, now: Now, found: Draft) -> Scene:
    """What limits see of the book after a plan, with what the plan sells."""
    prices = now.prices
    fills = tuple(
        Fill(
            f"{trade.action.token_in} for {trade.action.token_out}",
            trade.action.amount_in * prices.price(trade.action.token_in),
            trade.action.min_out * prices.price(trade.action.token_out),
        )
        for trade in found.trades
    )
    sold = sum((fill.sold for fill in fills), Fraction(0))
    scene = scene_of(bot, now, found.after)
    return replace(scene, fills=fills, traded=now.traded + sold)


# ------------------------------------------------------------------------------------ wishes


def _owners(
    bot: Bot, now: Now
) -> tuple[tuple[tuple[str, Decision], ...], dict[str, dict[Place, Fraction]]]:
    """What each owner decides, and the values that it wishes per place."""
    decisions: list[tuple[str, Decision]] = []
    wished: dict[str, dict[Place, Fraction]] = {}
    strategies: dict[str, Strategy] = {seat.name: seat.strategy for seat in bot.owners}
    for name, amounts in now.claims.items():
        view = now.view(amounts)
        if name in strategies:
            decision = strategies[name].decide(view)
            decisions.append((name, decision))
        else:
            decision = Hold("no strategy owns this part of the book")
        wished[name] = wishes_of(view, decision, bot)
    return tuple(decisions), wished


def wishes_of(view: View, decision: Decision, bot: Bot) -> dict[Place, Fraction]:
    """The values per place that a decision asks for; what its legs leave is the numeraire's."""
    if isinstance(decision, Hold):
        return {place: view.value(place) for place in view.amounts}
    wishes = {place: Fraction(0) for place in view.amounts}
    for leg in decision.legs:
        wishes[leg.place] = wishes.get(leg.place, Fraction(0)) + Fraction(leg.weight) * view.equity
    rest = view.equity - sum(wishes.values(), Fraction(0))
    home = wallet(bot.numeraire)
    wishes[home] = wishes.get(home, Fraction(0)) + rest
    return wishes


def _netted(wished: Mapping[str, Mapping[Place, Fraction]]) -> dict[Place, Fraction]:
    net: dict[Place, Fraction] = {}
    for wishes in wished.values():
        for place, value in wishes.items():
            net[place] = net.get(place, Fraction(0)) + value
    return net


def _sweep(
    bot: Bot, now: Now, net: dict[Place, Fraction]
) -> tuple[Fraction, dict[Place, Fraction], tuple[tuple[str, Decision], ...]]:
    """The netted wishes with what idles placed at lenders, and the sweeper's own decision.

    Its sub-book is what the owners' wishes leave in the wallet, as it would lie if nothing lent
    moved: so it decides where tokens rest, never which tokens are held.
    """
    seat = bot.sweeper
    if seat is None:
        return Fraction(0), net, ()
    held = held_everywhere(bot.adapters, now.states, bot.account)
    amounts: dict[Place, int] = {}
    for token in bot.feeds:
        home = wallet(token)
        left = quantise(net.get(home, Fraction(0)), now.prices.price(token), Rounding.DOWN)
        for place in bot.lenders:
            if place.token == token:
                amounts[place] = min(max(left, 0), _raw_of(held, place))
                left -= amounts[place]
        amounts[home] = left
    view = now.view(amounts)
    decision = seat.strategy.decide(view)
    placed = dict(net) | {place: view.value(place) for place in amounts}
    if isinstance(decision, Target):
        for leg in decision.legs:
            value = Fraction(leg.weight) * view.equity
            placed[wallet(leg.place.token)] -= value - placed.get(leg.place, Fraction(0))
            placed[leg.place] = value
    return view.equity, placed, ((seat.name, decision),)


def _targets(
    bot: Bot, now: Now, decisions: tuple[tuple[str, Decision], ...], swept: Fraction
) -> list[tuple[Seat, Target, Fraction]]:
    """The seats that want to move, with the equity that their edge is a share of."""
    seats = {seat.name: seat for seat in bot.seats}
    equity = {
        name: swept if seats[name].sweeps else now.view(now.claims[name]).equity
        for name, _ in decisions
    }
    return [
        (seats[name], decision, equity[name])
        for name, decision in decisions
        if isinstance(decision, Target)
    ]


def _raw(values: Values, prices: Prices) -> dict[Place, int]:
    return {
        place: quantise(max(value, Fraction(0)), prices.price(place.token), Rounding.DOWN)
        for place, value in values.items()
    }


def _wants(now: Now, wished: Mapping[str, Values]) -> Claims:
    """The change per place that each strategy wished for, in base units."""
    return {
        name: {
            place: raw - now.claims[name].get(place, 0)
            for place, raw in _raw(values, now.prices).items()
            if raw != now.claims[name].get(place, 0)
        }
        for name, values in wished.items()
    }


# -------------------------------------------------------------------------------------- plan


def _draft(
    bot: Bot,
    now: Now,
    wishes: Mapping[Place, int],
    gain: Fraction,
    why: str,
    *,
    lowers_risk: bool,
) -> Draft | str:
    """A plan that pays for itself, or why there is none."""
    at = Timestamp(now.states.timestamp + bot.execution.block_seconds)
    blocks = bot.execution.deadline_blocks
    terms = Terms(
        adapters=bot.adapters,
        account=bot.account,
        pools=tuple(pool for pool in bot.pools if pool.id not in now.quarantined),
        router=bot.router,
        prices=now.prices,
        costs=now.costs,
        slippage=bot.limits.slippage,
        fill_tolerance=bot.execution.fill_tolerance,
        deadline=Timestamp(now.states.timestamp + blocks * bot.execution.block_seconds),
    )
    ahead = accrue(bot.adapters, now.states, at)
    allowed = {p: raw for p, raw in wishes.items() if p.market not in now.quarantined}
    found = draft(terms, ahead, allowed, gain, why, lowers_risk=lowers_risk)
    if found is None:
        return "every move is smaller than its own gas"
    cost = found.plan.cost.total
    if not lowers_risk and gain < cost:
        worth, price = (
            now.prices.numeraire.amount(int(gain)),
            now.prices.numeraire.amount(int(cost)),
        )
        return f"uneconomic: worth {worth} within the horizon, costs {price}"
    return found


def _raw_of(held: Mapping[Place, Holding], place: Place) -> int:
    return held[place].raw if place in held else 0
