"""The four verbs at the edges, on the model and on the real pool at once."""

import pytest

from tests.unit.protocols.aave_v3.scene import AAVE, DOLLAR, YEAR, Scene
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    ALL,
    Borrow,
    Repay,
    Stake,
    Supply,
    Transfer,
    UpdateAnswer,
    Withdraw,
)
from trimtab.core.errors import InvariantViolation, MissingRead
from trimtab.core.market import token_market
from trimtab.core.states import Movement, Reverted
from trimtab.core.token import Address
from trimtab.protocols.shared.aave.bitmap import is_borrowing, is_collateral

pytestmark = pytest.mark.chain

STRANGER = Address("0x00000000000000000000000000000000000A11cE")
PANIC = f"0x4e487b71{0x11:064x}"
NO_DATA = "0x"
TOO_WIDE = "SafeCast: value doesn't fit in 128 bits"


def all_bitcoin_borrowed(scene: Scene) -> None:
    """The reserve of the steepest curve, fully used for a year, against much collateral."""
    lender, borrower = scene.owners[:2]
    wbtc = scene.token("WBTC")
    scene.supply(lender, "WBTC", 10)
    scene.supply(borrower, "WETH", 100_000)
    scene.do(Borrow(borrower, scene.pool.id, wbtc, 10 * wbtc.unit, borrower))
    scene.wait(YEAR)


def marked_as_collateral(scene: Scene, owner: Address, symbol: str) -> bool:
    configuration = scene.state().account(owner).user_configuration
    return is_collateral(configuration, scene.reserve(symbol).id)


def marked_as_borrowing(scene: Scene, owner: Address, symbol: str) -> bool:
    configuration = scene.state().account(owner).user_configuration
    return is_borrowing(configuration, scene.reserve(symbol).id)


# ---------------------------------------------------------------------------------- collateral


def test_supply__first_of_an_account__becomes_collateral(scene: Scene) -> None:
    owner = scene.owners[0]
    assert not marked_as_collateral(scene, owner, "USDC")
    scene.supply(owner, "USDC", 1)
    assert marked_as_collateral(scene, owner, "USDC")
    scene.pool_call(owner, "setUserUseReserveAsCollateral", scene.token("USDC").address, False)
    scene.supply(owner, "USDC", 1)
    assert not marked_as_collateral(scene, owner, "USDC")


def test_supply__without_loan_to_value__no_collateral(scene: Scene) -> None:
    scene.govern("configureReserveAsCollateral", scene.token("OLD").address, 0, 6_000, 10_500)
    scene.supply(scene.owners[0], "OLD", 1)
    assert not marked_as_collateral(scene, scene.owners[0], "OLD")


def test_supply__for_another__is_theirs(scene: Scene) -> None:
    actor, other, usdc = scene.owners[0], scene.owners[1], scene.token("USDC")
    scene.do(Supply(actor, scene.pool.id, usdc, 10**6, other))
    assert scene.state().account(other).scaled_supplies[usdc] == 10**6
    assert scene.state().account(actor).scaled_supplies[usdc] == 0
    scene.do(Supply(actor, scene.pool.id, usdc, 10**6, STRANGER))
    assert scene.state().reserve(usdc).scaled_supply == 2 * 10**6


@pytest.mark.parametrize("quantity, is_left", [(10**6, False), (ALL, False), (10**6 - 1, True)])
def test_withdraw__all_of_it__no_collateral_any_more(
    scene: Scene, quantity: int, is_left: bool
) -> None:
    owner, usdc = scene.owners[0], scene.token("USDC")
    scene.supply(owner, "USDC", 1)
    scene.do(Withdraw(owner, scene.pool.id, usdc, quantity, STRANGER))
    assert marked_as_collateral(scene, owner, "USDC") is is_left


def test_withdraw__to_the_a_token__nothing_moves(scene: Scene) -> None:
    owner, usdc, a_token = scene.owners[0], scene.token("USDC"), scene.reserve("USDC").a_token
    scene.supply(owner, "USDC", 1)
    states = scene.do(Withdraw(owner, scene.pool.id, usdc, ALL, a_token))
    assert states[scene.pool].reserve(usdc).scaled_supply == 0
    donation = Transfer(owner, token_market(usdc), usdc, a_token, 5)
    before, after = states, scene.do(donation)
    assert after[scene.pool] == before[scene.pool]


