"""Efficiency mode, isolation, siloed borrowing and collateral, on the model and the real pool."""

import pytest
from eth_utils.crypto import keccak

from tests.unit.protocols.aave_v3.scene import AAVE, CONTRACTS, DOLLAR, YEAR, Scene
from trimtab.core.abi import UINT256_MAX, call_data, words
from trimtab.core.actions import (
    ALL,
    Borrow,
    Repay,
    SetEfficiencyMode,
    Supply,
    UpdateAnswer,
    UseAsCollateral,
    Withdraw,
)
from trimtab.core.errors import MissingRead
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world import Contract
from trimtab.protocols.aave_v3 import account_summary
from trimtab.protocols.shared.aave.bitmap import is_collateral

pytestmark = pytest.mark.chain

NO_DATA = "0x"
PANIC = f"0x4e487b71{0x11:064x}"


def with_dollars(scene: Scene) -> None:
    """A category of both dollars, each at its own price."""
    scene.govern("setEModeCategory", 1, 9_000, 9_300, 10_200, ZERO_ADDRESS, "dollars")
    for symbol in ("USDC", "DAI"):
        scene.govern("setAssetEModeCategory", scene.token(symbol).address, 1)
    scene.supply(scene.owners[1], "DAI", 100_000)


def with_ether(scene: Scene) -> None:
    """A category of bitcoin and ether, both at the price of ether."""
    source = scene.pool.categories[1].price_source
    scene.govern("setEModeCategory", 2, 9_000, 9_300, 10_200, source, "ether")
    for symbol in ("WETH", "WBTC"):
        scene.govern("setAssetEModeCategory", scene.token(symbol).address, 2)


def in_isolation(scene: Scene, ceiling: int = 1_000) -> Address:
    """An owner whose only collateral has a debt ceiling, in whole tokens."""
    owner, lender = scene.owners[:2]
    scene.govern("setDebtCeiling", scene.token("OLD").address, ceiling * 100)
    scene.govern("setBorrowableInIsolation", scene.token("DAI").address, True)
    scene.supply(lender, "DAI", 100_000)
    scene.supply(lender, "USDC", 100_000)
    scene.supply(owner, "OLD", 10_000)
    scene.do(UseAsCollateral(owner, scene.pool.id, scene.token("OLD"), True))
    return owner


def borrowing(scene: Scene, owner: Address, symbol: str, raw: int) -> Borrow:
    return Borrow(owner, scene.pool.id, scene.token(symbol), raw, owner)


def counts(scene: Scene, owner: Address, symbol: str) -> bool:
    bits = scene.state().account(owner).user_configuration
    return is_collateral(bits, scene.reserve(symbol).id)


def check_summary(scene: Scene, owner: Address) -> None:
    """The account's sums as the pool itself tells them."""
    asked = call_data("getUserAccountData(address)", owner)
    said = words(scene.static(scene.pool.address, asked), 6, "getUserAccountData")
    data = account_summary(scene.states(), scene.pool, owner)
    assert (data.total_collateral, data.total_debt) == said[:2]
    assert (data.liquidation_threshold, data.loan_to_value, data.health_factor) == said[3:]


# ------------------------------------------------------------------------------ efficiency mode


def test_set_efficiency_mode__its_limits_hold_until_it_is_left(scene: Scene) -> None:
    with_dollars(scene)
    owner, pool = scene.owners[0], scene.pool.id
    scene.supply(owner, "USDC", 10_000)
    more = borrowing(scene, owner, "DAI", 8_500 * 10**18)
    assert scene.refusal(more) == "36"
    scene.do(SetEfficiencyMode(owner, pool, 1))
    scene.do(more)
    check_summary(scene, owner)
    assert scene.refusal(SetEfficiencyMode(owner, pool, 0)) == "35"
    scene.do(Repay(owner, pool, scene.token("DAI"), 600 * 10**18, owner))
    scene.do(SetEfficiencyMode(owner, pool, 0))
    check_summary(scene, owner)


def test_borrow__outside_of_the_category__refused(scene: Scene) -> None:
    with_dollars(scene)
    owner = scene.owners[0]
    scene.supply(scene.owners[1], "WETH", 10)
    scene.supply(owner, "USDC", 10_000)
    scene.do(SetEfficiencyMode(owner, scene.pool.id, 1))
    assert scene.refusal(borrowing(scene, owner, "WETH", 1)) == "58"


def test_set_efficiency_mode__with_another_debt__refused(scene: Scene) -> None:
    with_dollars(scene)
    owner, pool = scene.owners[0], scene.pool.id
    scene.supply(scene.owners[1], "WETH", 10)
    scene.supply(owner, "USDC", 10_000)
    scene.do(borrowing(scene, owner, "WETH", 10**18))
    assert scene.refusal(SetEfficiencyMode(owner, pool, 1)) == "58"
    scene.do(SetEfficiencyMode(owner, pool, 0))


