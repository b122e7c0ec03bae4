"""Liquidations at the edges, on the model and on the real pool at once."""

from dataclasses import replace

import pytest

from tests.unit.protocols.aave_v3.scene import AAVE, DOLLAR, YEAR, Scene
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import ALL, Borrow, Liquidate, Quantity, Transfer, UpdateAnswer
from trimtab.core.errors import MissingRead, NoRoute
from trimtab.core.market import token_market
from trimtab.core.token import Address
from trimtab.protocols.aave_v3 import AccountState, health_factor
from trimtab.protocols.shared.aave.bitmap import is_borrowing, is_collateral

pytestmark = pytest.mark.chain

PANIC = f"0x4e487b71{0x11:064x}"
NO_DATA = "0x"
WAD = 10**18


def indebted(scene: Scene, collateral: int = 10_000, debt: int = 6_400) -> Address:
    """An owner with dollars of one kind as collateral for a debt in another, ether lent beside."""
    debtor, lender = scene.owners[:2]
    scene.supply(lender, "DAI", 100_000)
    scene.supply(debtor, "USDC", collateral)
    dai = scene.token("DAI")
    scene.do(Borrow(debtor, scene.pool.id, dai, debt * dai.unit, debtor))
    return debtor


def priced(scene: Scene, symbol: str, answer: int) -> None:
    """A new price, in hundred-millionths of a dollar."""
    scene.do(UpdateAnswer(scene.owners[3], scene.reserve(symbol).feed, answer))


def call(
    scene: Scene,
    debt: Quantity = ALL,
    collateral: str = "USDC",
    owed: str = "DAI",
    *,
    actor: int = 2,
    takes_shares: bool = False,
) -> Liquidate:
    """The liquidation of the first owner by another."""
    return Liquidate(
        scene.owners[actor],
        scene.pool.id,
        scene.owners[0],
        scene.token(collateral),
        scene.token(owed),
        debt,
        takes_shares=takes_shares,
    )


def account(scene: Scene, number: int) -> AccountState:
    return scene.state().account(scene.owners[number])


def counts(scene: Scene, number: int, symbol: str) -> bool:
    return is_collateral(account(scene, number).user_configuration, scene.reserve(symbol).id)


# ------------------------------------------------------------------------------------- how much