def test_withdraw__health_factor_below_one__refused(scene: Scene) -> None:
    owner, usdc, weth, pool = (
        scene.owners[0], scene.token("USDC"), scene.token("WETH"), scene.pool.id,
    )  # fmt: skip
    scene.supply(owner, "USDC", 10_000)
    scene.supply(owner, "WETH", 5)
    scene.do(Borrow(owner, pool, usdc, 8_000 * 10**6, owner))
    scene.do(Withdraw(owner, pool, usdc, 2_000 * 10**6, owner))
    assert scene.refusal(Withdraw(owner, pool, weth, ALL, owner)) == "35"


def test_withdraw__collateral_without_loan_to_value_stays__refused(scene: Scene) -> None:
    owner, usdc, old, pool = (
        scene.owners[0], scene.token("USDC"), scene.token("OLD"), scene.pool.id,
    )  # fmt: skip
    scene.supply(owner, "OLD", 1_000)
    scene.supply(owner, "USDC", 10_000)
    scene.do(Borrow(owner, pool, usdc, 10**6, owner))
    scene.govern("configureReserveAsCollateral", old.address, 0, 6_000, 10_500)
    assert scene.refusal(Withdraw(owner, pool, usdc, 10**6, owner)) == "57"
    scene.do(Withdraw(owner, pool, old, 100, owner))


def test_health_factor__exactly_one__may_withdraw_but_not_borrow(scene: Scene) -> None:
    owner, usdc, weth, pool = (
        scene.owners[0],
        scene.token("USDC"),
        scene.token("WETH"),
        scene.pool.id,
    )
    scene.supply(scene.owners[1], "WETH", 100)
    scene.supply(owner, "USDC", 10_000)
    scene.do(Borrow(owner, pool, weth, 32 * 10**17, owner))  # 6,400 dollars
    most = 2_000 * 10**6
    assert scene.refusal(Withdraw(owner, pool, usdc, most + 1, owner)) == "35"
    scene.do(Withdraw(owner, pool, usdc, most, owner))
    assert scene.refusal(Borrow(owner, pool, weth, 1, owner)) == "35"


def test_withdraw__without_threshold__the_mark_of_collateral_counts_for_nothing(
    scene: Scene,
) -> None:
    lender, borrower, owner, _ = scene.owners
    dai, usdc, pool = scene.token("DAI"), scene.token("USDC"), scene.pool.id
    scene.supply(lender, "DAI", 10)
    scene.supply(borrower, "WETH", 10)
    scene.do(Borrow(borrower, pool, dai, 10 * dai.unit, borrower))
    scene.wait(10 * YEAR)
    scene.do(Supply(owner, pool, dai, 6, owner))
    scene.do(Repay(borrower, pool, dai, ALL, borrower))
    scene.do(Withdraw(owner, pool, dai, 5, owner))  # of 6, and yet the one scaled unit
    scene.do(Withdraw(lender, pool, dai, ALL, lender))
    scene.govern("configureReserveAsCollateral", dai.address, 0, 0, 0)
    scene.supply(owner, "DAI", 1_000)
    scene.supply(owner, "USDC", 1_000)
    assert marked_as_collateral(scene, owner, "DAI")
    scene.do(Borrow(owner, pool, usdc, 10**6, owner))
    scene.do(Withdraw(owner, pool, usdc, 10**6, owner))


# ------------------------------------------------------------------------------- borrow, repay


def test_borrow__at_the_loan_to_value__one_more_is_refused(scene: Scene) -> None:
    owner, usdc, pool = scene.owners[0], scene.token("USDC"), scene.pool.id
    scene.supply(owner, "WETH", 10)
    scene.supply(scene.owners[1], "USDC", 100_000)
    most = 16_100 * 10**6  # 10 at 2,000 dollars and 80.5 %
    assert scene.refusal(Borrow(owner, pool, usdc, most + 10**3, owner)) == "36"
    scene.do(Borrow(owner, pool, usdc, most, owner))
    assert scene.refusal(Borrow(owner, pool, usdc, 10**3, owner)) == "36"
    scene.do(UpdateAnswer(owner, scene.reserve("WETH").feed, 1_900 * DOLLAR))
    assert scene.refusal(Borrow(owner, pool, usdc, 1, owner)) == "35"