@pytest.mark.parametrize("number, reason", [(2, "58"), (256, NO_DATA), (UINT256_MAX, NO_DATA)])
def test_set_efficiency_mode__no_such_category__refused(
    scene: Scene, number: int, reason: str
) -> None:
    assert scene.refusal(SetEfficiencyMode(scene.owners[0], scene.pool.id, number)) == reason


def test_set_efficiency_mode__not_declared__missing_and_not_refused(scene: Scene) -> None:
    with pytest.raises(MissingRead, match="category 7 is not declared, which are 1, 2"):
        AAVE.apply(scene.states(), SetEfficiencyMode(scene.owners[0], scene.pool.id, 7))


def test_efficiency_mode__price_source__for_all_of_the_category(scene: Scene) -> None:
    with_ether(scene)
    owner, pool = scene.owners[0], scene.pool.id
    scene.supply(owner, "WBTC", 1)
    scene.supply(owner, "USDC", 1_000)
    scene.supply(scene.owners[1], "WETH", 100)
    assert account_summary(scene.states(), scene.pool, owner).total_collateral == 41_000 * DOLLAR
    scene.do(SetEfficiencyMode(owner, pool, 2))
    check_summary(scene, owner)
    assert account_summary(scene.states(), scene.pool, owner).total_collateral == 3_000 * DOLLAR
    scene.do(UpdateAnswer(owner, scene.reserve("WBTC").feed, 0))
    scene.do(borrowing(scene, owner, "WETH", 10**17))
    check_summary(scene, owner)
    scene.do(UpdateAnswer(owner, scene.reserve("WETH").feed, 0))
    assert scene.refusal(borrowing(scene, owner, "WETH", 10**17)) == NO_DATA


def test_efficiency_mode__price_source_of_zero__asked_even_if_nothing_is_of_it(
    scene: Scene,
) -> None:
    with_ether(scene)
    owner, pool, usdc = scene.owners[0], scene.pool.id, scene.token("USDC")
    scene.supply(owner, "USDC", 1_000)
    scene.supply(owner, "DAI", 1_000)
    scene.do(SetEfficiencyMode(owner, pool, 2))
    scene.do(UpdateAnswer(owner, scene.reserve("WETH").feed, -1))
    assert scene.refusal(UseAsCollateral(owner, pool, usdc, False)) == NO_DATA
    assert scene.refusal(SetEfficiencyMode(owner, pool, 2)) == NO_DATA
    scene.do(SetEfficiencyMode(owner, pool, 0))
    scene.do(UseAsCollateral(owner, pool, usdc, False))


def test_efficiency_mode__of_an_empty_account__chosen_and_left(scene: Scene) -> None:
    with_ether(scene)
    owner, pool = scene.owners[0], scene.pool.id
    scene.do(UpdateAnswer(owner, scene.reserve("WETH").feed, 0))
    for number in (2, 2, 0):
        scene.do(SetEfficiencyMode(owner, pool, number))
        assert scene.state().account(owner).efficiency_category == number


# ------------------------------------------------------------------------------------ isolation


def test_supply__isolated_asset__no_collateral_unless_asked(scene: Scene) -> None:
    owner = in_isolation(scene)
    other, old = scene.owners[2], scene.token("OLD")
    scene.supply(other, "OLD", 1)
    assert not counts(scene, other, "OLD")
    scene.supply(owner, "USDC", 1)
    assert not counts(scene, owner, "USDC")
    usdc = scene.token("USDC")
    assert scene.refusal(UseAsCollateral(owner, scene.pool.id, usdc, True)) == "62"
    scene.supply(other, "WETH", 1)
    assert scene.refusal(UseAsCollateral(other, scene.pool.id, old, True)) == "62"


def test_supply__by_who_has_the_role__isolated_collateral_for_another(scene: Scene) -> None:
    in_isolation(scene)
    periphery, other, old = scene.owners[2], scene.owners[3], scene.token("OLD")
    path = "protocol/configuration/ACLManager.sol/ACLManager.json"
    manager = Contract.at(scene.deployment.aave_v3.acl_manager, CONTRACTS + path)
    role = keccak(text="ISOLATED_COLLATERAL_SUPPLIER")
    scene.send(scene.deployment.deployer, manager.call("grantRole", role, periphery))
    scene.do(Supply(periphery, scene.pool.id, old, 100, other))
    assert counts(scene, other, "OLD")


