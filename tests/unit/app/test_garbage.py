"""Garbage between blocks: what was there before is left alone, what turns leave is found."""

from __future__ import annotations

import gc
import weakref

import pytest

from trimtab.app.garbage import between_blocks


class Ring:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.itself = self


def test_between_blocks__made_within__found_when_called() -> None:
    with between_blocks() as collect:
        left = weakref.ref(Ring())
        collect()
        assert left() is None


def test_between_blocks__made_before__left_alone_until_the_end() -> None:
    ring = Ring()
    kept = weakref.ref(ring)
    with between_blocks() as collect:
        del ring
        collect()
        assert kept() is not None
    gc.collect()
    assert kept() is None


def test_between_blocks__error_within__nothing_stays_apart() -> None:
    with pytest.raises(ValueError, match="within"), between_blocks():
        raise ValueError("within")
    assert gc.get_freeze_count() == 0