def test_borrow__no_collateral__refused(scene: Scene) -> None:
    scene.supply(scene.owners[0], "USDC", 1)
    action = Borrow(scene.owners[1], scene.pool.id, scene.token("USDC"), 1, scene.owners[1])
    assert scene.refusal(action) == "34"


def test_borrow__collateral_without_loan_to_value__refused(scene: Scene) -> None:
    owner, old = scene.owners[0], scene.token("OLD")
    scene.supply(owner, "OLD", 1_000)
    scene.govern("configureReserveAsCollateral", old.address, 0, 6_000, 10_500)
    assert scene.refusal(Borrow(owner, scene.pool.id, old, 1, owner)) == "57"


@pytest.mark.parametrize("quantity", [ALL, UINT256_MAX, 2 * 10**9])
def test_repay__all_of_it__no_debt_any_more(scene: Scene, quantity: int) -> None:
    owner, usdc, pool = scene.owners[0], scene.token("USDC"), scene.pool.id
    scene.supply(owner, "USDC", 10_000)
    scene.do(Borrow(owner, pool, usdc, 10**9, owner))
    assert marked_as_borrowing(scene, owner, "USDC")
    scene.wait(YEAR)
    states, outcome = scene.check(Repay(owner, pool, usdc, quantity, owner))
    assert not isinstance(outcome, Reverted)
    assert not marked_as_borrowing(scene, owner, "USDC")
    assert states[scene.pool].account(owner).scaled_debts[usdc] == 0
    assert 10**9 < outcome.movements[0].raw < 2 * 10**9


def test_repay__of_another__an_integer_only(scene: Scene) -> None:
    owner, other, usdc, pool = *scene.owners[:2], scene.token("USDC"), scene.pool.id
    scene.supply(owner, "USDC", 10_000)
    scene.do(Borrow(owner, pool, usdc, 10**9, owner))
    assert scene.refusal(Repay(other, pool, usdc, ALL, owner)) == "40"
    scene.do(Repay(other, pool, usdc, UINT256_MAX - 1, owner))
    assert scene.refusal(Repay(other, pool, usdc, 1, owner)) == "39"


# ---------------------------------------------------------------------------------------- caps


def test_supply__above_the_cap__refused(scene: Scene) -> None:
    owner, usdc, pool = scene.owners[0], scene.token("USDC"), scene.pool.id
    scene.govern("setSupplyCap", usdc.address, 100)
    scene.supply(owner, "USDC", 60)
    assert scene.refusal(Supply(owner, pool, usdc, 40 * 10**6 + 1, owner)) == "51"
    assert scene.refusal(Supply(owner, pool, usdc, UINT256_MAX, owner)) == PANIC
    scene.do(Supply(owner, pool, usdc, 40 * 10**6, owner))


def test_supply__cap__holds_what_the_treasury_accrued(scene: Scene) -> None:
    all_bitcoin_borrowed(scene)
    lender, wbtc, pool = scene.owners[0], scene.token("WBTC"), scene.pool.id
    scene.do(Supply(lender, pool, wbtc, wbtc.unit, lender))
    reserve = scene.state().reserve(wbtc)
    assert reserve.accrued_to_treasury > 0
    scaled = reserve.scaled_supply + reserve.accrued_to_treasury
    supplied = (scaled * reserve.liquidity_index + 5 * 10**26) // 10**27
    scene.govern("setSupplyCap", wbtc.address, 100)
    room = 100 * wbtc.unit - supplied
    assert scene.refusal(Supply(lender, pool, wbtc, room + 1, lender)) == "51"
    scene.do(Supply(lender, pool, wbtc, room, lender))


def test_borrow__above_the_cap__refused(scene: Scene) -> None:
    owner, usdc, pool = scene.owners[0], scene.token("USDC"), scene.pool.id
    scene.govern("setBorrowCap", usdc.address, 100)
    scene.supply(owner, "USDC", 10_000)
    scene.do(Borrow(owner, pool, usdc, 60 * 10**6, owner))
    assert scene.refusal(Borrow(owner, pool, usdc, 40 * 10**6 + 1, owner)) == "50"
    assert scene.refusal(Borrow(owner, pool, usdc, UINT256_MAX, owner)) == PANIC
    scene.do(Borrow(owner, pool, usdc, 40 * 10**6, owner))


