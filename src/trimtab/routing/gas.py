"""Modelled gas per kind of action: decisions use these figures, never an estimate.

Each is an upper bound of what the real bytecode used in the local world, rounded up; a test on
that bytecode holds them to it. `Batch` is what the account's own batching adds once.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from trimtab.core.actions import Action

GAS_OF: Mapping[str, int] = MappingProxyType(
    {
        "Transfer": 70_000,
        "Approve": 60_000,
        "Swap": 260_000,
        "Supply": 330_000,
        "Withdraw": 400_000,
        "Borrow": 420_000,
        "Repay": 330_000,
        "Batch": 110_000,
    }
)


def gas_units(actions: Iterable[Action]) -> int:
    """The modelled gas of a batch of actions."""
    return GAS_OF["Batch"] + sum(GAS_OF[type(action).__name__] for action in actions)
