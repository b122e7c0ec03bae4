"""What every strategy decides, netted into wished values per place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from trimtab.allocation.books import Claims
from trimtab.core.errors import Infeasible
from trimtab.core.flows import held_everywhere
from trimtab.core.market import MarketId, Place, wallet
from trimtab.core.prices import Prices
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.states import States
from trimtab.core.strategy import AnySignal, Costs, Decision, Hold, Leg, Target, View
from trimtab.core.token import Address
from trimtab.engine.bot import Bot
from trimtab.engine.possible import possible, silent

Values = Mapping[Place, Fraction]

MATERIAL = Fraction(1, 100)
"""The share of a sub-book from which a place is a leg and no dust."""

ROUNDING = Fraction(1, 10**9)
"""How far float weights may sum beyond 1."""


@dataclass(frozen=True, slots=True)
class Now:
    """What is known at a tick: the pinned states, prices, costs, sub-books and signals.

    `age` is how far, in seconds, the states lie behind the newest block known; `traded` the
    value sold within the last 24 hours, `gas_spent` the most wei that gas may have cost within
    them, and `most_fee` what a unit of gas may cost a plan that is sent now. `breakers` are those
    open, with why; `unwinding` is the token that everything is to become. The `quarantined`
    markets are left alone, the `reduce_only` ones may only be left. `exposures` are those of the
    account's positions, in base units of the numeraire.
    """

    states: States
    prices: Prices
    costs: Costs
    claims: Claims
    signals: Mapping[AnySignal, object]
    age: int
    traded: Fraction
    gas_spent: int = 0
    most_fee: int = 0
    quarantined: frozenset[MarketId] = frozenset()
    reduce_only: frozenset[MarketId] = frozenset()
    breakers: Mapping[str, str] = field(default_factory=dict)
    unwinding: Address | None = None
    exposures: Values = field(default_factory=dict)

    def view(self, amounts: Mapping[Place, int], exposures: Values | None = None) -> View:
        """What a strategy with these amounts and exposures sees."""
        own = exposures or {}
        return View(self.states, self.prices, amounts, self.signals, self.costs, own)


@dataclass(frozen=True, slots=True)
class Wishes:
    """Decisions by the strategies' names, and the values that they wish for together.

    `gain_by_trading` is what the owners' targets are worth per year, `gain_by_placing` the
    sweeper's, both in base units of the numeraire. `own` holds each owner's wishes apart;
    `closes` tells that one of them gives up a leg. `exposures` are wished of positions.
    """

    decisions: tuple[tuple[str, Decision], ...]
    own: Mapping[str, Values]
    places: Values
    gain_by_trading: Fraction
    gain_by_placing: Fraction
    closes: bool
    exposures: Values = field(default_factory=dict)

    @property
    def wants_to_move(self) -> bool:
        """Whether some strategy has a target."""
        return any(isinstance(decision, Target) for _, decision in self.decisions)

    @property
    def reasons(self) -> str:
        """Why every strategy decided what it did."""
        return "; ".join(f"{name}: {decision.why}" for name, decision in self.decisions)


def wishes(bot: Bot, now: Now) -> Wishes:
    """Ask every owner for its target on its sub-book, net them, then let the sweeper place.

    While everything is unwound each part of the book becomes the one token, and while a breaker
    is open everything stays: nobody is asked.
    """
    standing = _standing_order(bot, now)
    strategies = {seat.name: seat.strategy for seat in bot.owners}
    decisions: list[tuple[str, Decision]] = []
    own: dict[str, dict[Place, Fraction]] = {}
    gain, closes = Fraction(0), False
    exposed = dict.fromkeys(now.exposures, Fraction(0)) if now.unwinding else dict(now.exposures)
    positions = bot.positions
    for name, amounts in now.claims.items():
        view = now.view(
            amounts, {p: value for p, value in now.exposures.items() if positions.get(p) == name}
        )
        decision: Decision = Hold("no strategy owns this part of the book")
        if standing is not None:
            decision = standing
            decisions.append((name, decision))
        elif name in strategies:
            decision = strategies[name].decide(view)
            wished = exposures_of(view, decision)
            barred = now.quarantined, now.reduce_only, silent(now.states, bot.perpetuals)
            decision = possible(decision, view.exposures, wished, *barred)
            decisions.append((name, decision))
        own[name] = values_of(view, decision, bot)
        exposed |= exposures_of(view, decision)
        gain += _gain(view, decision)
        closes = closes or _closes(view, own[name], exposed)
    net: dict[Place, Fraction] = {}
    for values in own.values():
        for place, value in values.items():
            net[place] = net.get(place, Fraction(0)) + value
    if now.unwinding is not None:
        net |= dict.fromkeys(bot.lenders, Fraction(0))
        return Wishes(tuple(decisions), own, net, gain, Fraction(0), True, exposed)
    if bot.sweeper is None:
        return Wishes(tuple(decisions), own, net, gain, Fraction(0), closes, exposed)
    view = now.view(_idle(bot, now, net))
    decision = standing or bot.sweeper.strategy.decide(view)
    decisions.append((bot.sweeper.name, decision))
    placed = _placed(net, view, decision)
    return Wishes(tuple(decisions), own, placed, gain, _gain(view, decision), closes, exposed)


def _standing_order(bot: Bot, now: Now) -> Decision | None:
    """What is decided for every part of the book alike, if anything is."""
    if now.unwinding is not None:
        (token,) = (token for token in bot.feeds if token.address == now.unwinding)
        return Target(Leg(wallet(token), 1.0), why=f"unwind to {token}")
    if now.breakers:
        reasons = "; ".join(f"{name}: {why}" for name, why in now.breakers.items())
        return Hold(f"a breaker is open ({reasons})")
    return None


def values_of(view: View, decision: Decision, bot: Bot) -> dict[Place, Fraction]:
    """The values per place that a decision asks for; what its legs leave is the numeraire's.

    Of a leg at a perpetual that is its margin, so much that with what the position gained the
    account is worth what is wished: the position itself stays as it is in value. Raises
    Infeasible for a short elsewhere, for a debt that would be owed to us, and for weights that
    sum to more than 1.
    """
    if isinstance(decision, Hold):
        return {place: view.value(place) for place in view.amounts}
    values = {place: Fraction(0) for place in view.amounts}
    margins = set()
    for leg in decision.legs:
        place, value = leg.place, Fraction(leg.weight) * view.equity
        if place.is_position:
            gained = view.value(place)
            values[place] = gained
            place, value = replace(place, side="long"), Fraction(leg.margin) * view.equity - gained
            margins.add(place)
        values[place] = values.get(place, Fraction(0)) + value
    short = [
        str(place)
        for place, value in values.items()
        if (value > 0 if place.is_debt else value < 0)
        if not (place.is_position or place in margins)
    ]
    rest = view.equity - sum(values.values(), Fraction(0))
    if short or rest < -ROUNDING * view.equity:
        what = f"less than nothing in {', '.join(short)}" if short else "more than all of it"
        raise Infeasible(
            f"a target asks for {what}: only a position at a perpetual can be short; give weights "
            "of 0 or more, and of 0 or less where something is owed, that sum to at most 1, the "
            "margins of positions among them"
        )
    home = wallet(bot.numeraire)
    values[home] = values.get(home, Fraction(0)) + max(rest, Fraction(0))
    return values


def exposures_of(view: View, decision: Decision) -> dict[Place, Fraction]:
    """The exposures of positions that a decision asks for: none where a target has no leg."""
    if isinstance(decision, Hold):
        return dict(view.exposures)
    wished = dict.fromkeys(view.exposures, Fraction(0))
    for leg in decision.legs:
        if leg.place.is_position:
            exposure = Fraction(leg.weight) * view.equity
            wished[leg.place] = wished.get(leg.place, Fraction(0)) + exposure
    return wished


def base_units(values: Values, prices: Prices) -> dict[Place, int]:
    """Values as whole base units of each place's token, towards zero; negative only if owed.

    Positions at perpetuals are left out: what they gained cannot be wished for.
    """
    return {
        place: -_units(-value, place, prices) if place.is_debt else _units(value, place, prices)
        for place, value in values.items()
        if not place.is_position
    }


def _units(value: Fraction, place: Place, prices: Prices) -> int:
    return quantise(max(value, Fraction(0)), prices.price(place.token), Rounding.DOWN)


def wants(now: Now, own: Mapping[str, Values]) -> Claims:
    """The change per place that each owner wished for, in base units."""
    return {
        name: {
            place: raw - now.claims[name].get(place, 0)
            for place, raw in base_units(values, now.prices).items()
            if raw != now.claims[name].get(place, 0)
        }
        for name, values in own.items()
    }


def _closes(view: View, values: Values, exposed: Values) -> bool:
    """Whether a leg that holds more than dust is given up, or a position closed.

    A wallet is not while its token is wished elsewhere, nor is a range while another one of the
    same pool is: such moves have to pay for themselves. Strangers can send dust into any place,
    and must not thereby make every plan free of its cost.
    """
    least = MATERIAL * view.equity
    wished = [place for place, value in values.items() if value]

    def lives_on(place: Place) -> bool:
        if place == wallet(place.token):
            return any(other.token == place.token for other in wished)
        if place.is_simple:
            return place in wished
        return any(other.market == place.market and other.is_pooled for other in wished)

    if any(abs(has) > least and not exposed[place] for place, has in view.exposures.items()):
        return True
    places = (place for place in view.amounts if not place.is_position)
    return any(abs(view.value(place)) > least and not lives_on(place) for place in places)


def _gain(view: View, decision: Decision) -> Fraction:
    """What a target's edge is worth per year, in base units of the numeraire."""
    return Fraction(decision.edge) * view.equity if isinstance(decision, Target) else Fraction(0)


