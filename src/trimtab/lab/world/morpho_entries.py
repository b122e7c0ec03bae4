"""Where Morpho and its markets are, as the address book of a deployed world tells it."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.token import Address
from trimtab.lab.world.spec_morpho import Rates


@dataclass(frozen=True, slots=True)
class LendingMarketEntry:
    """A market of one token lent against one other. Its market is `morpho:COLLATERAL/LOAN`.

    That of its oracle, whose price is set by hand, is `morpho:oracle:COLLATERAL/LOAN`. `lltv`
    is times 10**18, `rate_model` the zero address where `rates` are none.
    """

    market_id: str
    loan: Address
    collateral: Address
    oracle: Address
    rate_model: Address
    rates: Rates
    lltv: int


@dataclass(frozen=True, slots=True)
class MorphoEntry:
    """The contract that holds all markets, `morpho`, and the markets by `COLLATERAL/LOAN`."""

    address: Address
    markets: dict[str, LendingMarketEntry]
