"""Modelled gas per kind of action and bound: decisions use these figures, never an estimate.

Each is a tenth and little more above the most that one such action added to a Safe's batch on the
real bytecode of the local world, where it is dearest (tests/chain/test_gas_table.py holds them
to it). A swap's is for one that loses 5 % against the oracle; one that crosses more ticks costs
more. `Batch` is what the account's own batching costs once, the check at its end included, and
`LeastBalance` and `LeastHealth` what each bound adds to that check.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from trimtab.core.actions import Action
from trimtab.core.bounds import Bounds

GAS_OF: Mapping[str, int] = MappingProxyType(
    {
        "Transfer": 40_000,
        "Approve": 35_000,
        "Swap": 330_000,
        "SwapExactOut": 330_000,
        "AddLiquidity": 310_000,
        "RemoveLiquidity": 220_000,
        "RemoveLiquidityOne": 190_000,
        "Collect": 55_000,
        "Supply": 225_000,
        "Withdraw": 315_000,
        "Borrow": 345_000,
        "Repay": 180_000,
        "Delegate": 42_000,
        "EnterLoop": 860_000,
        "LeaveLoop": 890_000,
        "OpenPosition": 1_200_000,
        "ClosePosition": 1_200_000,
        "LeastBalance": 10_000,
        "LeastHealth": 200_000,
        "Batch": 95_000,
    }
)


def gas_units(actions: Iterable[Action], bounds: Bounds) -> int:
    """The modelled gas of a batch of actions that ends with the check of its bounds."""
    parts = (*actions, *bounds.balances, *bounds.healths)
    return GAS_OF["Batch"] + sum(GAS_OF[type(part).__name__] for part in parts)
