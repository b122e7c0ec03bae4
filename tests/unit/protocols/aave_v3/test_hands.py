"""Shares that change hands, credit for others and flash loans, on the model and the real pool."""

import pytest

from tests.unit.protocols.aave_v3.scene import AAVE, ADAPTERS, YEAR, Scene
from tests.unit.protocols.aave_v3.test_verbs import all_bitcoin_borrowed
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import Approve, Borrow, Delegate, FlashLoan, Transfer, UpdateAnswer
from trimtab.core.adapter import narrow
from trimtab.core.errors import MissingRead, NoRoute
from trimtab.core.market import tracked
from trimtab.core.states import Applied, Movement
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.lab.world import token_contract
from trimtab.protocols.shared.aave.bitmap import is_collateral

pytestmark = pytest.mark.chain

STRANGER = Address("0x00000000000000000000000000000000000A11cE")
NO_DATA = "0x"
PANIC = f"0x4e487b71{0x11:064x}"
TOO_WIDE = "SafeCast: value doesn't fit in 128 bits"


def share(scene: Scene, symbol: str) -> Token:
    return scene.pool.share(scene.reserve(symbol))


def sending(scene: Scene, symbol: str, to: Address, raw: int, owner: int = 0) -> Transfer:
    return Transfer(scene.owners[owner], scene.pool.id, share(scene, symbol), to, raw)


def counts(scene: Scene, owner: Address, symbol: str) -> bool:
    bits = scene.state().account(owner).user_configuration
    return is_collateral(bits, scene.reserve(symbol).id)


# --------------------------------------------------------------------------------------- shares


def test_transfer__all_shares__collateral_of_the_receiver_alone(scene: Scene) -> None:
    owner, other = scene.owners[:2]
    scene.supply(owner, "USDC", 10)
    scene.do(sending(scene, "USDC", other, 10 * 10**6 - 1))
    assert counts(scene, owner, "USDC")
    assert counts(scene, other, "USDC")
    scene.do(sending(scene, "USDC", other, 1))
    assert not counts(scene, owner, "USDC")


@pytest.mark.parametrize("to", [STRANGER, ZERO_ADDRESS])
def test_transfer__to_anybody__even_to_nobody(scene: Scene, to: Address) -> None:
    owner = scene.owners[0]
    scene.supply(owner, "USDC", 10)
    scene.do(sending(scene, "USDC", to, 10**6))
    scene.do(sending(scene, "USDC", owner, 10**6))
    scene.do(sending(scene, "USDC", scene.owners[1], 0))
    assert not counts(scene, scene.owners[1], "USDC")
    assert scene.state().account(owner).scaled_supplies[scene.token("USDC")] == 9 * 10**6


def test_transfer__isolated_shares__no_collateral_of_the_receiver(scene: Scene) -> None:
    owner, other = scene.owners[:2]
    scene.govern("setDebtCeiling", scene.token("OLD").address, 100)
    scene.supply(owner, "OLD", 10)
    scene.do(sending(scene, "OLD", other, 100))
    assert not counts(scene, other, "OLD")


def test_transfer__shares_that_a_debt_rests_on__refused(scene: Scene) -> None:
    owner, lender = scene.owners[:2]
    scene.supply(lender, "DAI", 10_000)
    scene.supply(owner, "WETH", 1)
    scene.do(Borrow(owner, scene.pool.id, scene.token("DAI"), 830 * 10**18, owner))
    assert scene.refusal(sending(scene, "WETH", lender, 5 * 10**17 + 1)) == "35"
    scene.do(sending(scene, "WETH", lender, 5 * 10**17))
    scene.do(UpdateAnswer(owner, scene.reserve("WETH").feed, 0))
    assert scene.refusal(sending(scene, "WETH", lender, 1)) == NO_DATA


@pytest.mark.parametrize(
    "raw, reason",
    [(10**7 + 1, PANIC), (2**128 - 1, PANIC), (2**128, TOO_WIDE), (UINT256_MAX, TOO_WIDE)],
)
def test_transfer__more_than_there_is__refused(scene: Scene, raw: int, reason: str) -> None:
    scene.supply(scene.owners[0], "USDC", 10)
    assert scene.refusal(sending(scene, "USDC", scene.owners[1], raw)) == reason
    assert scene.refusal(sending(scene, "USDC", scene.owners[0], raw)) == reason


def test_transfer__paused__refused(scene: Scene) -> None:
    scene.supply(scene.owners[0], "USDC", 10)
    scene.govern("setReservePause", scene.token("USDC").address, True)
    assert scene.refusal(sending(scene, "USDC", scene.owners[1], 1)) == "29"
    assert scene.refusal(sending(scene, "USDC", scene.owners[1], 0)) == "29"


