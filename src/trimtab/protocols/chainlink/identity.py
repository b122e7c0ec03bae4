"""Which contracts a price feed consists of."""

from trimtab.protocols.chainlink.market import Feed
from trimtab.protocols.shared.code import Anatomy, Part


def anatomy(market: Feed) -> Anatomy:
    """The feed itself."""
    return Anatomy((Part("feed", market.address),))
