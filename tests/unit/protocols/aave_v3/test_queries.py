"""What can be asked of a pool, against what the real one says and does."""

import pytest

from tests.unit.protocols.aave_v3.scene import AAVE, YEAR, Scene
from trimtab.core.abi import call_data, words
from trimtab.core.actions import (
    ALL,
    Borrow,
    Liquidate,
    Repay,
    SetEfficiencyMode,
    Supply,
    UpdateAnswer,
    Withdraw,
)
from trimtab.core.errors import PriceDisagreement
from trimtab.core.market import Holding, Place
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.aave_v3 import (
    AccountData,
    Seizure,
    account_summary,
    borrowable,
    health_factor,
    normalised_debt,
    normalised_income,
    seizure,
    supply_rate,
    utilisation,
    variable_borrow_rate,
    withdrawable,
)

pytestmark = pytest.mark.chain


@pytest.fixture
def used(scene: Scene) -> Scene:
    """Two reserves with debts and a year of interest."""
    first, second = scene.owners[:2]
    scene.supply(first, "WETH", 100)
    scene.supply(first, "DAI", 1_000)
    scene.supply(second, "USDC", 200_000)
    scene.do(Borrow(first, scene.pool.id, scene.token("USDC"), 100_000 * 10**6, first))
    scene.do(Borrow(second, scene.pool.id, scene.token("WETH"), 40 * 10**18, second))
    scene.wait(YEAR)
    return scene


def chain_words(scene: Scene, signature: str, argument: str, count: int) -> tuple[int, ...]:
    answer = scene.static(scene.pool.address, call_data(signature, argument))
    return words(answer, count, signature)


def test_account_summary__as_the_pool_says(used: Scene) -> None:
    for owner in used.owners:
        said = chain_words(used, "getUserAccountData(address)", owner, 6)
        data = account_summary(used.states(), used.pool, owner)
        assert (data.total_collateral, data.total_debt) == said[:2]
        assert (data.liquidation_threshold, data.loan_to_value) == said[3:5]
        assert data.health_factor == said[5]


def test_health_factor__without_debt__none(used: Scene) -> None:
    states = used.states()
    assert health_factor(states, used.pool, used.owners[2]) is None
    debtor = health_factor(states, used.pool, used.owners[0])
    assert debtor == chain_words(used, "getUserAccountData(address)", used.owners[0], 6)[5]


def test_account_summary__price_not_positive__refused(used: Scene) -> None:
    used.do(UpdateAnswer(used.owners[0], used.reserve("USDC").feed, 0))
    with pytest.raises(PriceDisagreement, match="a price that is not positive"):
        account_summary(used.states(), used.pool, used.owners[0])
    nothing = account_summary(used.states(), used.pool, used.owners[2])
    assert nothing == AccountData(0, 0, nothing.loan_to_value, nothing.liquidation_threshold,
                                  nothing.health_factor, has_zero_ltv_collateral=False)  # fmt: skip


@pytest.mark.parametrize("symbol", ["USDC", "WETH", "DAI"])
def test_normalised__as_the_pool_says(used: Scene, symbol: str) -> None:
    reserve, now = used.state().reserve(used.token(symbol)), Timestamp(used.time)
    token = used.token(symbol).address
    income = chain_words(used, "getReserveNormalizedIncome(address)", token, 1)
    debt = chain_words(used, "getReserveNormalizedVariableDebt(address)", token, 1)
    assert (normalised_income(reserve, now),) == income
    assert (normalised_debt(reserve, now),) == debt


@pytest.mark.parametrize("extra", [1, 10**6, 10**11, 5 * 10**11, -1, -(10**10), -(10**11)])
def test_rates__after_extra__what_the_pool_stores(used: Scene, extra: int) -> None:
    owner, usdc, pool = used.owners[1], used.token("USDC"), used.pool
    states = used.states()
    foreseen = (
        supply_rate(states, pool, usdc, extra),
        variable_borrow_rate(states, pool, usdc, extra),
    )
    used.do(
        Supply(owner, pool.id, usdc, extra, owner)
        if extra > 0
        else Withdraw(used.owners[1], pool.id, usdc, -extra, owner)
    )
    reserve = used.state().reserve(usdc)
    assert (reserve.liquidity_rate, reserve.variable_borrow_rate) == foreseen


def test_rates__nothing_extra__as_the_pool_stands(used: Scene) -> None:
    states, pool, usdc = used.states(), used.pool, used.token("USDC")
    for rate in (supply_rate, variable_borrow_rate, utilisation):
        assert rate(states, pool, usdc) == rate(states, pool, usdc, 0)
        assert rate(states, pool, usdc) != rate(states, pool, usdc, 10**6)


