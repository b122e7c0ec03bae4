"""Model and logs against the real pool, where the general law does not reach."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.aave_v3 import PORT, UNSEEN
from tests.laws.law import Tally, check_case, waits
from tests.unit.protocols.aave_v3.scene import ADAPTERS, DOLLAR, YEAR, Scene
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import Borrow, UpdateAnswer
from trimtab.lab.world import VARIABLE_RATE, token_contract

pytestmark = pytest.mark.chain

STEPS = 30
SEQUENCES = 25
PANIC = f"0x4e487b71{0x11:064x}"
NO_DATA = "0x"
TOO_WIDE = "SafeCast: value doesn't fit in 128 bits"


def with_caps(scene: Scene) -> None:
    """Caps, supplies, and collateral whose loan-to-value was taken away."""
    weth, old = scene.token("WETH").address, scene.token("OLD").address
    first, second, third, _ = scene.owners
    scene.supply(first, "OLD", 500_000)
    scene.supply(second, "OLD", 1_000)
    scene.supply(third, "WETH", 2_000)
    scene.supply(first, "USDC", 50_000)
    scene.supply(second, "DAI", 30_000)
    scene.supply(third, "WBTC", 2)
    scene.govern("setSupplyCap", weth, 400_000)
    scene.govern("setBorrowCap", weth, 2_000)
    scene.govern("configureReserveAsCollateral", old, 0, 6_000, 10_500)


# ----------------------------------------------------------------------------------- sequences


def test_model_and_logs__any_sequence_with_caps__equal_the_chain(
    scene: Scene, record_property: Callable[[str, object], None]
) -> None:
    with_caps(scene)
    beginning, tally = scene.states(), Tally()

    @settings(max_examples=SEQUENCES)
    @given(st.data())
    def law(data: st.DataObject) -> None:
        before = scene.machine.snapshot()
        scene.logs.clear()
        states = beginning
        try:
            for _ in range(STEPS):
                scene.wait(data.draw(waits(PORT.longest_wait)))
                states = scene.moved_on(states)
                seen = states[scene.pool]
                action = PORT.actions(data.draw, states, scene.owners)
                states, outcome = check_case(scene, ADAPTERS, states, scene.accounts, action)
                assert scene.observed(seen) == states[scene.pool]
                tally.count(action, outcome)
        finally:
            scene.machine.revert(before)

    law()
    record_property("law_cases", tally.cases)
    print(f"law aave_v3 with caps: {tally.cases} cases, 0 mismatches; {tally.reached}")
    assert tally.cases >= STEPS * SEQUENCES


def test_observe__a_block_of_what_others_did__gives_the_chain(scene: Scene) -> None:
    first, second, third, fourth = scene.owners
    usdc, weth = scene.token("USDC").address, scene.token("WETH").address
    scene.govern("setLiquidationProtocolFee", weth, 1_000)
    scene.supply(second, "USDC", 100_000)
    scene.supply(first, "WETH", 10)
    scene.do(Borrow(first, scene.pool.id, scene.token("USDC"), 15_000 * 10**6, first))
    scene.do(Borrow(second, scene.pool.id, scene.token("WETH"), 2 * 10**18, second))
    scene.do(UpdateAnswer(first, scene.reserve("WETH").feed, 1_500 * DOLLAR))
    scene.wait(YEAR)
    before = scene.moved_on(scene.states())
    scene.logs.clear()
    scene.pool_call(third, "liquidationCall", weth, usdc, first, 10**9, False)
    scene.pool_call(third, "liquidationCall", weth, usdc, first, 10**9, True)
    scene.pool_call(third, "setUserUseReserveAsCollateral", weth, False)
    transfer = token_contract(scene.reserve("USDC").a_token).call("transfer", fourth, 5 * 10**9)
    scene.send(second, transfer)
    scene.pool_call(fourth, "borrow", weth, 10**17, VARIABLE_RATE, 0, fourth)
    scene.pool_call(third, "supply", weth, 10**18, UNSEEN, 0)
    scene.pool_call(third, "supply", weth, 10**18, second, 0)
    scene.pool_call(second, "repayWithATokens", weth, 10**17, VARIABLE_RATE)
    scene.pool_call(third, "mintToTreasury", [usdc, weth])
    scene.pool_call(fourth, "repay", weth, UINT256_MAX, VARIABLE_RATE, fourth)
    scene.pool_call(first, "repay", usdc, 1, VARIABLE_RATE, first)
    assert scene.observed(before[scene.pool]) == scene.state()


def test_observe__a_flash_loan__the_premium_and_its_split(scene: Scene) -> None:
    owner, usdc = scene.owners[0], scene.token("USDC")
    scene.supply(owner, "USDC", 100_000)
    scene.govern("updateFlashloanPremiumToProtocol", 3_000)
    scene.wait(12)
    before = scene.moved_on(scene.states())
    scene.logs.clear()
    borrower = scene.flash_borrower.address
    scene.pool_call(owner, "flashLoanSimple", borrower, usdc.address, 10**10, b"", 0)
    treasury = scene.state().reserve(usdc).accrued_to_treasury
    assert treasury > before[scene.pool].reserve(usdc).accrued_to_treasury
    assert scene.observed(before[scene.pool]) == scene.state()
