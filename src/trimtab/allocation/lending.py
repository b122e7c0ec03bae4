"""How to split a sum over lenders whose rates fall as we supply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

RateCurve = Callable[[int], float]
"""The rate per year that holds once our own supply is this many base units."""

CHUNKS = 48


@dataclass(frozen=True, slots=True)
class Split:
    """Base units per lender, in the lenders' order, and the revenue per year in base units."""

    amounts: tuple[int, ...]
    revenue: float


def revenue(amounts: Sequence[int], curves: Sequence[RateCurve]) -> float:
    """What these amounts earn per year, in base units."""
    return sum(raw * curve(raw) for raw, curve in zip(amounts, curves, strict=True) if raw)


def best_split(total: int, curves: Sequence[RateCurve]) -> Split:
    """The split of `total` that earns most, what earns nothing left idle.

    Greedy: each of 48 equal chunks goes where it adds most, none where it would take away.
    Guarantee: where every lender's revenue x * rate(x) is concave, no split into such chunks
    earns more (greedy is optimal for separable concave sums). A kinked utilisation curve keeps
    revenue concave while our supply is less than twice everybody else's; beyond that, and for
    steps at a lender's kink, the answer is only the best that single chunks lead to.
    """
    amounts = [0] * len(curves)
    earned = [0.0] * len(curves)
    edges = [total * step // CHUNKS for step in range(CHUNKS + 1)]
    for low, high in pairwise(edges):
        chunk = high - low
        if not chunk:
            continue
        added = [
            (amount + chunk) * curve(amount + chunk) - before
            for amount, curve, before in zip(amounts, curves, earned, strict=True)
        ]
        best = max(range(len(added)), key=added.__getitem__, default=None)
        if best is None or added[best] <= 0:
            break
        amounts[best] += chunk
        earned[best] += added[best]
    return Split(tuple(amounts), sum(earned))