def test_supply_rate__more_supplied__never_higher(used: Scene) -> None:
    states, usdc = used.states(), used.token("USDC")
    rates = [supply_rate(states, used.pool, usdc, 10**9 * step) for step in range(-90, 400)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > rates[90] > rates[-1] > 0


def test_utilisation__half_borrowed__half(scene: Scene) -> None:
    owner, usdc = scene.owners[0], scene.token("USDC")
    assert utilisation(scene.states(), scene.pool, usdc) == 0
    scene.supply(owner, "USDC", 1_000)
    scene.do(Borrow(owner, scene.pool.id, usdc, 500 * 10**6, owner))
    states = scene.states()
    assert utilisation(states, scene.pool, usdc) == 10**27 // 2
    assert utilisation(states, scene.pool, usdc, 1_500 * 10**6) == 10**27 // 5
    assert utilisation(states, scene.pool, usdc, -500 * 10**6) == 10**27
    with pytest.raises(ValueError, match="only 500000000 lie in it"):
        utilisation(states, scene.pool, usdc, -500 * 10**6 - 1)


def lets_go(scene: Scene, owner: Address, symbol: str, amount: int) -> bool:
    _, outcome = scene.check(Withdraw(owner, scene.pool.id, scene.token(symbol), amount, owner))
    return isinstance(outcome, Applied)


@pytest.mark.parametrize("owner, symbol", [(0, "WETH"), (0, "DAI"), (1, "USDC"), (2, "USDC")])
def test_withdrawable__the_pool_lets_go__and_no_unit_more(
    used: Scene, owner: int, symbol: str
) -> None:
    account = used.owners[owner]
    amount = withdrawable(used.states(), used.pool, account, used.token(symbol))
    assert not lets_go(used, account, symbol, amount + 1)
    assert amount == 0 or lets_go(used, account, symbol, amount)
    assert (amount == 0) == (owner == 2)


def test_withdrawable__reserve_paused__nothing(used: Scene) -> None:
    used.govern("setReservePause", used.token("USDC").address, True)
    assert withdrawable(used.states(), used.pool, used.owners[1], used.token("USDC")) == 0


def test_withdrawable__without_debt__limited_by_liquidity(scene: Scene) -> None:
    lender, borrower = scene.owners[:2]
    usdc = scene.token("USDC")
    scene.supply(lender, "USDC", 100)
    scene.supply(borrower, "WETH", 10)
    assert withdrawable(scene.states(), scene.pool, lender, usdc) == 100 * 10**6
    scene.do(Borrow(borrower, scene.pool.id, usdc, 60 * 10**6, borrower))
    assert withdrawable(scene.states(), scene.pool, lender, usdc) == 40 * 10**6


def test_holdings__scaled_and_worth__as_the_tokens_say(used: Scene) -> None:
    states, pool = used.states(), used.pool
    for owner in used.owners:
        held = {each.place: each for each in AAVE.holdings(states, pool, owner)}
        assert all(each.shares and each.raw for each in held.values())
        for each in AAVE.audits(pool, states[pool], owner):
            place = each.place
            (said,) = words(used.static(each.read.to, each.read.data), 1, str(place))
            raw = held[place].raw if place in held else 0
            assert raw == (-said if place.is_debt else said)


def test_holdings__debt__negative(used: Scene) -> None:
    usdc, first = used.token("USDC"), used.owners[0]
    holdings = AAVE.holdings(used.states(), used.pool, first)
    owed = [each for each in holdings if each.place == Place(used.pool.id, usdc, "debt")]
    scaled = used.state().account(first).scaled_debts[usdc]
    assert owed == [Holding(Place(used.pool.id, usdc, "debt"), -scaled, owed[0].raw)]
    assert owed[0].raw < -100_000 * 10**6


def test_accrue__in_two_steps__as_in_one(used: Scene) -> None:
    state = used.state()
    later = Timestamp(state.timestamp + 100)
    halfway = AAVE.accrue(state, Timestamp(state.timestamp + 40))
    assert AAVE.accrue(halfway, later) == AAVE.accrue(state, later)
    assert AAVE.accrue(state, later).reserves == state.reserves


def test_market__what_it_needs_of_others(scene: Scene) -> None:
    pool = scene.pool
    assert pool.spenders == (pool.address, scene.flash_borrower.address)
    assert pool.custody == tuple((each.token, each.a_token) for each in pool.reserves)
    assert pool.parts == tuple(each.feed for each in pool.reserves)
    emitters = AAVE.emitters(pool)
    assert emitters[0] == pool.address
    assert len(set(emitters)) == 1 + 2 * len(pool.reserves)


def test_withdrawable__all_passes_though_nearly_all_does_not__all(used: Scene) -> None:
    # What little is left of the weaker collateral costs the average threshold a basis point.
    owner, weth, wbtc = used.owners[2], used.token("WETH"), used.token("WBTC")
    used.do(Supply(owner, used.pool.id, weth, 10 * weth.unit, owner))
    used.do(Supply(owner, used.pool.id, wbtc, wbtc.unit // 10, owner))
    used.do(Borrow(owner, used.pool.id, used.token("USDC"), 16_000 * 10**6, owner))
    used.do(UpdateAnswer(owner, used.reserve("WETH").feed, 192_782_540_000))
    nearly = wbtc.unit // 10 - wbtc.unit // 40_000
    assert not lets_go(used, owner, "WBTC", nearly)
    assert withdrawable(used.states(), used.pool, owner, wbtc) == wbtc.unit // 10
    assert lets_go(used, owner, "WBTC", wbtc.unit // 10)


# ------------------------------------------------------------------------------------ planning


def test_borrowable__collateral__to_the_last_unit(used: Scene) -> None:
    owner, dai, pool = used.owners[0], used.token("DAI"), used.pool
    used.supply(used.owners[2], "DAI", 500_000)
    most = borrowable(used.states(), pool, owner, dai)
    assert 0 < most < 500_000 * dai.unit
    assert used.refusal(Borrow(owner, pool.id, dai, most + 1, owner)) == "36"
    used.do(Borrow(owner, pool.id, dai, most, owner))
    # The debt may be valued below what it would fetch by less than the oracle's last digit.
    rest = borrowable(used.states(), pool, owner, dai)
    assert rest * used.states().state(used.reserve("DAI").feed).answer // dai.unit <= 1  # type: ignore[attr-defined]


def test_borrowable__cap_and_liquidity__to_the_last_unit(used: Scene) -> None:
    owner, wbtc, pool = used.owners[0], used.token("WBTC"), used.pool
    assert borrowable(used.states(), pool, owner, wbtc) == 0
    used.supply(used.owners[2], "WBTC", 1)
    lying = borrowable(used.states(), pool, owner, wbtc)
    assert lying == wbtc.unit
    used.supply(used.owners[2], "WBTC", 10)
    used.govern("setBorrowCap", wbtc.address, 1)
    assert borrowable(used.states(), pool, owner, wbtc) == wbtc.unit


def test_borrowable__in_a_category__as_if_it_were_chosen(scene: Scene) -> None:
    owner, dai, pool = scene.owners[0], scene.token("DAI"), scene.pool
    scene.govern("setEModeCategory", 1, 9_000, 9_300, 10_200, ZERO_ADDRESS, "dollars")
    for symbol in ("USDC", "DAI"):
        scene.govern("setAssetEModeCategory", scene.token(symbol).address, 1)
    scene.supply(scene.owners[1], "DAI", 100_000)
    scene.supply(scene.owners[1], "WETH", 10)
    scene.supply(owner, "USDC", 10_000)
    states = scene.states()
    assert borrowable(states, pool, owner, dai) == 7_700 * dai.unit + 10**10 - 1
    assert borrowable(states, pool, owner, dai, category=1) == 9_000 * dai.unit + 10**10 - 1
    assert borrowable(states, pool, owner, scene.token("WETH"), category=1) == 0
    assert borrowable(states, pool, owner, dai, category=2) == 0
    scene.do(SetEfficiencyMode(owner, pool.id, 1))
    scene.do(Borrow(owner, pool.id, dai, 9_000 * dai.unit + 10**10 - 1, owner))
    scene.do(Repay(owner, pool.id, dai, 10**18, owner))


def test_seizure__what_a_liquidation_moves__as_it_then_does(used: Scene) -> None:
    owner, pool, weth, usdc = used.owners[0], used.pool, used.token("WETH"), used.token("USDC")
    action = Liquidate(used.owners[2], pool.id, owner, weth, usdc, ALL)
    assert seizure(used.states(), pool, action) is None
    used.govern("setLiquidationProtocolFee", weth.address, 1_000)
    used.do(UpdateAnswer(owner, used.reserve("WETH").feed, 1_200 * 10**8))
    found = seizure(used.states(), pool, action)
    assert isinstance(found, Seizure)
    _, outcome = used.check(action)
    assert isinstance(outcome, Applied)
    received, paid = outcome.movements
    assert (received.raw, paid.raw) == (found.taken, found.repaid)
    assert 0 < found.fee < found.taken // 100