def test_transfer__one_unit_too_much_of_dear_shares__goes_and_leaves_the_mark(
    scene: Scene,
) -> None:
    all_bitcoin_borrowed(scene)
    scene.wait(YEAR)
    owner, other = scene.owners[0], scene.owners[2]
    wbtc = scene.token("WBTC")
    states = scene.states()
    (supplied,) = [
        each.raw for each in AAVE.holdings(states, scene.pool, owner) if each.place.token == wbtc
    ]
    scene.do(sending(scene, "WBTC", other, supplied + 1))
    assert scene.state().account(owner).scaled_supplies[wbtc] == 0
    assert counts(scene, owner, "WBTC")


def test_transfer__of_something_else__no_share_of_the_pool(scene: Scene) -> None:
    owner, usdc = scene.owners[0], scene.token("USDC")
    wrong = Transfer(owner, scene.pool.id, usdc, owner, 1)
    for attempt in (AAVE.apply, AAVE.encode):
        with pytest.raises(NoRoute, match="is no aToken of a declared reserve"):
            attempt(scene.states(), wrong)


def test_approve__shares__whoever_it_is_for(scene: Scene) -> None:
    owner, other = scene.owners[:2]
    usdc, of_usdc = scene.token("USDC"), share(scene, "USDC")
    for spender in (other, scene.flash_borrower.address, STRANGER, ZERO_ADDRESS):
        scene.do(Approve(owner, scene.pool.id, of_usdc, spender, 7))
    allowed = scene.state().account(owner).allowed
    assert allowed[usdc, other] == allowed[usdc, scene.flash_borrower.address] == 7
    assert (usdc, STRANGER) not in allowed
    scene.supply(owner, "USDC", 1)
    before = scene.states()
    scene.logs.clear()
    taking = token_contract(of_usdc.address).call("transferFrom", owner, other, 5)
    scene.send(other, taking)
    assert scene.observed(before[scene.pool]) == scene.state()
    assert scene.state().account(owner).allowed[usdc, other] == 2


# --------------------------------------------------------------------------------------- credit


def lent_to(scene: Scene) -> tuple[Address, Address, Token]:
    """An owner with collateral, somebody else, and what may be borrowed."""
    owner, other, lender = scene.owners[:3]
    scene.supply(lender, "DAI", 10_000)
    scene.supply(owner, "WETH", 10)
    return owner, other, scene.token("DAI")


def test_borrow__as_the_debt_of_another__out_of_their_credit(scene: Scene) -> None:
    owner, other, dai = lent_to(scene)
    scene.do(Delegate(owner, scene.pool.id, dai, other, 100))
    assert scene.refusal(Borrow(other, scene.pool.id, dai, 101, owner)) == PANIC
    _, outcome = scene.check(Borrow(other, scene.pool.id, dai, 60, owner))
    assert isinstance(outcome, Applied)
    a_token = scene.reserve("DAI").a_token
    assert outcome.movements == (Movement(dai, a_token, other, 60),)
    assert scene.state().account(owner).scaled_debts[dai] == 60
    assert scene.state().account(other).scaled_debts[dai] == 0
    assert scene.state().account(owner).delegated[dai, other] == 40


def test_borrow__endless_credit__is_spent_all_the_same(scene: Scene) -> None:
    owner, other, dai = lent_to(scene)
    scene.do(Delegate(owner, scene.pool.id, dai, other, UINT256_MAX))
    scene.do(Borrow(other, scene.pool.id, dai, 60, owner))
    assert scene.state().account(owner).delegated[dai, other] == UINT256_MAX - 60


def test_borrow__without_credit__refused_after_all_else(scene: Scene) -> None:
    owner, other, dai = lent_to(scene)
    assert scene.refusal(Borrow(other, scene.pool.id, dai, 1, owner)) == PANIC
    assert scene.refusal(Borrow(owner, scene.pool.id, dai, 1, other)) == "34"


def test_delegate__whoever_to__and_replaced(scene: Scene) -> None:
    owner, other, dai = lent_to(scene)
    for to in (other, owner, scene.flash_borrower.address, STRANGER, ZERO_ADDRESS):
        scene.do(Delegate(owner, scene.pool.id, dai, to, 9))
    scene.do(Delegate(owner, scene.pool.id, dai, other, 0))
    assert scene.state().account(owner).delegated[dai, other] == 0
    assert scene.state().account(owner).delegated[dai, scene.flash_borrower.address] == 9


