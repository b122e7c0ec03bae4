"""The charts of a report. Floats are what a chart is drawn with; its words are exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from trimtab.app.keys import in_account, in_pool, is_debt, token_of
from trimtab.app.report.drawing import (
    GAIN,
    HOLD,
    INK,
    LOSS,
    MANAGED,
    MUTED,
    PAPER,
    TOKENS,
    drawn,
)
from trimtab.app.report.figures import Figures, Point
from trimtab.app.report.markup import Html
from trimtab.app.words import Lexicon
from trimtab.core.settlement import Landed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

IDLE_OPACITY = 0.42
"""Of what lies in the account, against what is lent: the same hue, paler."""

Kind = Literal["idle", "lent", "pooled", "owed"]


@dataclass(frozen=True, slots=True)
class Layer:
    """A token's share of the equity at every block, by how it lies; negative where it is owed."""

    token: str
    kind: Kind
    shares: tuple[float, ...]


def colours(lexicon: Lexicon) -> dict[str, str]:
    """A colour for each token, the numeraire's the last."""
    order = sorted(
        lexicon.tokens, key=lambda each: (each == lexicon.numeraire, lexicon.symbol(each))
    )
    return {token: TOKENS[place % len(TOKENS)] for place, token in enumerate(order)}


# --------------------------------------------------------------------------------------- worth


def worth_chart(run: Figures) -> Html:
    """What the book is worth against holding the first one, and the difference."""
    points, words = run.points, run.lexicon
    managed = [float(words.whole(point.managed)) for point in points]
    hold = [float(words.whole(point.hold)) for point in points]
    landed = {each.block for each in run.history.settlements.values() if isinstance(each, Landed)}

    def draw(figure: Figure) -> None:
        worth, beyond = figure.subplots(2, 1, sharex=True, height_ratios=(2.6, 1))
        times = _times(points)
        worth.plot(times, hold, color=HOLD, linewidth=5, alpha=0.5)
        worth.plot(times, managed, color=MANAGED, linewidth=1.7)
        worth.set_title(f"Worth in {words.unit}, after all costs")
        _label_ends(worth, times[-1], managed[-1], hold[-1])
        marks = [at for at, point in zip(times, points, strict=True) if point.number in landed]
        _marks_under(worth, marks)
        gap = [one - other for one, other in zip(managed, hold, strict=True)]
        for colour, sign in ((GAIN, 1), (LOSS, -1)):
            part = [each if each * sign > 0 else 0.0 for each in gap]
            beyond.fill_between(times, part, color=colour, alpha=0.8, linewidth=0)
        beyond.axhline(0, color=MUTED, linewidth=0.8)
        beyond.set_title(f"Beyond holding, in {words.unit}")
        for axes in (worth, beyond):
            axes.yaxis.set_major_formatter(_figure)
        _dates_under(beyond, times)

    end = points[-1]
    summary = f"This book is worth {words.worth(end.managed)} at the end, after all costs; "
    return drawn("worth", 4.9, draw, f"{summary}the first one, held, {words.worth(end.hold)}.")


