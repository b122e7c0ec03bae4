"""From what a tick sees to a verdict: wishes, plan, review. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from trimtab.allocation.books import Claims
from trimtab.allocation.fit import MARGIN, Room, fit
from trimtab.core.adapter import accrue
from trimtab.core.errors import PlanError, Uneconomic
from trimtab.core.flows import held_everywhere
from trimtab.core.market import MarketId, Place, wallet
from trimtab.core.plan import Approved, Breach, Plan, Verdict
from trimtab.core.quantise import Rounding, Timestamp, Wad, quantise
from trimtab.core.states import States
from trimtab.core.strategy import Decision
from trimtab.engine.bot import Bot
from trimtab.engine.wishes import Now, Values, Wishes, base_units, wants, wishes
from trimtab.engine.worlds import GAS_HEADROOM
from trimtab.mandate.limits import HEALTH, Fill, Scene
from trimtab.mandate.repair import is_health
from trimtab.mandate.review import breaches, review
from trimtab.protocols.flash_loop import FlashLoop
from trimtab.risk import is_lender, nearness, unit_worth
from trimtab.routing import Draft, Purpose, Terms, deleverage, draft


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a tick came to: who decided what, which plan if any, and the verdict on it.

    `wants` are the changes that each strategy wished for, in base units, and `sold` the value
    that the plan sells.
    """

    decisions: tuple[tuple[str, Decision], ...]
    breaches: tuple[Breach, ...]
    why: str
    plan: Plan | None = None
    verdict: Verdict | None = None
    wants: Claims | None = None
    sold: Fraction = Fraction(0)

    @property
    def exchanges(self) -> bool:
        """Whether the strategies' wishes cross so that the account itself need not move."""
        return self.plan is None and self.wants is not None


def decide(bot: Bot, now: Now) -> Judgement:
    """Ask every strategy, fit the wishes to the limits, plan and review.

    A state limit that the market broke makes a plan even where every strategy holds, and a debt
    beyond its health limit is repaid before anybody is asked.
    """
    scene = scene_of(bot, now, now.states)
    broken = breaches(bot.limits, scene)
    ahead = accrue(
        bot.adapters, now.states, Timestamp(now.states.timestamp + bot.execution.block_seconds)
    )
    unsaved = ""
    try:
        if saved := _saved(bot, now, ahead, broken):
            return _judged(bot, now, ahead, saved, Wishes((), {}, {}, _NONE, _NONE, True), broken)
    except PlanError as error:
        unsaved = f"{error}; "
    try:
        wished = wishes(bot, now)
    except PlanError as error:
        return Judgement((), broken, f"{unsaved}{error}")
    why = f"{unsaved}{wished.reasons}"
    if broken:
        why = f"repair {', '.join(breach.limit for breach in broken)}; {why}"
    elif not wished.wants_to_move:
        return Judgement(wished.decisions, broken, why)
    try:
        found = _draft(bot, now, ahead, wished, broken, why)
    except PlanError as error:
        return Judgement(wished.decisions, broken, f"{error} ({why})")
    if found is None:
        why = f"every move that can be made now is smaller than its own gas ({why})"
        crossed = wants(now, wished.own) if len(wished.own) > 1 else None
        return Judgement(wished.decisions, broken, why, wants=crossed)
    return _judged(bot, now, ahead, found, wished, broken)


_NONE = Fraction(0)


def _judged(
    bot: Bot,
    now: Now,
    ahead: States,
    found: Draft,
    wished: Wishes,
    broken: tuple[Breach, ...],
) -> Judgement:
    """The verdict on a plan, by the book at the moment that it is made for and after it."""
    after, why = after_of(bot, now, found), found.plan.why
    verdict = review(bot.limits, scene_of(bot, now, ahead), after, found.plan)
    if not isinstance(verdict, Approved):
        why = f"{verdict.why} ({why})"
    return Judgement(
        decisions=wished.decisions,
        breaches=broken,
        why=why,
        plan=found.plan,
        verdict=verdict,
        wants=wants(now, wished.own),
        sold=sum((fill.sold for fill in after.fills), Fraction(0)),
    )


