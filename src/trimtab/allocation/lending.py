"""How to split a sum over lenders whose rates fall as we supply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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

    Guarantee: of all splits into multiples of one 48th, none earns more, whatever the curves;
    of splits that earn alike, it is one of those that lend least. Found by dynamic programming
    over the lenders: the best revenue of the first few with so many chunks between them.
    """
    steps = [max(total, 0) * step // CHUNKS for step in range(CHUNKS + 1)]
    earned = [0.0] * (CHUNKS + 1)
    choices: list[list[int]] = []
    for curve in curves:
        alone = [raw * curve(raw) if raw else 0.0 for raw in steps]
        chosen = [_best_own(chunks, earned, alone) for chunks in range(CHUNKS + 1)]
        earned = [earned[chunks - own] + alone[own] for chunks, own in enumerate(chosen)]
        choices.append(chosen)
    left = max(range(CHUNKS + 1), key=earned.__getitem__)
    amounts: list[int] = []
    for chosen in reversed(choices):
        amounts.append(steps[chosen[left]])
        left -= chosen[left]
    amounts.reverse()
    return Split(tuple(amounts), revenue(amounts, curves))


def _best_own(chunks: int, earned: Sequence[float], alone: Sequence[float]) -> int:
    """How many of the chunks the next lender takes, the others having earned the best before."""
    return max(range(chunks + 1), key=lambda own: earned[chunks - own] + alone[own])
