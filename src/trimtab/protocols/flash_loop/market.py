"""Identity and state of a FlashLoop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from trimtab.core.market import Market, MarketId
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token


@dataclass(frozen=True, slots=True)
class FlashLoopState:
    """It holds nothing between calls, and remembers nothing."""

    timestamp: Timestamp


@dataclass(frozen=True, slots=True)
class FlashLoop(Market[FlashLoopState]):
    """The contract that enters and leaves leveraged loops with flash loans, of one factory's pools.

    `lenders` are the lending pools in which loops are, and that lend for them; `exchanges` are
    pools of the factory. `tokens` are what loops may be of. Assumes that nobody gives it aTokens,
    which it would hand on to the next who leaves a loop; what it is given of `tokens` is tracked.
    """

    protocol: ClassVar[str] = "flash_loop"

    factory: Address
    lenders: tuple[MarketId, ...]
    exchanges: tuple[MarketId, ...]
    tokens: tuple[Token, ...]

    @property
    def parts(self) -> tuple[MarketId, ...]:
        """The lending pools and the pools of the exchange."""
        return (*self.lenders, *self.exchanges)

    @property
    def spenders(self) -> tuple[Address, ...]:
        """Itself: it borrows on credit, and takes aTokens by allowance."""
        return (self.address,)

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """What strangers gave it, which it hands to the next who calls."""
        return tuple((token, self.address) for token in self.tokens)
