"""Which contracts a price feed, or a sequencer's uptime feed, consists of."""

from trimtab.protocols.chainlink.market import Feed, Sequencer
from trimtab.protocols.shared.code import Anatomy, Part


def anatomy(market: Feed | Sequencer) -> Anatomy:
    """The feed itself."""
    role = "feed" if isinstance(market, Feed) else "uptime feed"
    return Anatomy((Part(role, market.address),))