def _label_ends(axes: Axes, at: float, managed: float, hold: float) -> None:
    """Names at the ends of both lines, kept apart."""
    low, high = axes.get_ylim()
    apart, middle = 0.04 * (high - low), (managed + hold) / 2
    upper, lower = max(managed, hold, middle + apart), min(managed, hold, middle - apart)
    places = (upper, lower) if managed >= hold else (lower, upper)
    named = (("this book", MANAGED), ("held", HOLD))
    for (name, colour), place in zip(named, places, strict=True):
        axes.annotate(
            name,
            (at, place),
            xytext=(6, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontweight="bold",
            annotation_clip=False,
        )


def _marks_under(axes: Axes, times: Sequence[float]) -> None:
    """Triangles on the lower edge."""
    axes.plot(
        times,
        [0.0] * len(times),
        marker="^",
        markersize=5,
        linestyle="none",
        color=MANAGED,
        transform=axes.get_xaxis_transform(),
        clip_on=False,
    )


# ------------------------------------------------------------------------------------- weights


def weights_chart(run: Figures) -> Html:
    """Where the equity lies over time: by token, what is lent apart from what is idle."""
    words, layers = run.lexicon, layers_of(run)

    wished = any(point.targets for point in run.points)

    def draw(figure: Figure) -> None:
        times = _times(run.points)
        parts = figure.subplots(
            2 if wished else 1,
            1,
            sharex=True,
            squeeze=False,
            height_ratios=(2.6, 1) if wished else (1,),
        )
        axes, lowest = parts[0, 0], parts[-1, 0]
        owned, owed = [0.0] * len(times), [0.0] * len(times)
        for layer in layers:
            floor = owed if layer.kind == "owed" else owned
            top = [low + share for low, share in zip(floor, layer.shares, strict=True)]
            axes.fill_between(
                times,
                floor,
                top,
                facecolor=colours(words)[layer.token],
                alpha=IDLE_OPACITY if layer.kind == "idle" else 1.0,
                edgecolor=PAPER,
                linewidth=0.8,
                hatch="////" if layer.kind == "pooled" else None,
            )
            floor[:] = top
        _targets_over(axes, run, times)
        axes.set_ylim(min(0.0, *owed), max(1.0, *owned))
        axes.yaxis.set_major_formatter(_percent)
        axes.set_title("Share of the equity")
        axes.grid(visible=False)
        if wished:
            _drift_on(lowest, run, times)
        _dates_under(lowest, times)

    ends = (f"{words.symbol(e.token)} {e.kind} {_percent(e.shares[-1])}" for e in layers)
    return drawn("weights", 4.9 if wished else 3.7, draw, f"At the end: {', '.join(ends)}.")


def layers_of(run: Figures) -> tuple[Layer, ...]:
    """The shares of the equity from the bottom up, those that are never there left out."""
    keys = tuple(dict.fromkeys(key for point in run.points for key in point.weights))
    kinds: tuple[Kind, ...] = ("lent", "pooled", "idle", "owed")
    found = []
    for token in colours(run.lexicon):
        for kind in kinds:
            inside = [key for key in keys if token_of(key) == token and _kind(key) == kind]
            shares = tuple(
                float(sum(point.weights.get(key, 0) for key in inside)) for point in run.points
            )
            if any(shares):
                found.append(Layer(token, kind, shares))
    return tuple(found)


def _kind(key: str) -> Kind:
    if is_debt(key):
        return "owed"
    if in_pool(key):
        return "pooled"
    return "idle" if in_account(key) else "lent"


def _targets_over(axes: Axes, run: Figures, times: Sequence[float]) -> None:
    """The upper edge that each token's layers would have at its target."""
    edge = [0.0] * len(run.points)
    for token in list(colours(run.lexicon))[:-1]:
        edge = [
            low + float(point.targets[token]) if token in point.targets else float("nan")
            for low, point in zip(edge, run.points, strict=True)
        ]
        axes.plot(times, edge, color=INK, linewidth=1.1, linestyle=(0, (4, 3)))


def _drift_on(axes: Axes, run: Figures, times: Sequence[float]) -> None:
    """How far each token's weight is from its target."""
    for token, colour in colours(run.lexicon).items():
        drift = [
            float(_weight(point, token) - point.targets[token])
            if token in point.targets
            else float("nan")
            for point in run.points
        ]
        axes.plot(times, drift, color=colour, linewidth=1.4)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.yaxis.set_major_formatter(_change)
    axes.set_title("Away from the target")


def _weight(point: Point, token: str) -> Fraction:
    kept = (share for key, share in point.weights.items() if token_of(key) == token)
    return sum(kept, Fraction(0))


# -------------------------------------------------------------------------------------- prices


def prices_chart(run: Figures) -> Html | None:
    """How far each token's price is from its first; none where nothing but the numeraire is."""
    words, points = run.lexicon, run.points
    moving = {
        token: colour
        for token, colour in colours(words).items()
        if token != words.numeraire and all(token in point.prices for point in points)
    }
    if not moving:
        return None
    changes = {
        token: [float(point.prices[token] / points[0].prices[token] - 1) for point in points]
        for token in moving
    }

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        times = _times(points)
        for token, colour in moving.items():
            axes.plot(times, changes[token], color=colour, linewidth=1.6)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.yaxis.set_major_formatter(_change)
        axes.set_title(f"Prices in {words.unit}, change since the first block")
        _dates_under(axes, times)

    ends = (f"{words.symbol(token)} {change[-1]:+.1%}" for token, change in changes.items())
    return drawn("prices", 2.5, draw, f"At the end: {', '.join(ends)}.")


# ---------------------------------------------------------------------------------------- axes


def _times(points: Sequence[Point]) -> list[float]:
    """Days since 1970, as matplotlib counts time."""
    return [point.timestamp / 86_400 for point in points]


def _dates_under(axes: Axes, times: Sequence[float]) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlim(times[0], times[-1])


def _figure(value: float, _: float = 0) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or not value else f"{value:,.2f}"


def _change(value: float, _: float = 0) -> str:
    """A change in per cent with its sign; one decimal where whole numbers would not tell."""
    hundredths = round(value * 1000)
    return "0%" if not hundredths else f"{value:+.{1 if hundredths % 10 else 0}%}"


def _percent(value: float, _: float = 0) -> str:
    return f"{value:.0%}"
