"""Which contracts a plain token consists of."""

from trimtab.protocols.erc20.market import Erc20
from trimtab.protocols.shared.code import Anatomy, Part


def anatomy(market: Erc20) -> Anatomy:
    """The token itself."""
    return Anatomy((Part("token", market.address),))
