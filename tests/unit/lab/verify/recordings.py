"""Small recordings, made by hand, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from trimtab.lab.verify import Tally, verify
from trimtab.lab.verify.history.events import RangeEvent
from trimtab.lab.verify.history.replay import outcome, pool_state, range_amounts
from trimtab.lab.verify.history.written import EVENTS, HISTORY_COLUMNS, POOL
from trimtab.protocols.shared.ticks import Q96
from trimtab.protocols.uniswap_v3 import PoolState
from trimtab.protocols.uniswap_v3.model.liquidity import liquidity_changed
from trimtab.protocols.uniswap_v3.model.swap import last_price, swap

FEE, SPACING = 3000, 60
POOL_JSON: dict[str, object] = {
    "token0": "0x" + "11" * 20,
    "token1": "0x" + "22" * 20,
    "fee": FEE,
    "tick_spacing": SPACING,
    "sqrtPriceX96": str(Q96),
}
Row = dict[str, object]


def said(path: Path) -> Tally:
    """The count of all that is said of a recording."""
    total = Tally()
    for judged in verify(path):
        total.add(judged.tally)
    return total


@dataclass
class Life:
    """A pool that lives by the model: each step adds the row that its log would give."""

    state: PoolState = field(default_factory=lambda: pool_state(FEE, SPACING, Q96))
    rows: list[Row] = field(default_factory=list)

    def mint(self, lower: int, upper: int, liquidity: int) -> None:
        self._change(RangeEvent("mint", lower, upper, liquidity, 0, 0))

    def burn(self, lower: int, upper: int, liquidity: int) -> None:
        self._change(RangeEvent("burn", lower, upper, liquidity, 0, 0))

    def swap(self, zero_for_one: bool, amount: int, limit: int | None = None) -> None:
        end = last_price(zero_for_one) if limit is None else limit
        walk = swap(self.state, zero_for_one, amount, end)
        self.state = walk.arrived(self.state)
        self._add("swap", **outcome(walk))

    def collect(self, lower: int, upper: int) -> None:
        self._add("collect", amount0=1, amount1=2, tick_lower=lower, tick_upper=upper)

    def _change(self, event: RangeEvent) -> None:
        amount0, amount1 = range_amounts(self.state, event)
        ends = {"tick_lower": event.lower, "tick_upper": event.upper}
        self._add(event.kind, amount0=amount0, amount1=amount1, liquidity=event.liquidity, **ends)
        change = event.liquidity if event.kind == "mint" else -event.liquidity
        self.state = liquidity_changed(self.state, event.lower, event.upper, change)

    def _add(self, kind: str, **cells: object) -> None:
        row = dict.fromkeys(HISTORY_COLUMNS) | {"kind": kind, "block_number": 7 + len(self.rows)}
        self.rows.append(row | {"log_index": 3} | cells)


def lived() -> Life:
    """A life with a swap of every kind: two exactly in, one exactly out, one stopped."""
    life = Life()
    life.mint(-6000, 6000, 10**18)
    life.mint(-60, 60, 10**19)
    life.swap(True, 10**16)
    life.swap(False, 10**17)
    life.swap(True, -(10**16))
    life.burn(-60, 60, 10**19)
    life.collect(-60, 60)
    price = life.state.sqrt_price_x96
    life.swap(False, 10**18, limit=price + price // 50)
    return life


def history(folder: Path, rows: Sequence[Row], pool: object = None) -> Path:
    """A folder with a pool's complete history, integers as text."""
    folder.mkdir()
    (folder / POOL).write_text(json.dumps(POOL_JSON if pool is None else pool))
    cells = [[None if cell is None else str(cell) for cell in row.values()] for row in rows]
    schema = dict.fromkeys(HISTORY_COLUMNS, pl.String)
    pl.DataFrame(cells, schema=schema, orient="row").write_parquet(folder / EVENTS)
    return folder