def test_borrow__by_who_is_not_tracked__missing_and_not_refused(scene: Scene) -> None:
    owner, _, dai = lent_to(scene)
    with pytest.raises(MissingRead, match=f"what {owner} lets {STRANGER} borrow is not tracked"):
        AAVE.apply(scene.states(), Borrow(STRANGER, scene.pool.id, dai, 1, owner))


def test_encode__token_that_is_no_reserve__no_route(scene: Scene) -> None:
    owner = scene.owners[0]
    other = Token(scene.pool.chain, STRANGER, 18, "XYZ")
    with pytest.raises(NoRoute, match=r"XYZ at .* is no declared reserve of aave_v3"):
        AAVE.encode(scene.states(), Delegate(owner, scene.pool.id, other, owner, 1))


def test_narrow__fewer_accounts__their_leave_among_themselves(scene: Scene) -> None:
    owner, other, dai = lent_to(scene)
    scene.do(Delegate(owner, scene.pool.id, dai, other, 5))
    states = scene.states()
    few = tracked((owner,), scene.markets)
    narrowed = narrow(ADAPTERS, states, scene.markets, few)[scene.pool].account(owner)
    assert (dai, other) not in narrowed.delegated
    assert (dai, scene.flash_borrower.address) in narrowed.delegated
    later = scene.do(Delegate(owner, scene.pool.id, dai, other, 6))[scene.pool]
    merged = AAVE.taken_over(later, narrow(ADAPTERS, states, scene.markets, few)[scene.pool], few)
    assert merged.account(owner).delegated[dai, other] == 6


# ---------------------------------------------------------------------------------- flash loans


def flash(
    scene: Scene, raw: int, symbol: str = "USDC", receiver: Address | None = None
) -> FlashLoan:
    to = receiver or scene.flash_borrower.address
    return FlashLoan(scene.owners[0], scene.pool.id, scene.token(symbol), raw, to)


def test_flash_loan__premium__to_suppliers_and_the_treasury(scene: Scene) -> None:
    usdc = scene.token("USDC")
    scene.supply(scene.owners[1], "USDC", 100_000)
    scene.govern("updateFlashloanPremiumToProtocol", 3_000)
    _, outcome = scene.check(flash(scene, 10**10))
    assert isinstance(outcome, Applied)
    lent, returned = outcome.movements
    assert (lent.raw, returned.raw) == (10**10, 10**10 + 9 * 10**6)
    reserve = scene.state().reserve(usdc)
    treasury, suppliers = 27 * 10**5, 63 * 10**5
    index = 10**27 + suppliers * 10**27 // (100_000 * 10**6)
    assert reserve.liquidity_index == index
    assert reserve.accrued_to_treasury == (treasury * 10**27 + index // 2) // index


def test_flash_loan__nothing_and_everything__goes(scene: Scene) -> None:
    scene.supply(scene.owners[1], "USDC", 100_000)
    scene.do(flash(scene, 0))
    scene.do(flash(scene, 1))
    scene.wait(YEAR)
    scene.do(flash(scene, 100_000 * 10**6))
    too_much = 2 * 100_000 * 10**6
    assert scene.refusal(flash(scene, too_much)) == "ERC20: transfer amount exceeds balance"


def test_flash_loan__of_what_nobody_supplies__division_by_zero(scene: Scene) -> None:
    assert scene.refusal(flash(scene, 0)) == NO_DATA


def test_flash_loan__closed_reserve__refused(scene: Scene) -> None:
    scene.supply(scene.owners[1], "USDC", 100_000)
    usdc = scene.token("USDC").address
    scene.govern("setReserveFlashLoaning", usdc, False)
    assert scene.refusal(flash(scene, 1)) == "91"
    scene.govern("setReservePause", usdc, True)
    assert scene.refusal(flash(scene, 1)) == "29"


def test_flash_loan__inactive_reserve__refused(scene: Scene) -> None:
    scene.govern("setReserveActive", scene.token("OLD").address, False)
    assert scene.refusal(flash(scene, 1, "OLD")) == "27"


def test_flash_loan__to_an_owner__has_no_function_to_call(scene: Scene) -> None:
    scene.supply(scene.owners[1], "USDC", 100_000)
    assert scene.refusal(flash(scene, 1, receiver=scene.owners[2])) == NO_DATA


def test_flash_loan__to_who_is_not_declared__missing_and_not_assumed(scene: Scene) -> None:
    scene.supply(scene.owners[1], "USDC", 100_000)
    with pytest.raises(MissingRead, match=r"whether .* pays a flash loan back is not known"):
        AAVE.apply(scene.states(), flash(scene, 1, receiver=STRANGER))
