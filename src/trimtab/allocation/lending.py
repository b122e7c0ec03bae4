"""How to split a sum over lenders whose rates fall as we supply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

RateCurve = Callable[[int], float]
"""The rate per year that holds once our own supply is this many base units."""

CHUNKS = 48


@dataclass(frozen=True, slots=True)
class Offer:
    """What a lender pays, and between which base units our own supply there can be.

    `least` cannot be taken out now; above `most` the lender takes nothing, None if it takes any.
    Assumes that the least is not above the most.
    """

    rate: RateCurve
    least: int = 0
    most: int | None = None

    def within(self, raw: int) -> int:
        """The amount, or the most if that is less."""
        return raw if self.most is None else min(raw, self.most)


@dataclass(frozen=True, slots=True)
class Split:
    """Base units per lender, in the lenders' order, and the revenue per year in base units."""

    amounts: tuple[int, ...]
    revenue: float


def revenue(amounts: Sequence[int], offers: Sequence[Offer]) -> float:
    """What these amounts earn per year, in base units."""
    return sum(raw * offer.rate(raw) for raw, offer in zip(amounts, offers, strict=True) if raw)


def best_split(total: int, offers: Sequence[Offer]) -> Split:
    """The split of `total` that earns most, what earns nothing left idle.

    What cannot be taken out stays. The rest is cut into 48 chunks, or into base units where there
    are fewer. Guarantee: no split into whole chunks earns more, whatever the curves; of splits
    that earn alike, it is one of those that lend least. Found by dynamic programming over the
    lenders: the best revenue of the first few with so many chunks between them.

    At the kink of a rate, revenue is not concave: its slope jumps up where our supply brings
    utilisation down to the kink, so there can be several peaks, and a search along slopes stops
    at any of them. This one compares all, and a kink, a cap or a jump takes nothing from the
    guarantee. Between whole chunks it is this, wherever rates are not negative and do not rise
    with our supply, at kinks too: a split into base units earns less than one chunk and one base
    unit at each lender, at the rates of that split, beyond this one. For that split cut down to
    whole chunks is among those compared, and no lender pays less on what is left.
    """
    free = max(total - sum(offer.least for offer in offers), 0)
    chunks = min(CHUNKS, free)
    steps = [free * step // chunks for step in range(chunks + 1)] if chunks else [0]
    earned = [0.0] * (chunks + 1)
    choices: list[list[int]] = []
    for offer in offers:
        amounts = [offer.within(offer.least + step) for step in steps]
        alone = [raw * offer.rate(raw) if raw else 0.0 for raw in amounts]
        chosen = [_best_own(before, earned, alone) for before in range(chunks + 1)]
        earned = [earned[before - own] + alone[own] for before, own in enumerate(chosen)]
        choices.append(chosen)
    left = max(range(chunks + 1), key=earned.__getitem__)
    split: list[int] = []
    for offer, chosen in zip(reversed(offers), reversed(choices), strict=True):
        split.append(offer.within(offer.least + steps[chosen[left]]))
        left -= chosen[left]
    split.reverse()
    return Split(tuple(split), revenue(split, offers))


def _best_own(chunks: int, earned: Sequence[float], alone: Sequence[float]) -> int:
    """How many of the chunks the next lender takes, the others having earned the best before."""
    return max(range(chunks + 1), key=lambda own: earned[chunks - own] + alone[own])