def scene_of(bot: Bot, now: Now, states: States) -> Scene:
    """What limits see of the book in some states, at this tick's prices."""
    held = held_everywhere(bot.adapters, states, bot.account)
    others = tuple(place for place in held if place.is_debt or not place.is_simple)
    values: Mapping[Place, Fraction] = {
        place: (held[place].raw if place in held else 0) * now.prices.price(place.token)
        for place in (*bot.places, *others)
    }
    lenders = (market for market in bot.markets if is_lender(market))
    near = {pool.name: nearness(states, pool, bot.account) for pool in lenders}
    return Scene(
        values=values,
        names=bot.names(others),
        wallets=frozenset(bot.wallets),
        age=now.age,
        traded=now.traded,
        gas_spent=now.gas_spent,
        nearness={name: measured for name, measured in near.items() if measured},
        reduce_only=now.reduce_only,
    )


def after_of(bot: Bot, now: Now, found: Draft) -> Scene:
    """What limits see of the book after a plan, with what the plan sells and may cost in gas."""
    prices = now.prices
    fills = tuple(
        Fill(
            f"{trade.action.token_in} for {trade.action.token_out}",
            trade.action.amount_in * prices.price(trade.action.token_in),
            trade.action.min_out * prices.price(trade.action.token_out),
        )
        for trade in found.trades
    )
    fills += tuple(Fill(turn.name, turn.sold, turn.least) for turn in found.turns)
    sold = sum((fill.sold for fill in fills), Fraction(0))
    scene = scene_of(bot, now, found.after)
    gas = GAS_HEADROOM * found.plan.cost.gas_units * now.most_fee
    return replace(scene, fills=fills, traded=now.traded + sold, gas_spent=now.gas_spent + gas)


def _reached(bot: Bot, scene: Scene, wished: Values, fitted: Values) -> Fraction:
    """How much of the wished moves to and from lenders, by value, the limits leave."""

    def moved(values: Values) -> Fraction:
        sizes = (abs(values.get(p, Fraction(0)) - scene.values[p]) for p in bot.lenders)
        return sum(sizes, Fraction(0))

    whole = moved(wished)
    return min(moved(fitted) / whole, Fraction(1)) if whole else Fraction(0)


def _draft(
    bot: Bot,
    now: Now,
    ahead: States,
    wished: Wishes,
    broken: tuple[Breach, ...],
    why: str,
) -> Draft | None:
    """A plan that pays for itself; None where nothing is left to move.

    `ahead` are the states at the moment that the plan is made for. Raises Uneconomic where the
    plan does not pay, NoRoute or Infeasible where it cannot be made.
    """
    scene = scene_of(bot, now, now.states)
    lowers_risk = bool(broken) or wished.closes
    execution, limits = bot.execution, bot.limits
    terms = _terms(bot, now, scene, is_repair=bool(broken))
    names = bot.names((*scene.values, *wished.places))
    room = Room(limits.caps, limits.minimum_idle, names, wallet(bot.numeraire))
    fitted = _without_additions(bot, now, scene, fit(wished.places, room))
    reached = _reached(bot, scene, wished.places, fitted)
    purpose = Purpose(
        by_trading=wished.gain_by_trading * execution.horizon,
        by_placing=wished.gain_by_placing * execution.horizon * reached,
        lowers_risk=lowers_risk,
        why=why,
    )
    targets = {
        place: raw
        for place, raw in base_units(fitted, now.prices).items()
        if place.market not in now.quarantined
    }
    targets |= _sizes(bot, now, ahead, wished)
    found = draft(terms, ahead, targets, purpose)
    if found is None:
        return None
    gain, cost = found.plan.gain, found.plan.cost.total
    if not lowers_risk and gain < cost:
        worth, price = (now.prices.numeraire.amount(int(each)) for each in (gain, cost))
        raise Uneconomic(f"uneconomic: worth {worth} within the horizon, costs {price}")
    return found


