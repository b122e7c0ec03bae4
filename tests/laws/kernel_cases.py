"""One case of the law of kernels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """What was asked, what the model says, and what the kernel says."""

    asked: object
    expected: object
    actual: object
