"""Which contracts a FlashLoop consists of."""

from trimtab.core.abi import call_data
from trimtab.protocols.flash_loop.market import FlashLoop
from trimtab.protocols.shared.code import Anatomy, Part, Relation


def anatomy(market: FlashLoop) -> Anatomy:
    """The contract itself, and the factory that it was made for."""
    factory = Relation("factory", market.address, call_data("factory()"), market.factory)
    return Anatomy((Part("flash loop", market.address),), (factory,))
