"""Which functions of the models run, so that a mutant meets only the checks that reach it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Self

import trimtab

MODELS = Path(trimtab.__file__).parent / "protocols"
PACKAGE = "trimtab.protocols"


class Touched:
    """Within its context, the functions of the models that run, whatever they remember cleared."""

    def __init__(self) -> None:
        self._codes: set[CodeType] = set()

    def __enter__(self) -> Self:
        for name, module in list(sys.modules.items()):
            if name.startswith(PACKAGE):
                for value in vars(module).values():
                    if hasattr(value, "cache_clear"):
                        value.cache_clear()
        sys.settrace(self._see)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.settrace(None)

    def _see(self, frame: FrameType, event: str, argument: object) -> None:
        self._codes.add(frame.f_code)

    @property
    def functions(self) -> frozenset[str]:
        """As `FILE:FUNCTION`; one within another is the outer one."""
        root = f"{MODELS}/"
        return frozenset(
            f"{code.co_filename.removeprefix(root)}:{code.co_qualname.partition('.<locals>')[0]}"
            for code in self._codes
            if code.co_filename.startswith(root)
        )
