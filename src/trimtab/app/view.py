"""The live view of a running loop: in a terminal a picture, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from fractions import Fraction
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from trimtab.app.numbers import count, moment, money, number, percent, signed
from trimtab.app.watched import COUNTED, Watched
from trimtab.core.token import Token
from trimtab.engine.bot import Bot
from trimtab.engine.run import Step

SECONDS_BETWEEN = 0.1
"""Time between two pictures: more would cost the loop without being seen."""

LINES = 10
"""Lines of plain progress over a whole run."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_NARROW = 72


class LiveView:
    """Shows turns as they come; a context manager. Leaving it leaves the last picture standing.

    The picture needs a terminal on stdout; without one, or if `quiet`, plain lines go to stderr.
    """

    def __init__(
        self,
        total: int,
        *,
        quiet: bool = False,
        console: Console | None = None,
        progress: TextIO | None = None,
    ) -> None:
        self._total = total
        self._console = console or Console()
        self._progress = progress or sys.stderr
        self._watched = Watched()
        is_shown = self._console.is_terminal and not quiet
        self._live = Live(console=self._console, auto_refresh=False) if is_shown else None
        self._shown_at = float("-inf")
        self._tenths = 0

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._show(self._live)
            self._live.stop()

    def update(self, bot: Bot, step: Step) -> None:
        """Take one more turn of the loop."""
        self._watched = self._watched.after(bot, step)
        if self._live is None:
            self._say()
        elif time.monotonic() - self._shown_at >= SECONDS_BETWEEN:
            self._show(self._live)

    def tell(self, words: str) -> None:
        """Say something beside the turns: above the picture, or as a line of its own."""
        if self._live is None:
            self._progress.write(words + "\n")
            self._progress.flush()
        else:
            self._live.console.print(Text(words))

    def _show(self, live: Live) -> None:
        width = self._console.width
        live.update(picture(self._watched, self._total, width), refresh=True)
        self._shown_at = time.monotonic()

    def _say(self) -> None:
        """A line whenever another tenth is done; every block where there is no end."""
        tenths = self._watched.turns * LINES // (self._total or LINES)
        if tenths > self._tenths:
            self._tenths = tenths
            self._progress.write(line(self._watched, self._total) + "\n")
            self._progress.flush()


# ------------------------------------------------------------------------------------- drawing


def line(watched: Watched, total: int) -> str:
    """The progress in one plain line; a run without an end has no `total`."""
    parts = [f"{watched.turns:,} blocks"]
    if total:
        done = percent(Fraction(watched.turns, total), 0)
        parts = [f"{watched.turns:,} of {total:,} blocks ({done})"]
    if watched.numeraire is not None:
        parts.append(f"equity {_equity(watched, watched.numeraire)}")
    parts.append(f"{count(watched.counts.get('landed', 0), 'plan')} landed")
    return ", ".join(parts)


def picture(watched: Watched, total: int, width: int) -> RenderableType:
    """All that is shown, at a width of so many columns."""
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(style="dim", width=8, no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    room = max(width - 12, 24)
    grid.add_row("blocks", _progress(watched, total, room))
    if watched.numeraire is not None:
        grid.add_row("equity", _worth(watched, watched.numeraire, room))
        grid.add_row("", "")
        grid.add_row("weights", _weights(watched, room))
        grid.add_row("", "")
        grid.add_row("where", _lies(watched, room))
        grid.add_row("", "")
    grid.add_row("last", Text(watched.last or "nothing yet", style="bold"))
    grid.add_row("why", _clipped(watched.why, room))
    grid.add_row("plan", watched.plan or "none sent yet")
    grid.add_row("", "")
    grid.add_row("counts", _counts(watched))
    error = f"{watched.error:,} base units" if watched.error else "0"
    grid.add_row(
        "error", Text(f"{error} (conservation)", style="bold red" if watched.error else "")
    )
    return Group("", grid, "")


def bar(share: Fraction, columns: int, mark: Fraction | None = None) -> str:
    """A share from 0 to 1 as a bar, with a mark where another share would end."""
    eighths = round(min(max(share, Fraction(0)), Fraction(1)) * columns * 8)
    whole, part = divmod(eighths, 8)
    drawn = list(("█" * whole + (_EIGHTHS[part] if part else "")).ljust(columns))
    if mark is not None and 0 <= mark <= 1:
        drawn[min(round(mark * columns), columns - 1)] = "│"
    return "".join(drawn)


def sparkline(values: tuple[Fraction, ...], columns: int) -> str:
    """The course of some values, the newest at the right, in at most so many columns."""
    many = min(len(values), columns)
    if not many:
        return ""
    picked = [values[(place + 1) * len(values) // many - 1] for place in range(many)]
    low, high = min(picked), max(picked)
    if low == high:
        return _LEVELS[0] * many
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[round((value - low) / (high - low) * top)] for value in picked)


def _progress(watched: Watched, total: int, room: int) -> Text:
    when = "" if watched.timestamp is None else f"  {moment(watched.timestamp)[:16]} UTC"
    if not total:
        return Text.assemble(f"{watched.turns:,}", (when, "dim"))
    done = Fraction(watched.turns, total)
    told = f"{watched.turns:,} of {total:,}  "
    share = f"  {percent(done, 0)}"
    when = when if room >= _NARROW - 12 else ""
    columns = max(room - len(told) - len(share) - len(when), 8)
    return Text.assemble(told, (bar(done, columns).replace(" ", "·"), "blue"), share, (when, "dim"))


def _equity(watched: Watched, numeraire: Token) -> str:
    told = f"{money(watched.equity / numeraire.unit)} {numeraire.symbol}"
    change = watched.change
    return told if change is None else f"{told} ({signed(percent(change))})"


def _worth(watched: Watched, numeraire: Token, room: int) -> Text:
    told = _equity(watched, numeraire)
    columns = min(max(room - len(told) - 2, 8), 60)
    return Text.assemble((told, "bold"), "  ", (sparkline(watched.course, columns), "blue"))


def _weights(watched: Watched, room: int) -> Text:
    """A bar for each token on one scale, marked where its target is."""
    shares = [*watched.weights.values(), *watched.targets.values(), Fraction(1, 10)]
    scale = max(shares)
    name = max(len(token.symbol) for token in watched.weights)
    columns = max(room - name - 26, 8)
    rows = []
    for token, share in watched.weights.items():
        target = watched.targets.get(token)
        mark = None if target is None else target / scale
        wish = "" if target is None else f"target {percent(target, 1)}"
        rows.append(
            Text.assemble(
                f"{token.symbol:<{name}} {percent(share, 1):>7}  ",
                (bar(share / scale, columns, mark), "blue"),
                (f"  {wish}", "dim"),
            )
        )
    return Text("\n").join(rows)


def _lies(watched: Watched, room: int) -> Text:
    name = max(map(len, watched.lies))
    columns = max(room - name - 10, 8)
    rows = [
        Text.assemble(
            f"{where:<{name}} {percent(share, 1):>7}  ",
            (bar(abs(share), columns), "blue"),
        )
        for where, share in watched.lies.items()
    ]
    return Text("\n").join(rows)


def _counts(watched: Watched) -> Text:
    told = [f"{name} {number(watched.counts.get(name, 0))}" for name in (*COUNTED, "skipped")]
    return Text(", ".join(told))


def _clipped(words: str, room: int) -> Text:
    """Words in three lines at most."""
    most = 3 * room - 4
    return Text(words if len(words) <= most else words[:most].rstrip() + " …")
