"""Every kernel obeys the law of kernels, and none is without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.laws.kernels import LAWS, broken
from trimtab.core.kernel import compile_all

SEED = 20


@pytest.mark.parametrize("name", sorted(LAWS))
def test_kernel__drawn_cases__as_its_model(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    compared, found = broken(name, SEED, LAWS[name].cases)
    assert found == []
    assert compared >= LAWS[name].cases
    record_property("told", f"{compared:6,} cases of kernels: {name}")


def test_kernels__of_the_package__all_driven_by_a_law() -> None:
    kernels = {name for name in compile_all() if name.startswith("trimtab.")}
    driven = frozenset[str]().union(*(law.drives for law in LAWS.values()))
    assert kernels == driven
