"""When Python looks for cyclic garbage: between two blocks, and as little as can be within a turn.

A look at everything takes longer than a whole turn, most of it at what start-up has made and will
never drop; and where it is left to chance, it falls into a turn, between a block and the plan for
it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def between_blocks() -> Iterator[Callable[[], object]]:
    """What looks at everything that was made since, to be called whenever a turn is over.

    Whatever there is at the beginning is left alone until the end. Python still looks at what is
    new of its own accord, which is quick.
    """
    gc.collect()
    gc.freeze()
    try:
        yield gc.collect
    finally:
        gc.unfreeze()