def test_borrow__in_isolation__only_what_may_be_and_up_to_the_ceiling(scene: Scene) -> None:
    owner, old, dai = in_isolation(scene), scene.token("OLD"), scene.token("DAI")
    assert scene.refusal(borrowing(scene, owner, "USDC", 1)) == "60"
    hundredth = dai.unit // 100
    scene.do(borrowing(scene, owner, "DAI", 999 * dai.unit + 2 * hundredth - 1))
    assert scene.state().reserve(old).isolated_debt == 999_01
    assert scene.refusal(borrowing(scene, owner, "DAI", dai.unit)) == "53"
    scene.do(borrowing(scene, owner, "DAI", dai.unit - 1))
    assert scene.state().reserve(old).isolated_debt == 1_000_00
    scene.do(borrowing(scene, owner, "DAI", hundredth - 1))
    assert scene.refusal(borrowing(scene, owner, "DAI", hundredth)) == "53"


def test_repay__in_isolation__less_what_interest_adds(scene: Scene) -> None:
    owner, old, dai = in_isolation(scene), scene.token("OLD"), scene.token("DAI")
    scene.do(borrowing(scene, owner, "DAI", 500 * dai.unit))
    scene.wait(3 * YEAR)
    scene.do(Repay(owner, scene.pool.id, dai, 100 * dai.unit, owner))
    assert scene.state().reserve(old).isolated_debt == 400_00
    scene.do(Repay(owner, scene.pool.id, dai, ALL, owner))
    assert scene.state().reserve(old).isolated_debt == 0
    scene.do(Withdraw(owner, scene.pool.id, old, ALL, owner))


def test_borrow__amount_beyond_128_bits_of_the_ceiling__refused(scene: Scene) -> None:
    owner = in_isolation(scene)
    too_wide = "SafeCast: value doesn't fit in 128 bits"
    assert scene.refusal(borrowing(scene, owner, "DAI", 2**200)) == too_wide
    assert scene.refusal(borrowing(scene, owner, "DAI", (2**128 - 1) * 10**16)) == "53"


# --------------------------------------------------------------------------------------- siloed


def test_borrow__siloed_asset__alone_or_not_at_all(scene: Scene) -> None:
    owner, other, lender = scene.owners[:3]
    scene.govern("setSiloedBorrowing", scene.token("OLD").address, True)
    for symbol in ("OLD", "DAI", "USDC"):
        scene.supply(lender, symbol, 10_000)
    for borrower in (owner, other):
        scene.supply(borrower, "WETH", 10)
    scene.do(borrowing(scene, owner, "OLD", 100))
    scene.do(borrowing(scene, owner, "OLD", 100))
    assert scene.refusal(borrowing(scene, owner, "DAI", 10**18)) == "89"
    scene.do(borrowing(scene, other, "DAI", 10**18))
    assert scene.refusal(borrowing(scene, other, "OLD", 100)) == "89"
    scene.do(borrowing(scene, other, "USDC", 10**6))
    assert scene.refusal(borrowing(scene, other, "OLD", 100)) == "89"


# ----------------------------------------------------------------------------------- collateral


def test_use_as_collateral__nothing_supplied__refused(scene: Scene) -> None:
    owner, dai = scene.owners[0], scene.token("DAI")
    assert scene.refusal(UseAsCollateral(owner, scene.pool.id, dai, True)) == "43"


def test_use_as_collateral__closed_reserve__refused(scene: Scene) -> None:
    owner, dai = scene.owners[0], scene.token("DAI")
    scene.supply(owner, "DAI", 1)
    switched_off = UseAsCollateral(owner, scene.pool.id, dai, False)
    scene.govern("setReservePause", dai.address, True)
    assert scene.refusal(switched_off) == "29"
    scene.govern("setReservePause", dai.address, False)
    scene.do(switched_off)
    scene.do(switched_off)
    scene.do(UseAsCollateral(owner, scene.pool.id, dai, True))


def test_use_as_collateral__that_a_debt_rests_on__refused(scene: Scene) -> None:
    owner, weth = scene.owners[0], scene.token("WETH")
    scene.supply(scene.owners[1], "DAI", 10_000)
    scene.supply(owner, "WETH", 1)
    scene.do(borrowing(scene, owner, "DAI", 10**18))
    assert scene.refusal(UseAsCollateral(owner, scene.pool.id, weth, False)) == "35"


def test_use_as_collateral__beside_one_without_loan_to_value__it_leaves_first(
    scene: Scene,
) -> None:
    owner, old, weth = scene.owners[0], scene.token("OLD"), scene.token("WETH")
    scene.supply(owner, "OLD", 1_000)
    scene.supply(owner, "WETH", 1)
    scene.govern("configureReserveAsCollateral", old.address, 0, 6_000, 10_500)
    assert scene.refusal(UseAsCollateral(owner, scene.pool.id, weth, False)) == "57"
    scene.do(UseAsCollateral(owner, scene.pool.id, old, False))
    scene.do(UseAsCollateral(owner, scene.pool.id, weth, False))
    assert scene.refusal(UseAsCollateral(owner, scene.pool.id, old, True)) == "62"