def _sizes(bot: Bot, now: Now, ahead: States, wished: Wishes) -> dict[Place, int]:
    """The wished sizes of positions; where they may only be left, none or as they are."""
    sizes = {}
    for market in bot.perpetuals:
        place, has = market.position_place, ahead[market].account(bot.account).size
        if place not in wished.exposures or market.id in now.quarantined:
            continue
        size = int(wished.exposures[place] / unit_worth(ahead, market, now.prices))
        if market.id in now.reduce_only:
            size = has if size * has > 0 else 0  # a part is closed by a trade that can also open
        sizes[place] = has if wished.exposures[place] == now.exposures.get(place) else size
    return sizes


def _terms(bot: Bot, now: Now, scene: Scene, *, is_repair: bool) -> Terms:
    """What a plan may cost and use now; a repair need not keep the turnover."""
    execution, limits = bot.execution, bot.limits
    allowance = limits.turnover_per_day * (1 - MARGIN) * scene.equity - now.traded
    deadline = now.states.timestamp + execution.deadline_blocks * execution.block_seconds
    return Terms(
        adapters=bot.adapters,
        account=bot.account,
        pools=tuple(p for p in bot.pools if p.id not in now.quarantined | now.reduce_only),
        router=bot.router,
        prices=now.prices,
        costs=now.costs,
        slippage=limits.slippage,
        fill_tolerance=execution.fill_tolerance,
        deadline=Timestamp(deadline),
        budget=None if is_repair else max(allowance, Fraction(0)),
        health=Wad(quantise(limits.health, Fraction(1, 10**18), Rounding.UP)),
        loops=tuple(_loops(bot, now.quarantined | now.reduce_only)),
    )


def _loops(bot: Bot, barred: frozenset[MarketId]) -> Iterator[FlashLoop]:
    """What enters and leaves loops, with the lenders that may lend for it now."""
    for market in bot.markets:
        if isinstance(market, FlashLoop) and market.id not in barred:
            lenders = tuple(each for each in market.lenders if each not in barred)
            yield replace(market, lenders=lenders)


def _saved(bot: Bot, now: Now, ahead: States, broken: tuple[Breach, ...]) -> Draft | None:
    """The plan that leads the debt nearest to liquidation away from it; None where none is near.

    Raises Infeasible where it cannot be made.
    """
    near = [breach for breach in broken if is_health(breach.limit)]
    if not near:
        return None
    nearest = max(near, key=lambda breach: breach.measured)
    lender = next(
        market
        for market in bot.markets
        if is_lender(market) and f"{HEALTH} {market.name}" == nearest.limit
    )
    terms = _terms(bot, now, scene_of(bot, now, now.states), is_repair=True)
    why = f"repair {nearest.limit}: repay until the debt is farther from its liquidation"
    purpose = Purpose(_NONE, _NONE, lowers_risk=True, why=why)
    only_left = lender.id in now.reduce_only
    return deleverage(terms, ahead, lender, purpose, only_left=only_left)


def _without_additions(bot: Bot, now: Now, scene: Scene, values: Values) -> Values:
    """Wished values with nothing added to what may only be left.

    What may not go to a lender stays in the wallet, and what may not be bought stays numeraire.
    What lenders give back of a token that may only be left may lie in the wallet as well.
    """
    fitted = dict(values)
    back: dict[Place, Fraction] = {}

    def cut(place: Place, most: Fraction, rest: Place) -> None:
        over = fitted[place] - most
        over = min(over, _NONE) if place.is_debt else max(over, _NONE)
        fitted[place] -= over
        fitted[rest] = fitted.get(rest, Fraction(0)) + over

    for place in (place for place in values if place not in bot.wallets):
        home = wallet(place.token)
        if not now.reduce_only.isdisjoint({place.market, home.market}):
            lies = scene.values.get(place, Fraction(0))
            cut(place, lies, home)
            back[home] = back.get(home, Fraction(0)) + lies - fitted[place]
    for home in bot.wallets:
        if home.market in now.reduce_only and home in fitted and home != wallet(bot.numeraire):
            most = scene.values[home] + back.get(home, Fraction(0))
            cut(home, most, wallet(bot.numeraire))
    return fitted
