"""Lend what idles, where it earns most after our own effect on the rate."""

from dataclasses import dataclass
from fractions import Fraction

from trimtab.allocation.lending import best_split, revenue
from trimtab.allocation.offers import lending_offer
from trimtab.core.errors import ConfigError
from trimtab.core.market import Place, wallet
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.strategy import Decision, Hold, Leg, Needs, Strategy, Target, View, check_range
from trimtab.core.token import Token


@dataclass(frozen=True, slots=True)
class LendingYield(Strategy):
    """Split each token over its lenders so that the revenue per year is greatest.

    Size-aware: every rate is the lender's own curve with our supply in it, between what the
    lender cannot give back now and the most that it takes. What the optimiser guarantees, at
    kinks too, is stated in `best_split`; what it leaves idle stays the same token. `keep` is the
    share of each token that stays in the account, ready to trade without a withdrawal. The edge
    is the gain in revenue per year over what the book earns as it lies; `least_gain` is the
    smallest such gain, as a share of the value lent and idle, that is worth looking at. Whether
    it is worth the gas of the moves is for whoever plans them, who knows what they are.
    """

    lenders: tuple[Place, ...]
    least_gain: float = 0.0005
    keep: float = 0.0

    def __post_init__(self) -> None:
        if not self.lenders or any(place == wallet(place.token) for place in self.lenders):
            raise ConfigError("`lenders` names no lender or the wallet: write aave_v3:USDC")
        if len(set(self.lenders)) != len(self.lenders):
            raise ConfigError("`lenders` names a place more than once: name each once")
        check_range("least_gain", self.least_gain, 0, 1e3)
        check_range("keep", self.keep, 0, 1)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens that can be lent, each once."""
        return tuple(dict.fromkeys(place.token for place in self.lenders))

    @property
    def needs(self) -> Needs:
        """The lenders and the wallet."""
        return (*self.lenders, *map(wallet, self.tokens))

    def decide(self, view: View) -> Decision:
        """Every token split anew when that earns enough more than it does now."""
        if view.equity <= 0:
            return Hold("nothing idles")
        gain, legs, words = 0.0, [], []
        for token in self.tokens:
            places = [place for place in self.lenders if place.token == token]
            offers = [lending_offer(view, place) for place in places]
            lent = [view[place].raw for place in places]
            total = view[wallet(token)].raw + sum(lent)
            price = float(view.prices.price(token))
            kept = quantise(Fraction(self.keep) * total, 1, Rounding.UP)
            split = best_split(total - kept, offers)
            gain += price * (split.revenue - revenue(lent, offers))
            for place, raw, offer in zip(places, split.amounts, offers, strict=True):
                legs.append(Leg(place, raw * price / float(view.equity)))
                words.append(f"{place} {raw / max(total, 1):.0%} at {offer.rate(raw):.2%}")
            idle = total - sum(split.amounts)
            legs.append(Leg(wallet(token), idle * price / float(view.equity)))
        edge = gain / float(view.equity)
        if edge < self.least_gain:
            shown = max(edge, 0.0)  # what lies is as good as what could be, or better by a chunk
            return Hold(f"lending anew would add {shown:.3%} a year, least {self.least_gain:.3%}")
        return Target(*legs, edge=edge, why=f"lend {', '.join(words)}: {edge:+.3%} a year")