def _idle(bot: Bot, now: Now, net: Values) -> dict[Place, int]:
    """The sweeper's sub-book: what the owners' wishes leave in the wallet and at its lenders.

    It lies as it would if nothing lent moved that need not, so the sweeper decides where tokens
    rest and never which tokens are held.
    """
    held = held_everywhere(bot.adapters, now.states, bot.account)
    amounts: dict[Place, int] = {}
    for token in bot.feeds:
        home = wallet(token)
        left = base_units({home: net.get(home, Fraction(0))}, now.prices)[home]
        for place in bot.lenders:
            if place.token == token and place in held:
                amounts[place] = min(left, held[place].raw)
                left -= amounts[place]
        amounts[home] = left
    return amounts


def _placed(net: Values, view: View, decision: Decision) -> dict[Place, Fraction]:
    """The netted wishes with what idles spread over wallet and lenders."""
    placed = dict(net) | {place: view.value(place) for place in view.amounts}
    if isinstance(decision, Target):
        for leg in decision.legs:
            home = wallet(leg.place.token)
            if leg.place == home:
                continue  # the rest of each token lies there
            value = Fraction(leg.weight) * view.equity
            placed[home] = (
                placed.get(home, Fraction(0)) - value + placed.get(leg.place, Fraction(0))
            )
            placed[leg.place] = value
    if short := [str(p) for p, value in placed.items() if value < -ROUNDING * view.equity]:
        raise Infeasible(
            f"the sweeper places more than there is of {', '.join(short)}: "
            "it decides where tokens rest, not which are held"
        )
    return placed
