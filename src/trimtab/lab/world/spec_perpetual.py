"""What a perpetual exchange of a local world is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PerpetualSpec:
    """A perpetual market on a pool of virtual tokens, opened at the price of a token's feed.

    Amounts are in whole units of the settlement token. Fees are in millionths.
    """

    name: str
    """The market's name in mandates is `perpetual:` and this."""
    feed: str
    """The symbol of the token whose price it follows."""
    settlement: str
    """The symbol of the token that margin and profits are paid in."""
    pool_fee: int
    fee: int
    insurance_share: int
    """Millionths of the fee that the insurance fund gets."""
    insurance: int
    """What the insurance fund begins with."""
    margin: int
    """What the liquidity provider's liquidity stands on."""
    ladder: tuple[tuple[int, int], ...]
    """Worth, and ticks to either side, of each of the provider's ranges."""
    most_ticks: int = 1_000
    """How many ticks the price may cross within a block: no more than 1,000."""
    observations: int = 500
    """How much of its past the pool keeps."""
