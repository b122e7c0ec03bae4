"""Where the profit came from, part by part, each as it is in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from trimtab.app.numbers import money, signed
from trimtab.app.report.drawing import GAIN, INK, LOSS, MUTED, TOTAL, drawn
from trimtab.app.report.figures import Figures
from trimtab.app.report.markup import Html
from trimtab.app.words import Lexicon
from trimtab.core.errors import InvariantViolation
from trimtab.journal.reconcile import INVARIANT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PRICES = "Prices"
POINTS_A_DIGIT = 6.9
"""Room for one character of a figure beside its bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part with where it begins; a sum stands on zero."""

    name: str
    worth: Fraction
    begins: Fraction = Fraction(0)
    is_sum: bool = False

    @property
    def ends(self) -> Fraction:
        """Where the bar ends."""
        return self.begins + self.worth


def bars(run: Figures) -> tuple[Bar, ...]:
    """The parts of the profit and their sum, then what others brought, to the change in all.

    Raises InvariantViolation unless they sum exactly.
    """
    ledger = run.ledger
    parts = (
        (PRICES, ledger.price),
        ("Interest", ledger.interest),
        *((("Liquidity", ledger.liquidity),) if ledger.liquidity else ()),
        *((("Positions", ledger.positions),) if ledger.positions else ()),
        *((("Liquidations", ledger.liquidations),) if ledger.liquidations else ()),
        ("Pool fees", -ledger.fees),
        ("Slippage", -ledger.slippage),
        ("Rounding", -ledger.rounding),
        ("Gas", -ledger.gas),
    )
    found, at = [], Fraction(0)
    for name, worth in parts:
        found.append(Bar(name, worth, at))
        at += worth
    if at != ledger.profit:
        raise InvariantViolation(INVARIANT, f"the parts sum to {at}, the profit is {ledger.profit}")
    found.append(Bar("Profit", at, is_sum=True))
    if ledger.external:
        found.append(Bar("Brought by others", ledger.external, at))
        at += ledger.external
        found.append(Bar("Change, gas deducted", at, is_sum=True))
    if at != ledger.equity - ledger.equity_start - ledger.gas:
        raise InvariantViolation(INVARIANT, f"the parts sum to {at}, which is not the change")
    return tuple(found)


def without_prices(steps: tuple[Bar, ...]) -> tuple[Bar, ...]:
    """The parts that are ours to answer for, and their sum."""
    found, at = [], Fraction(0)
    for step in steps:
        if step.is_sum:
            break
        if step.name != PRICES:
            found.append(Bar(step.name, step.worth, at))
            at += step.worth
    return (*found, Bar("Sum", at, is_sum=True))


def waterfall_chart(run: Figures) -> Html:
    """The parts as bars, and again without the prices, which dwarf the others."""
    words, steps = run.lexicon, bars(run)

    def draw(figure: Figure) -> None:
        whole, close = figure.subplots(1, 2)
        _bars_on(whole, steps, words)
        whole.set_title(f"All parts, in {words.unit}")
        _bars_on(close, without_prices(steps), words)
        close.set_title("Without prices, on a scale of its own")

    told = ", ".join(f"{step.name} {words.gained(step.worth)}" for step in steps)
    return drawn("waterfall", 3.0, draw, f"{told}.")


def _bars_on(axes: Axes, steps: tuple[Bar, ...], words: Lexicon) -> None:
    """One bar a row, its name on the left and its worth on the right, joined to the next."""
    rows = range(len(steps))
    ends = [float(words.whole(step.ends)) for step in steps]
    begins = [float(words.whole(step.begins)) for step in steps]
    shades = [TOTAL if step.is_sum else GAIN if step.worth >= 0 else LOSS for step in steps]
    widths = [end - begin for begin, end in zip(begins, ends, strict=True)]
    axes.barh(rows, widths, left=begins, color=shades, height=0.62)
    for row in rows[:-1]:
        axes.plot([ends[row]] * 2, [row - 0.31, row + 1.31], color=MUTED, linewidth=0.7)
    figures = [signed(money(words.whole(step.worth))) for step in steps]
    column = POINTS_A_DIGIT * max(map(len, figures))
    for row, step in zip(rows, steps, strict=True):
        axes.annotate(
            figures[row],
            (1, row),
            xycoords=("axes fraction", "data"),
            xytext=(column, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=INK,
            fontweight="bold" if step.is_sum else "normal",
        )
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_yticks(rows, [step.name for step in steps])
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.margins(x=0.02)
