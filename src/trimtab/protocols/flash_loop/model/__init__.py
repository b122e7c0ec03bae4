"""The exact transitions of a FlashLoop, on the models of whom it calls."""

from trimtab.protocols.flash_loop.model.loops import enter, leave

__all__ = ["enter", "leave"]
