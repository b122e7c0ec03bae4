from typing import get_args

from tests.unit.core.test_token import USDC
from trimtab.core.actions import Action, Approve, Staking
from trimtab.core.bounds import Bounds, LeastBalance, LeastHealth
from trimtab.core.market import token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS
from trimtab.routing.gas import GAS_OF, gas_units

DEADLINE = Timestamp(100)
APPROVE = Approve(ZERO_ADDRESS, token_market(USDC), USDC, ZERO_ADDRESS, 1)


OTHERS = {"UpdateAnswer", "Liquidate", "FlashLoan", "UseAsCollateral"}
OTHERS |= {"SetEfficiencyMode", "MintShares", "RedeemShares"}
OTHERS |= {kind.__name__ for kind in get_args(Staking)} | {"LiquidatePosition", "SettleFunding"}
"""What no plan does."""


def test_gas__every_action_of_ours__has_a_figure() -> None:
    ours = {kind.__name__ for kind in get_args(Action)} - OTHERS
    assert GAS_OF.keys() == ours | {"LeastBalance", "LeastHealth", "Batch"}


def test_gas_units__no_action_and_no_bound__the_batch_alone() -> None:
    assert gas_units((), Bounds(DEADLINE)) == GAS_OF["Batch"]


def test_gas_units__actions_and_bounds__each_counted() -> None:
    balance = LeastBalance(USDC, ZERO_ADDRESS, 1)
    bounds = Bounds(DEADLINE, (balance,) * 3, (LeastHealth(ZERO_ADDRESS, ZERO_ADDRESS, 1),))
    assert gas_units((APPROVE, APPROVE), bounds) == (
        GAS_OF["Batch"] + 2 * GAS_OF["Approve"] + 3 * GAS_OF["LeastBalance"] + GAS_OF["LeastHealth"]
    )
