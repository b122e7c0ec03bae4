from typing import get_args

from tests.unit.core.test_token import USDC
from trimtab.core.actions import Action, Approve, UpdateAnswer
from trimtab.core.market import token_market
from trimtab.core.token import ZERO_ADDRESS
from trimtab.routing.gas import GAS_OF, gas_units

APPROVE = Approve(ZERO_ADDRESS, token_market(USDC), USDC, ZERO_ADDRESS, 1)


def test_gas__every_action_of_ours__has_a_figure() -> None:
    ours = {kind.__name__ for kind in get_args(Action)} - {UpdateAnswer.__name__}
    assert GAS_OF.keys() == ours | {"Batch"}


def test_gas_units__no_action__the_batch_alone() -> None:
    assert gas_units(()) == GAS_OF["Batch"]


def test_gas_units__actions__each_counted() -> None:
    assert gas_units((APPROVE, APPROVE)) == GAS_OF["Batch"] + 2 * GAS_OF["Approve"]