# ------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    "setting, value, refused",
    [
        ("setReserveFreeze", True, {"Supply": "28", "Borrow": "28"}),
        (
            "setReservePause",
            True,
            {"Supply": "29", "Withdraw": "29", "Borrow": "29", "Repay": "29"},
        ),
        ("setReserveBorrowing", False, {"Borrow": "30"}),
    ],
)
def test_apply__reserve_closed__refused_as_on_the_chain(
    scene: Scene, setting: str, value: bool, refused: dict[str, str]
) -> None:
    owner, usdc, pool = scene.owners[0], scene.token("USDC"), scene.pool.id
    scene.supply(owner, "USDC", 100_000)
    scene.do(Borrow(owner, pool, usdc, 10**9, owner))
    scene.govern(setting, usdc.address, value)
    for action in (
        Supply(owner, pool, usdc, 10**6, owner),
        Borrow(owner, pool, usdc, 10**6, owner),
        Repay(owner, pool, usdc, 10**6, owner),
        Withdraw(owner, pool, usdc, 10**6, owner),
    ):
        _, outcome = scene.check(action)
        reason = outcome.reason if isinstance(outcome, Reverted) else None
        assert reason == refused.get(type(action).__name__)


def test_apply__zero__refused(scene: Scene) -> None:
    owner, usdc, pool = scene.owners[0], scene.token("USDC"), scene.pool.id
    scene.supply(owner, "USDC", 1_000)
    scene.do(Borrow(owner, pool, usdc, 10**6, owner))
    assert scene.refusal(Supply(owner, pool, usdc, 0, owner)) == "26"
    assert scene.refusal(Withdraw(owner, pool, usdc, 0, owner)) == "26"
    assert scene.refusal(Borrow(owner, pool, usdc, 0, owner)) == "26"
    assert scene.refusal(Repay(owner, pool, usdc, 0, owner)) == "26"
    assert scene.refusal(Withdraw(scene.owners[1], pool, usdc, ALL, owner)) == "26"


def test_apply__inactive_reserve__refused(scene: Scene) -> None:
    owner, dai, pool = scene.owners[0], scene.token("DAI"), scene.pool.id
    scene.govern("setReserveActive", dai.address, False)
    assert scene.refusal(Supply(owner, pool, dai, 1, owner)) == "27"
    assert scene.refusal(Borrow(owner, pool, dai, 1, owner)) == "27"
    assert scene.refusal(Repay(owner, pool, dai, 1, owner)) == "27"
    assert scene.refusal(Withdraw(owner, pool, dai, 1, owner)) == "32"


def test_apply__less_than_half_a_scaled_unit__refused(scene: Scene) -> None:
    all_bitcoin_borrowed(scene)
    lender, borrower, other, _ = scene.owners
    pool, wbtc = scene.pool.id, scene.token("WBTC")
    assert scene.refusal(Supply(other, pool, wbtc, 1, other)) == "24"
    assert scene.refusal(Repay(borrower, pool, wbtc, 1, borrower)) == "25"
    scene.do(Repay(borrower, pool, wbtc, wbtc.unit, borrower))
    assert scene.refusal(Withdraw(lender, pool, wbtc, 1, lender)) == "25"
    assert scene.refusal(Borrow(borrower, pool, wbtc, 1, borrower)) == "24"


def test_apply__index_beyond_128_bits__refused(scene: Scene) -> None:
    all_bitcoin_borrowed(scene)
    lender, wbtc = scene.owners[0], scene.token("WBTC")
    scene.wait(10_000 * YEAR)
    assert scene.refusal(Supply(lender, scene.pool.id, wbtc, wbtc.unit, lender)) == TOO_WIDE


def test_borrow__more_than_the_liquidity__arithmetic_panic(scene: Scene) -> None:
    all_bitcoin_borrowed(scene)
    borrower, wbtc = scene.owners[1], scene.token("WBTC")
    assert scene.refusal(Borrow(borrower, scene.pool.id, wbtc, 10**6, borrower)) == PANIC


