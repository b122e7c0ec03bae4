"""Previews by hand, verbs, what is paid for nothing, and what is refused in words."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.unit.protocols.erc4626.vaults import (
    ALICE,
    BOB,
    HERE,
    NOW,
    TOKEN,
    USDC,
    shares,
    state,
    states,
    vault,
)
from trimtab.core.abi import UINT256_MAX, Log, call_data, selector, topic, word
from trimtab.core.actions import ALL, Borrow, RedeemShares, Supply, Withdraw
from trimtab.core.errors import ConfigError, InvariantViolation, NoRoute, StaleState
from trimtab.core.market import Accounts, Holding
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Movement, Reverted
from trimtab.core.token import Token
from trimtab.protocols.erc4626 import (
    Erc4626Adapter,
    Totals,
    exchange_rate,
    max_withdraw,
    preview_deposit,
    preview_mint,
    preview_redeem,
    preview_withdraw,
)
from trimtab.protocols.shared.reverts import RevertError

ADAPTER = Erc4626Adapter()
DEAR = Totals(assets=1_000, shares=300, offset=0)
"""A share is worth 1001/301 of the asset, about 3.3."""


def test_previews__share_worth_more_than_three__rounded_for_the_vault() -> None:
    assert exchange_rate(DEAR) == Fraction(1_001, 301)
    assert (preview_deposit(DEAR, 10), preview_withdraw(DEAR, 10)) == (3, 4)
    assert (preview_mint(DEAR, 3), preview_redeem(DEAR, 3)) == (10, 9)


def test_previews__empty_vault__by_the_virtual_shares() -> None:
    assert preview_deposit(Totals(0, 0, 6), 5) == 5 * 10**6
    assert preview_mint(Totals(0, 0, 6), 1) == 1
    assert preview_redeem(Totals(77, 0, 0), 1) == 78


@pytest.mark.parametrize(
    "of", [Totals(UINT256_MAX, 0, 0), Totals(0, UINT256_MAX, 0), Totals(0, 2**250, 77)]
)
def test_previews__more_than_256_bits__panic(of: Totals) -> None:
    with pytest.raises(RevertError) as caught:
        preview_deposit(of, UINT256_MAX)
    assert caught.value.outcome == Reverted(selector("Panic(uint256)") + word(0x11))


def test_max_withdraw__of_who_has_shares__what_they_give() -> None:
    assert max_withdraw(DEAR, state(shares(alice=300)), ALICE) == 300 * 1_001 // 301


def test_apply__too_little_for_a_share__given_to_all_and_no_revert() -> None:
    here = vault()
    before = states(here, state(shares(alice=300)), 1_000)
    outcome = ADAPTER.apply(before, Supply(BOB, here.id, USDC, 3, BOB))
    assert isinstance(outcome, Applied)
    after = before.fold(outcome)
    assert after[here].shares.balance(BOB) == 0
    assert after[TOKEN].balance(HERE) == 1_003


def test_apply__all_of_it__every_share() -> None:
    here = vault()
    before = states(here, state(shares(alice=100, bob=200)), 1_000)
    taken = Withdraw(ALICE, here.id, USDC, ALL, BOB)
    outcome = ADAPTER.apply(before, taken)
    assert isinstance(outcome, Applied)
    assert outcome.movements == (Movement(USDC, HERE, BOB, 332),)
    assert ADAPTER.apply(before, RedeemShares(ALICE, here.id, USDC, ALL, BOB)) == outcome
    (call,) = ADAPTER.encode(before, taken)
    assert call.data == call_data("redeem(uint256,address,address)", 100, BOB, ALICE)


def test_apply__assets_that_may_have_moved__stale() -> None:
    here = vault(is_plain=False)
    later = replace(state(shares(alice=1), elsewhere=5), timestamp=Timestamp(NOW + 12))
    with pytest.raises(StaleState, match="was read 12 s ago, and its assets may have moved"):
        ADAPTER.apply(states(here, later, 10), Supply(BOB, here.id, USDC, 3, BOB))


def test_apply__token_or_action_of_another_market__refused() -> None:
    here = vault()
    before = states(here, state(shares()), 0)
    with pytest.raises(NoRoute, match="expects USDC at"):
        ADAPTER.apply(before, Supply(BOB, here.id, here.share, 3, BOB))
    with pytest.raises(InvariantViolation, match="a vault cannot Borrow"):
        ADAPTER.apply(before, Borrow(BOB, here.id, USDC, 3, BOB))


def test_holdings__gift_to_the_vault__worth_more_at_equal_shares() -> None:
    here = vault()
    before = states(here, state(shares(alice=300)), 300)
    gift = before.fold(Applied({}, (Movement(USDC, BOB, HERE, 301),)))
    assert ADAPTER.holdings(before, here, ALICE) == (Holding(here.place, 300, 300),)
    assert ADAPTER.holdings(gift, here, ALICE) == (Holding(here.place, 300, 600),)
    assert ADAPTER.holdings(gift, here, BOB) == ()


def test_observe__withdrawal_by_another__spends_the_allowance() -> None:
    signature = topic("Withdraw(address,address,address,uint256,uint256)")
    topics = (signature, word(BOB), word(BOB), word(ALICE))
    log = Log(HERE, topics, word(5) + word(7), 1, NOW, "0x", 0)
    bounded, boundless = state(shares(9, 0, 10)), state(shares(9, 0, UINT256_MAX))
    assert ADAPTER.observe(bounded, log).shares.allowance(ALICE, BOB) == 3
    assert ADAPTER.observe(boundless, log) == boundless
    assert ADAPTER.observe(bounded, replace(log, address=USDC.address)) == bounded


def test_narrow__one_of_two__keeps_what_is_its_own() -> None:
    kept = ADAPTER.narrow(state(shares(9, 4, 5)), Accounts((BOB,), (BOB,)))
    assert (dict(kept.shares.balances), kept.shares.supply) == ({BOB: 4}, 13)
    both = ADAPTER.taken_over(state(shares(9, 4)), state(shares(9, 6)), Accounts((BOB,)))
    assert dict(both.shares.balances) == {ALICE: 9, BOB: 6}


@pytest.mark.parametrize(
    "symbol, told", [("stETH", "changes without transfers"), ("PAXG", "pays a fee")]
)
def test_vault__asset_that_cannot_be_followed__refused_by_name(symbol: str, told: str) -> None:
    asset = Token(USDC.chain, USDC.address, 18, symbol)
    with pytest.raises(ConfigError, match=f"holds {symbol}, a token that {told}"):
        replace(vault(), asset=asset)


@pytest.mark.parametrize("offset", [-1, 78])
def test_vault__decimals_that_no_share_has__refused(offset: int) -> None:
    with pytest.raises(ConfigError, match=f"have {offset} more decimals than its asset"):
        vault(offset)


@pytest.mark.parametrize("offset", [0, 77])
def test_vault__decimals_at_the_edge__taken(offset: int) -> None:
    assert vault(offset).share.decimals == USDC.decimals + offset
