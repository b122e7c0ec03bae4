"""Roundings that show only where amounts are of a few base units."""

import pytest

from tests.unit.protocols.aave_v3.reserves import (
    NOW,
    OPEN,
    OWNER,
    POOL,
    RAY,
    RESERVE,
    TOKEN,
    lending_state,
    reserve_state,
    states,
)
from trimtab.core.abi import Log, topic, word
from trimtab.protocols.aave_v3 import AaveV3Adapter, utilisation
from trimtab.protocols.aave_v3.model.validation import validate_borrow, validate_supply
from trimtab.protocols.shared.reverts import RevertError

BURN = topic("Burn(address,address,uint256,uint256,uint256)")
UP, DOWN = 3 * RAY // 2, 5 * RAY // 4
"""Indices at which one scaled unit is worth two base units, half up, and one."""


@pytest.mark.parametrize("index, debt", [(UP, 2), (DOWN, 1)])
def test_utilisation__part_of_a_unit_owed__half_up(index: int, debt: int) -> None:
    among = states(lending_state(reserve_state(index=index, owed=1)), lying=2)
    assert utilisation(among, POOL, TOKEN) == (debt * RAY * 2 // (2 + debt) + 1) // 2


@pytest.mark.parametrize("index, supplied", [(UP, 2), (DOWN, 1)])
def test_supply_cap__part_of_a_unit_supplied__half_up(index: int, supplied: int) -> None:
    cap = 10
    reserve = reserve_state(index=index, supplied=1, settings=OPEN | cap << 116)
    validate_supply(reserve, cap - supplied)
    with pytest.raises(RevertError, match="51"):
        validate_supply(reserve, cap - supplied + 1)


@pytest.mark.parametrize("index, owed", [(UP, 2), (DOWN, 1)])
def test_borrow_cap__part_of_a_unit_owed__half_up(index: int, owed: int) -> None:
    cap = 10
    reserve = reserve_state(index=index, owed=1, settings=OPEN | cap << 80)
    lending = lending_state(reserve)
    among = states(lending, lying=cap)
    with pytest.raises(RevertError, match="34"):  # within the cap, but without collateral
        validate_borrow(among, lending, reserve, OWNER, cap - owed)
    with pytest.raises(RevertError, match="50"):
        validate_borrow(among, lending, reserve, OWNER, cap - owed + 1)


@pytest.mark.parametrize("index, burnt", [(2 * RAY, 1), (2 * RAY + 1, 0)])
def test_observe__burn_of_half_a_scaled_unit__half_up_as_a_loss(index: int, burnt: int) -> None:
    before = lending_state(reserve_state(index=RAY, supplied=5), supplied=3)
    data = b"".join(map(word, (1, 0, index)))
    log = Log(RESERVE.a_token, (BURN, word(OWNER), word(OWNER)), data, 1, NOW, "0x1", 0)
    after = AaveV3Adapter().observe(before, log)
    assert after.reserves[TOKEN].scaled_supply == 5 - burnt
    assert after.accounts[OWNER].scaled_supplies[TOKEN] == 3 - burnt