def test_borrow__lowest_price__goes_through(scene: Scene) -> None:
    owner, usdc, pool = scene.owners[0], scene.token("USDC"), scene.pool.id
    scene.supply(owner, "USDC", 1_000)
    scene.supply(owner, "WETH", 1)
    scene.do(UpdateAnswer(owner, scene.reserve("USDC").feed, 1))
    scene.do(Borrow(owner, pool, usdc, 10**8, owner))


@pytest.mark.parametrize("answer", [0, -1])
def test_borrow__price_not_positive__reverts_without_data(scene: Scene, answer: int) -> None:
    owner, usdc, pool = scene.owners[0], scene.token("USDC"), scene.pool.id
    scene.supply(owner, "USDC", 1_000)
    scene.do(Borrow(owner, pool, usdc, 10**8, owner))
    scene.do(UpdateAnswer(owner, scene.reserve("USDC").feed, answer))
    assert scene.refusal(Borrow(owner, pool, usdc, 10**6, owner)) == NO_DATA
    assert scene.refusal(Withdraw(owner, pool, usdc, 10**6, owner)) == NO_DATA


@pytest.mark.parametrize(
    "moved, answer, amount, reason",
    [
        ("OLD", 3 * DOLLAR, 2**128, "36"),
        ("OLD", 3 * DOLLAR, 2**222, NO_DATA),  # the percentage of the sum needed
        ("OLD", 3 * DOLLAR, UINT256_MAX, PANIC),  # the worth of the amount
        ("OLD", 2**200, 1, NO_DATA),  # the health factor
        ("WETH", 2**200, 1, PANIC),  # the worth of the collateral
    ],
)
def test_borrow__sums_beyond_256_bits__fail_as_on_the_chain(
    scene: Scene, moved: str, answer: int, amount: int, reason: str
) -> None:
    owner, old, pool = scene.owners[0], scene.token("OLD"), scene.pool.id
    scene.supply(owner, "OLD", 1_000)
    scene.supply(owner, "WETH", 1_000)
    scene.do(Borrow(owner, pool, old, 1, owner))
    scene.do(UpdateAnswer(owner, scene.reserve(moved).feed, answer))
    assert scene.refusal(Borrow(owner, pool, old, amount, owner)) == reason


def test_borrow__debt_beyond_128_bits__refused(scene: Scene) -> None:
    owner = scene.owners[0]
    scene.supply(owner, "OLD", 1_000)
    scene.do(UpdateAnswer(owner, scene.reserve("OLD").feed, 2**200))
    action = Borrow(owner, scene.pool.id, scene.token("USDC"), 2**130, owner)
    assert scene.refusal(action) == TOO_WIDE


# ------------------------------------------------------------------------------------ not ours


def test_apply__account_or_reserve_not_tracked__missing(scene: Scene) -> None:
    owner, usdc, states, pool = (
        scene.owners[0], scene.token("USDC"), scene.states(), scene.pool.id,
    )  # fmt: skip
    with pytest.raises(MissingRead, match="are not tracked"):
        AAVE.apply(states, Repay(owner, pool, usdc, 1, STRANGER))
    other = type(usdc)(usdc.chain, STRANGER, 18, "XYZ")
    with pytest.raises(MissingRead, match="XYZ is not a declared reserve of the pool"):
        AAVE.apply(states, Supply(owner, pool, other, 1, owner))


def test_apply__action_of_another_protocol__never(scene: Scene) -> None:
    owner, usdc = scene.owners[0], scene.token("USDC")
    action = Stake(owner, scene.pool.id, usdc, 1)
    with pytest.raises(InvariantViolation, match="a lending pool cannot"):
        AAVE.apply(scene.states(), action)
    with pytest.raises(InvariantViolation, match="a lending pool cannot"):
        AAVE.encode(scene.states(), action)


def test_movement__supply__taken_by_the_pool(scene: Scene) -> None:
    owner, usdc = scene.owners[0], scene.token("USDC")
    _, outcome = scene.check(Supply(owner, scene.pool.id, usdc, 7, owner))
    assert not isinstance(outcome, Reverted)
    a_token = scene.reserve("USDC").a_token
    assert outcome.movements == (Movement(usdc, owner, a_token, 7, scene.pool.address),)
