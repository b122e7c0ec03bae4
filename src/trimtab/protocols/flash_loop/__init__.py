"""FlashLoop: leveraged loops at Aave's pools, entered and left in one call each."""

from trimtab.protocols.flash_loop.adapter import FlashLoopAdapter
from trimtab.protocols.flash_loop.market import FlashLoop, FlashLoopState

__all__ = ["FlashLoop", "FlashLoopAdapter", "FlashLoopState"]
