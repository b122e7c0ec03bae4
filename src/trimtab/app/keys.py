"""What the recorded key of a place says: see `trimtab.core.market.Place`."""

from __future__ import annotations

from collections.abc import Sequence

from trimtab.core.market import LIQUIDITY, POSITION, UNCOLLECTED


def token_of(key: str) -> str:
    """The address of the token that a place is counted in."""
    return key.split("/")[1]


def protocol_of(key: str) -> str:
    """The protocol that a place belongs to; `erc20` is the account itself."""
    return key.partition(":")[0]


def in_account(key: str) -> bool:
    """Whether it is what the account itself has of a token: the token's own market holds it."""
    market, token, side = key.split("/")
    return side == "long" and market.rpartition(":")[2] == token


def side_of(key: str) -> str:
    """What selects the position in its market: `long`, `debt`, or a kind of liquidity."""
    return key.split("/")[2]


def is_debt(key: str) -> bool:
    """Whether a place is owed."""
    return side_of(key) == "debt"


def in_pool(key: str) -> bool:
    """Whether a place is liquidity in a pool, or what a pool owes."""
    return side_of(key).partition(":")[0] in (LIQUIDITY, UNCOLLECTED)


SIMPLE = "simple"
IN_POOL = "in a pool"


def kind_of(key: str) -> str:
    """Whether a place is in a pool (IN_POOL), a position at a perpetual (POSITION) or SIMPLE."""
    if in_pool(key):
        return IN_POOL
    return POSITION if side_of(key) == POSITION else SIMPLE


def ranged(ticks: Sequence[object]) -> str:
    """A range of ticks in words; nothing where there is none."""
    return f" from tick {ticks[0]} to {ticks[1]}" if ticks else ""
