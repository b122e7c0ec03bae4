"""From a matplotlib figure to SVG that lives in the page: same bytes, same colours as its text.

Colours are placeholders that become CSS variables, so that one drawing serves light and dark.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any, cast

from trimtab.app.report.markup import Html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 9.6
"""Inches of 72 units; the page scales a chart to its column."""

INK, MUTED, RULE, PAPER = "#010101", "#010102", "#010103", "#010104"
MANAGED, HOLD, GAIN, LOSS, TOTAL = "#010105", "#010106", "#010107", "#010108", "#010109"
TOKENS = ("#010111", "#010112", "#010113", "#010114", "#010115", "#010116")

_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    PAPER: "paper",
    MANAGED: "managed",
    HOLD: "hold",
    GAIN: "gain",
    LOSS: "loss",
    TOTAL: "total",
    **{colour: f"token-{place}" for place, colour in enumerate(TOKENS, 1)},
}

_STYLE: dict[str, object] = {
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "timezone": "UTC",
}

_PLACEHOLDER = re.compile("|".join(map(re.escape, _VARIABLES)))
_DROPPED = re.compile(
    r"<metadata>.*?</metadata>|<style.*?</style>"
    r"| xmlns(?::xlink)?=\"[^\"]*\"| version=\"1.1\"| font-family:[^;]*;",
    re.DOTALL,
)
_SIZE = re.compile(r' width="[^"]*" height="[^"]*"')
_IDENTITY = re.compile(r'(?<= id=")|(?<=xlink:href="#)|(?<=url\(#)')


def variable(colour: str) -> str:
    """The CSS variable that a placeholder stands for."""
    return _VARIABLES[colour]


def drawn(name: str, height: float, draw: Callable[[Figure], None], summary: str) -> Html:
    """The SVG that `draw` makes; `name` sets its identities apart, `summary` is for who cannot see.

    matplotlib is loaded here, late, since it takes longer than most commands.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(cast("Any", {**_STYLE, "svg.hashsalt": name}))  # typed key by key
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return Html(_inline(name, written.getvalue(), summary))


def _inline(name: str, svg: str, summary: str) -> str:
    body = svg[svg.index("<svg") :]
    body = _SIZE.sub("", _DROPPED.sub("", body), count=1)
    body = _IDENTITY.sub(f"{name}-", body).replace("xlink:href", "href")
    body = _PLACEHOLDER.sub(lambda found: f"var(--{_VARIABLES[found[0]]})", body)
    body = body.replace(">-", ">\N{MINUS SIGN}")
    label = escape(summary)
    return body.replace("<svg", f'<svg class="chart" role="img" aria-label="{label}"', 1).strip()