def test_liquidate__health_of_exactly_one__refused(scene: Scene) -> None:
    debtor = indebted(scene)
    priced(scene, "DAI", 125 * DOLLAR // 100)
    assert health_factor(scene.states(), scene.pool, debtor) == WAD
    assert scene.refusal(call(scene)) == "45"
    priced(scene, "DAI", 125 * DOLLAR // 100 + 1)
    scene.do(call(scene, 1_000 * 10**18))


@pytest.mark.parametrize("answer, repaid", [(0, 6_400), (-1, 3_200)])
def test_liquidate__health_of_exactly_095__all_of_the_debt(
    scene: Scene, answer: int, repaid: int
) -> None:
    debtor = indebted(scene, collateral=9_500)
    priced(scene, "DAI", 125 * DOLLAR // 100 + answer)
    health = health_factor(scene.states(), scene.pool, debtor)
    assert health is not None
    assert (health <= 95 * WAD // 100) is (answer == 0)
    scene.do(call(scene, UINT256_MAX))
    dai = scene.token("DAI")
    assert account(scene, 0).scaled_debts[dai] == (6_400 - repaid) * dai.unit
    bits = account(scene, 0).user_configuration
    assert is_borrowing(bits, scene.reserve("DAI").id) is (repaid != 6_400)


def test_liquidate__more_than_the_collateral__all_of_it_for_less_debt(scene: Scene) -> None:
    indebted(scene)
    priced(scene, "DAI", 2 * DOLLAR)
    scene.do(call(scene))
    assert account(scene, 0).scaled_supplies[scene.token("USDC")] == 0
    assert not counts(scene, 0, "USDC")
    # 10,000 dollars at a bonus of 5 % for a debt in units of two dollars.
    repaid = 5_000 * 10**18 * 10**4 // 10_500
    left = 6_400 * 10**18 - account(scene, 0).scaled_debts[scene.token("DAI")]
    assert abs(left - repaid) <= 1
    assert scene.refusal(call(scene)) == "46"


@pytest.mark.parametrize("takes_shares", [False, True])
def test_liquidate__protocol_fee__shares_for_the_treasury(scene: Scene, takes_shares: bool) -> None:
    indebted(scene)
    usdc = scene.token("USDC")
    scene.govern("setLiquidationProtocolFee", usdc.address, 2_000)
    priced(scene, "DAI", 126 * DOLLAR // 100)
    before = scene.state()
    scene.do(call(scene, 1_000 * 10**18, takes_shares=takes_shares))
    after = scene.state()
    lost = before.account(scene.owners[0]).scaled_supplies[usdc]
    lost -= after.account(scene.owners[0]).scaled_supplies[usdc]
    # 1,000 for 1.26 dollars, 5 % more of them, and a fifth of that for the treasury.
    assert lost == 1_323 * 10**6
    left = before.reserve(usdc).scaled_supply - after.reserve(usdc).scaled_supply
    assert left == (0 if takes_shares else lost - 63 * 10**6 // 5)
    liquidator = after.account(scene.owners[2]).scaled_supplies[usdc]
    assert liquidator == (lost - 63 * 10**6 // 5 if takes_shares else 0)


def test_liquidate__treasury_that_is_tracked__gets_its_part(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    indebted(scene)
    usdc, treasury = scene.token("USDC"), scene.deployment.deployer
    scene.govern("setLiquidationProtocolFee", usdc.address, 2_000)
    priced(scene, "DAI", 126 * DOLLAR // 100)
    tracked = replace(scene.accounts, owners=(*scene.owners, treasury))
    monkeypatch.setattr(scene, "accounts", tracked)
    assert scene.state().reserve(usdc).treasury == treasury
    scene.do(call(scene, 1_000 * 10**18))
    assert scene.state().account(treasury).scaled_supplies[usdc] == 63 * 10**6 // 5


def test_liquidate__no_debt_at_all_to_pay__burns_nothing_and_is_refused(scene: Scene) -> None:
    indebted(scene)
    priced(scene, "DAI", 126 * DOLLAR // 100)
    assert scene.refusal(call(scene, 0)) == "25"
    assert scene.refusal(call(scene, 1)) == "25"  # less than a unit of the collateral


# -------------------------------------------------------------------------------- who gets what


def test_liquidate__first_shares__become_collateral(scene: Scene) -> None:
    indebted(scene)
    priced(scene, "DAI", 126 * DOLLAR // 100)
    scene.do(call(scene, 10**20, takes_shares=True))
    assert counts(scene, 2, "USDC")
    assert counts(scene, 0, "USDC")


def test_liquidate__oneself_for_all_shares__kept_but_no_collateral(scene: Scene) -> None:
    indebted(scene)
    priced(scene, "DAI", 2 * DOLLAR)
    scene.do(call(scene, actor=0, takes_shares=True))
    assert account(scene, 0).scaled_supplies[scene.token("USDC")] == 10_000 * 10**6
    assert not counts(scene, 0, "USDC")


def test_liquidate__one_token_on_both_sides__paid_out_of_what_is_received(scene: Scene) -> None:
    debtor, lender, liquidator, other = scene.owners
    usdc, pool = scene.token("USDC"), scene.pool.id
    scene.supply(lender, "USDC", 100_000)
    scene.supply(debtor, "USDC", 1_000)
    scene.supply(debtor, "WETH", 10)
    scene.do(Borrow(debtor, pool, usdc, 16_000 * 10**6, debtor))
    all_of_it = scene.states().state(token_market(usdc)).balance(liquidator)  # type: ignore[attr-defined]
    scene.do(Transfer(liquidator, token_market(usdc), usdc, other, all_of_it))
    priced(scene, "WETH", 1_500 * DOLLAR)
    scene.do(call(scene, owed="USDC"))
    assert account(scene, 0).scaled_supplies[usdc] == 0
    assert scene.refusal(call(scene, 10**9, "WETH", "USDC")).startswith("ERC20: transfer amount")


def test_liquidate__collateral_that_is_lent_out__no_liquidity(scene: Scene) -> None:
    debtor, lender, borrower, _ = scene.owners
    scene.supply(lender, "DAI", 100_000)
    scene.supply(debtor, "WBTC", 1)
    scene.do(Borrow(debtor, scene.pool.id, scene.token("DAI"), 20_000 * 10**18, debtor))
    scene.supply(borrower, "WETH", 100)
    wbtc = scene.token("WBTC")
    scene.do(Borrow(borrower, scene.pool.id, wbtc, wbtc.unit, borrower))
    priced(scene, "WBTC", 20_000 * DOLLAR)
    assert scene.refusal(call(scene, 10**21, "WBTC", actor=3)) == PANIC
    scene.do(call(scene, 10**21, "WBTC", actor=3, takes_shares=True))


# --------------------------------------------------------------------------------------- refused


def test_liquidate__what_is_not_there__refused(scene: Scene) -> None:
    indebted(scene)
    scene.supply(scene.owners[0], "WETH", 1)
    scene.pool_call(
        scene.owners[0], "setUserUseReserveAsCollateral", scene.token("WETH").address, False
    )
    priced(scene, "DAI", 2 * DOLLAR)
    assert scene.refusal(call(scene, collateral="WETH")) == "46"
    assert scene.refusal(call(scene, owed="WBTC")) == "47"
    assert scene.refusal(call(scene, collateral="OLD", owed="WBTC")) == "46"


@pytest.mark.parametrize("closed", ["USDC", "DAI"])
def test_liquidate__paused_reserve_on_either_side__refused(scene: Scene, closed: str) -> None:
    indebted(scene)
    priced(scene, "DAI", 2 * DOLLAR)
    scene.govern("setReservePause", scene.token(closed).address, True)
    assert scene.refusal(call(scene)) == "29"
    scene.govern("setReservePause", scene.token(closed).address, False)
    scene.govern("setReserveFreeze", scene.token(closed).address, True)
    scene.do(call(scene))


def test_liquidate__inactive_reserve__refused(scene: Scene) -> None:
    indebted(scene)
    priced(scene, "DAI", 2 * DOLLAR)
    scene.govern("setReserveActive", scene.token("OLD").address, False)
    assert scene.refusal(call(scene, collateral="OLD")) == "27"


@pytest.mark.parametrize("symbol", ["USDC", "DAI"])
@pytest.mark.parametrize("answer", [0, -1])
def test_liquidate__price_not_positive__reverts_without_data(
    scene: Scene, symbol: str, answer: int
) -> None:
    indebted(scene)
    priced(scene, symbol, answer)
    assert scene.refusal(call(scene)) == NO_DATA


def test_liquidate__worth_beyond_256_bits__arithmetic_panic(scene: Scene) -> None:
    indebted(scene)
    priced(scene, "DAI", 2**200)
    assert scene.refusal(call(scene, UINT256_MAX)) in (PANIC, NO_DATA)


def test_liquidate__after_years__interest_on_both_sides(scene: Scene) -> None:
    indebted(scene, debt=7_600)
    scene.supply(scene.owners[1], "USDC", 1_000)
    scene.wait(3 * YEAR)
    for takes_shares in (False, True, False):
        scene.do(call(scene, 10**20, takes_shares=takes_shares))
        scene.wait(YEAR)


def test_liquidate__by_the_collateral__not_what_this_pool_knows(scene: Scene) -> None:
    action = replace(call(scene, 0), seized=5)
    with pytest.raises(NoRoute, match="liquidates by the debt, not by 5 of the collateral"):
        AAVE.apply(scene.states(), action)


def test_liquidate__owner_that_is_not_tracked__missing(scene: Scene) -> None:
    action = replace(call(scene), owner=scene.pool.address)
    with pytest.raises(MissingRead, match="are not tracked"):
        AAVE.apply(scene.states(), action)


def test_liquidate__in_a_category__with_its_bonus_and_its_price(scene: Scene) -> None:
    debtor, lender = scene.owners[:2]
    weth, dai = scene.token("WETH"), scene.token("DAI")
    ether = scene.pool.categories[1].price_source
    scene.govern("setEModeCategory", 2, 9_000, 9_300, 10_100, ether, "priced as ether")
    scene.govern("setAssetEModeCategory", dai.address, 2)
    scene.supply(lender, "DAI", 100_000)
    scene.supply(debtor, "DAI", 1_000)
    scene.supply(debtor, "WETH", 1)
    scene.pool_call(debtor, "setUserEMode", 2)
    scene.do(Borrow(debtor, scene.pool.id, dai, 900 * dai.unit, debtor))
    scene.pool_call(debtor, "setUserUseReserveAsCollateral", weth.address, False)
    priced(scene, "DAI", 1)  # which nobody asks for
    scene.wait(9 * YEAR)
    scene.do(call(scene, 10**20, "DAI"))


def test_liquidate__last_isolated_collateral__its_debt_stays_under_the_ceiling(
    scene: Scene,
) -> None:
    debtor, lender = scene.owners[:2]
    old, dai = scene.token("OLD"), scene.token("DAI")
    scene.govern("setDebtCeiling", old.address, 10**6 * 100)
    scene.govern("setBorrowableInIsolation", dai.address, True)
    scene.supply(lender, "DAI", 100_000)
    scene.supply(debtor, "OLD", 1_000)
    scene.pool_call(debtor, "setUserUseReserveAsCollateral", old.address, True)
    scene.do(Borrow(debtor, scene.pool.id, dai, 1_400 * dai.unit + dai.unit // 100 - 1, debtor))
    assert scene.state().reserve(old).isolated_debt == 1_400 * 100
    priced(scene, "OLD", 2 * DOLLAR)
    scene.do(call(scene, 100 * dai.unit, "OLD"))
    assert scene.state().reserve(old).isolated_debt == 1_300 * 100
    priced(scene, "OLD", DOLLAR)
    scene.do(call(scene, ALL, "OLD"))
    assert not counts(scene, 0, "OLD")
    assert scene.state().reserve(old).isolated_debt == 1_300 * 100
    assert account(scene, 0).scaled_debts[dai] > 0
